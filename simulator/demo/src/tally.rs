//! What the worker's log and its state documents tell. The documents are read as any other reader of the container would.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use serde_json::Value;

use super::parked::{ParkedItem, ParkedTarget};
use super::planned::{self, Plans};
use simulator::estate::RecordKey;
use simulator::functions_host::LogLine;

/// What the log tells.
#[derive(Debug, Default)]
pub(super) struct LogTally {
    pub(super) retries: usize,
    pub(super) verified: usize,
    pub(super) sweeps: usize,
    /// For each fix, how long it took from the evaluation that found the resource non-compliant.
    seconds_to_fixed: Vec<f64>,
    /// When each fix was told.
    fixed_at: Vec<Instant>,
    /// The plans that were shown, by target.
    pub(super) plans: Plans,
    /// When each target was planned last, whether its plan was another or not.
    planned_at: BTreeMap<String, Instant>,
    /// Why each target rested after its last look.
    rests: BTreeMap<String, String>,
}

impl LogTally {
    /// Takes a line in, if it is an event of the worker's.
    pub(super) fn read(&mut self, line: &LogLine) {
        let Ok(entry) = serde_json::from_str::<Value>(&line.text) else { return };
        let field = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        if let Some("plan" | "plan_unchanged" | "plan_target_parked") = entry["event"].as_str() {
            self.planned_at.insert(field("target"), Instant::now());
        }
        match entry["event"].as_str() {
            Some("resource_retry") => self.retries += 1,
            Some("fixes_verified") => self.verified += entry["resources"].as_u64().map_or(0, |count| count as usize),
            Some("swept") => self.sweeps += 1,
            Some("resource_fixed") => {
                self.seconds_to_fixed.extend(entry["observed_to_fixed_seconds"].as_f64());
                self.fixed_at.push(Instant::now());
            }
            Some("plan" | "plan_leaving" | "plan_target_parked") => planned::take_in(&mut self.plans, &entry),
            // A look with a void wake-up says nothing.
            Some("target_reconciled") if !field("idle").is_empty() => {
                self.rests.insert(field("target"), field("idle"));
            }
            _ => {}
        }
    }

    /// Whether each of these targets was planned since then: on a slow machine one looks at some target at any time.
    pub(super) fn has_planned(&self, targets: &[String], since: Instant) -> bool {
        targets.iter().all(|target| self.planned_at.get(target).is_some_and(|at| *at >= since))
    }

    /// The seconds within which this share of the fixes was done; none when there were none.
    pub(super) fn seconds_to_fixed(&self, share: f64) -> Option<f64> {
        within(self.seconds_to_fixed.clone(), share)
    }

    /// The same from a moment of this run.
    pub(super) fn seconds_from(&self, begun: Instant, share: f64) -> Option<f64> {
        within(self.fixed_at.iter().map(|at| (*at - begun).as_secs_f64()).collect(), share)
    }
}

/// The number within which this share of all numbers is.
fn within(mut all: Vec<f64>, share: f64) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let place = (all.len() as f64 * share).ceil() as usize;
    all.get(place.max(1) - 1).copied()
}

/// What the state documents tell.
#[derive(Debug, Default, PartialEq)]
pub(super) struct StateTally {
    pub(super) waiting: usize,
    pub(super) in_task: usize,
    pub(super) fixed: usize,
    pub(super) active_tasks: usize,
    pub(super) skipped: BTreeMap<String, usize>,
    /// Of these, what no task remediates, by the effect of its policy.
    pub(super) not_remediable: BTreeMap<String, usize>,
    pub(super) parked: BTreeMap<String, usize>,
    /// Targets that are parked as a whole; what waits in them is among the parked.
    pub(super) parked_targets: Vec<ParkedTarget>,
    /// What is parked, by reason and class.
    pub(super) parked_records: HashMap<RecordKey, (String, String)>,
    /// A resource that is parked by itself.
    pub(super) example: Option<ParkedItem>,
    /// One that is parked with its target, whose words may name another.
    pub(super) held_example: Option<ParkedItem>,
    /// Targets in which something waits, and how much.
    pub(super) waiting_targets: BTreeMap<String, usize>,
}

