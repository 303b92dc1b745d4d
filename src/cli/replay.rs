//! A replay of captured events: what its events are worth, told by the worker's own parser before anything runs, and what is assumed
//! because events do not tell it.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::path::Path;

use anyhow::bail;
use remediation::event::{Taken, take};
use remediation::time::Timestamp;
use simulator::estate::{ArmId, BuiltIn, Derivation, Estate, built_in_date};
use simulator_demo::{CapturedFile, Entry, Refusals, Report};

use super::replay_states::ToldEffects;
use super::source::Source;

/// So many reasons are told, with their places.
const TOLD: usize = 5;
/// `CLOCK_TOLERANCE` of the demo.
const TOLERANCE: std::time::Duration = std::time::Duration::from_secs(300);

/// Events that are replayed.
pub(super) struct Replay {
    pub(super) estate: Estate,
    pub(super) events: Source,
    told: Told,
}

/// What is told of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// Events that need nothing, by reason.
    ignored: BTreeMap<String, usize>,
    /// What cannot be an event.
    not_delivered: usize,
    /// Why what is rejected is: the first ones, with their places.
    refused: Vec<String>,
    /// What is assumed.
    assumed: String,
}

impl Replay {
    /// Reads the events of a file, and policy states beside them from another.
    ///
    /// # Errors
    /// When it cannot be read, or none of its entries can be used.
    pub(super) fn read(path: &Path, states: Option<&Path>, now: Timestamp) -> anyhow::Result<Self> {
        if [Some(path), states].iter().all(|path| path.is_some_and(|path| path.as_os_str() == "-")) {
            bail!("events and states cannot both be the standard input: give one of them as a file");
        }
        let effects = states.map(ToldEffects::read).transpose()?.unwrap_or_default();
        let file = CapturedFile::open(path)?;
        let (mut told, mut refusals, mut derivation) = (Told::default(), Refusals::default(), Derivation::default());
        let (mut events, mut useful, mut unusable) = (0, 0, 0);
        for (entry, found) in (1..).zip(file.entries()?) {
            let event = match found? {
                Entry::Event(event) => event,
                Entry::Refused(reason) => {
                    refusals.add(entry, reason);
                    unusable += 1;
                    told.refuse(entry, &format_args!("it is {reason}"));
                    continue;
                }
            };
            events += 1;
            derivation.add(&event);
            match take(&event, TOLERANCE, now) {
                Taken::Queued { .. } => useful += 1,
                Taken::Ignored { reason, .. } => told.ignore(reason),
                Taken::Foreign(_) => told.ignore("of another type"),
                Taken::Refused { reason, .. } => {
                    unusable += 1;
                    told.refuse(entry, &reason);
                }
            }
        }
        file.judge(&refusals, events)?;
        if useful == 0 && told.ignored.is_empty() {
            bail!("none of its {unusable} entries is an event that can be used:\n  {}", told.refused.join("\n  "));
        }
        let mut estate = derivation.estate();
        let known = effects.apply(&mut estate);
        told.not_delivered = refusals.count;
        told.assumed = assumed(&estate, &known, effects.unreadable);
        Ok(Self { estate, events: Source::Captured(file, events), told })
    }

    /// What is told of them.
    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }
}

impl Told {
    fn ignore(&mut self, reason: &str) {
        *self.ignored.entry(reason.to_owned()).or_default() += 1;
    }

    fn refuse(&mut self, entry: usize, reason: &dyn Display) {
        if self.refused.len() < TOLD {
            self.refused.push(format!("entry {entry}: {reason}"));
        }
    }

    /// Puts it into the report.
    pub(super) fn complete(self, report: &mut Report) {
        report.rejected += self.not_delivered;
        report.ignored = self.ignored;
        report.rejected_examples = self.refused;
        report.assumed = Some(self.assumed);
    }
}

/// What is assumed of the policies, but for those of which policy states tell the effect, beside so many entries that are no states.
fn assumed(estate: &Estate, known: &HashSet<ArmId>, unreadable: usize) -> String {
    let others = || estate.definitions.iter().filter(|definition| !known.contains(&definition.id));
    let all = others().count();
    let built_in = others().filter(|definition| BuiltIn::of(&definition.id).is_some()).count();
    let date = built_in_date();
    let policies = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what} policy")),
        _ => Some(format!("{count} {what} policies")),
    };
    let parts = [
        policies(known.len(), "known").map(|words| format!("{words}: the effect that policy states tell")),
        policies(built_in, "built-in")
            .map(|words| format!("{words}: effect and roles as published on {date}, unless parameters say otherwise")),
        policies(all - built_in, "custom").map(|words| format!("{words}: deployIfNotExists with Contributor")),
        Some("every identity has its roles".to_owned()),
        (unreadable > 0).then(|| format!("entries among the policy states that are none: {unreadable}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::io::Write as _;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH.saturating_add(time::Duration::days(20_000));

    fn event(definition: &str, state: &str, at: &str) -> Value {
        json!({
            "id": "1", "eventType": "Microsoft.PolicyInsights.PolicyStateChanged", "eventTime": at, "dataVersion": "1",
            "topic": "/subscriptions/00000000-0000-4000-8000-00000000000a",
            "subject": "/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
            "data": {
                "timestamp": at, "complianceState": state,
                "policyAssignmentId": "/subscriptions/00000000-0000-4000-8000-00000000000a/providers/microsoft.authorization/policyassignments/a",
                "policyDefinitionId": format!("/providers/microsoft.authorization/policydefinitions/{definition}"),
                "policyDefinitionReferenceId": ""
            }
        })
    }

    fn read(values: &[Value]) -> anyhow::Result<Replay> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(json!(values).to_string().as_bytes())?;
        Replay::read(file.path(), None, NOW)
    }

    #[test]
    fn one_standard_input_is_not_read_as_two_files() {
        let words = Replay::read(Path::new("-"), Some(Path::new("-")), NOW).err().unwrap().to_string();
        assert!(words.contains("give one of them as a file"), "{words}");
    }

    #[test]
    fn what_events_are_worth_is_told_with_places_and_what_is_assumed_in_words() {
        let good = |state| event("951af2fa-529b-416e-ab6e-066fd85ac459", state, "2024-01-01T00:00:00Z");
        let late = event("mine", "NonCompliant", "2090-01-01T00:00:00Z");
        let replay = read(&[good("NonCompliant"), json!(7), good("Exempt"), late, json!({ "id": 1 })]).unwrap();
        let mut report = Report { rejected: 2, ..Report::default() };
        replay.told().complete(&mut report);
        assert_eq!((report.rejected, report.ignored["exempt"]), (3, 1));
        let [first, second, third] = &report.rejected_examples[..] else { panic!("{report:?}") };
        assert!(first.starts_with("entry 2: it is no JSON object"), "{first}");
        assert!(second.starts_with("entry 4:") && second.contains("CLOCK_TOLERANCE"), "{second}");
        assert!(third.starts_with("entry 5:"), "{third}");
        let assumed = report.assumed.unwrap();
        assert!(assumed.contains("1 built-in policy:") && assumed.contains("1 custom policy:"), "{assumed}");
    }

    #[test]
    fn where_nothing_can_be_used_the_first_reasons_are_the_error() {
        let late = event("mine", "NonCompliant", "2090-01-01T00:00:00Z");
        let error = read(&vec![late; 9]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("none of its 9 entries") && error.matches("entry").count() == 5, "{error}");
    }
}