impl StateTally {
    /// Of the documents by the names of their blobs.
    pub(super) fn of(documents: &[(String, Value)]) -> Self {
        let mut tally = Self::default();
        for (name, document) in documents {
            let target = name.rsplit('/').next().unwrap_or_default().trim_end_matches(".json").to_owned();
            tally.active_tasks += usize::from(document["active"].is_object());
            let Some(resources) = document["resources"].as_object() else { continue };
            let assignment = document["target"]["policyAssignmentId"].as_str().unwrap_or_default();
            let reference = document["target"]["policyDefinitionReferenceId"].as_str();
            let park = &document["parked"];
            if park.is_object() {
                let text = |name: &str| park[name].as_str().unwrap_or_default().to_owned();
                let (assignment, reason) = (assignment.to_owned(), text("reason"));
                tally.parked_targets.push(ParkedTarget {
                    assignment,
                    reason,
                    words: text("words"),
                    hint: text("hint"),
                });
            }
            for (resource, entry) in resources {
                // What waits in a parked target is parked for the target's reason.
                let state = &entry["state"];
                let is_held = park.is_object() && state["is"] == "waiting";
                let park = if is_held { park } else { state };
                if is_held {
                    let item = tally.park(resource, park);
                    tally.held_example.get_or_insert(item);
                } else {
                    tally.count(&target, resource, state);
                }
                if let (Some(effect), "notRemediable") =
                    (document["notRemediable"]["effect"].as_str(), state["reason"].as_str().unwrap_or_default())
                {
                    *tally.not_remediable.entry(effect.to_owned()).or_default() += 1;
                }
                if is_held || state["is"] == "parked" {
                    let word = |name: &str| park[name].as_str().unwrap_or_default().to_owned();
                    let key = RecordKey::new(resource.as_str(), assignment, reference);
                    tally.parked_records.insert(key, (word("reason"), word("class")));
                }
            }
        }
        tally
    }

    fn count(&mut self, target: &str, resource: &str, state: &Value) {
        let text = |name: &str| state[name].as_str().unwrap_or_default().to_owned();
        match state["is"].as_str() {
            Some("waiting") => {
                self.waiting += 1;
                *self.waiting_targets.entry(target.to_owned()).or_default() += 1;
            }
            Some("inTask") => self.in_task += 1,
            Some("fixed") => self.fixed += 1,
            Some("skipped") => *self.skipped.entry(text("reason")).or_default() += 1,
            Some("parked") => {
                let item = self.park(resource, state);
                self.example.get_or_insert(item);
            }
            _ => {}
        }
    }

    /// What waits, by why its target rests; what is in a task waits for that.
    pub(super) fn waiting_reasons(&self, log: &LogTally) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for (target, count) in &self.waiting_targets {
            let rest = log.rests.get(target).map_or("notLookedAt", String::as_str);
            *reasons.entry(rest.to_owned()).or_default() += count;
        }
        if self.in_task > 0 {
            *reasons.entry("taskRunning".to_owned()).or_default() += self.in_task;
        }
        reasons
    }

    /// A resource that is parked, by itself or with its target.
    fn park(&mut self, resource: &str, park: &Value) -> ParkedItem {
        let text = |name: &str| park[name].as_str().unwrap_or_default().to_owned();
        *self.parked.entry(text("reason")).or_default() += 1;
        ParkedItem { resource: resource.to_owned(), reason: text("reason"), words: text("words"), hint: text("hint") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::functions_host::LogStream;

    #[test]
    fn a_target_is_planned_by_its_last_look_and_not_by_one_before() {
        let mut tally = LogTally::default();
        let mut read = |event: &str, target: &str| {
            let text = format!(r#"{{"event":"{event}","target":"{target}"}}"#);
            tally.read(&LogLine { stream: LogStream::Stdout, instance: 0, text });
            tally.planned_at.values().max().copied()
        };
        read("plan", "a");
        let since = read("plan", "b").unwrap();
        let (a, b) = ("a".to_owned(), "b".to_owned());
        assert!(tally.has_planned(&[], since) && tally.has_planned(std::slice::from_ref(&b), since));
        std::thread::sleep(std::time::Duration::from_millis(2));
        let later = Instant::now();
        assert!(!tally.has_planned(&[a.clone(), b.clone()], later));
        for event in ["plan_unchanged", "plan_target_parked"] {
            for target in ["a", "b"] {
                let text = format!(r#"{{"event":"{event}","target":"{target}"}}"#);
                tally.read(&LogLine { stream: LogStream::Stdout, instance: 0, text });
            }
            assert!(tally.has_planned(&[a.clone(), b.clone()], later));
        }
    }

    #[test]
    fn the_seconds_to_fixed_are_read_from_the_log() {
        let mut tally = LogTally::default();
        assert_eq!(tally.seconds_to_fixed(0.5), None);
        for seconds in (1..=20).rev() {
            let text = format!(r#"{{"event":"resource_fixed","observed_to_fixed_seconds":{seconds}.5}}"#);
            tally.read(&LogLine { stream: LogStream::Stdout, instance: 0, text });
        }
        assert_eq!((tally.seconds_to_fixed(0.5), tally.seconds_to_fixed(0.95)), (Some(10.5), Some(19.5)));
        let begun = tally.fixed_at[0];
        assert!(tally.seconds_from(begun, 0.95) >= tally.seconds_from(begun, 0.5), "of this run");
    }
}
