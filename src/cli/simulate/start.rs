//! What is simulated: the demo's estate, one from a file, one derived from events, or a scenario's situation.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use simulator::estate::{Derivation, Estate, EventKind, PolicyEvent};
use simulator::faults::Rule;
use simulator_demo::{Burst, CapturedFile, Conditions, Entry, Mode, Refusals, burst, estate, judgement};

use super::Arguments;
use crate::cli::mode::CliMode;
use crate::cli::scenario;
use crate::cli::source::Source;

/// The start of a simulation.
pub(super) struct Start {
    pub(super) estate: Estate,
    /// The events that a person may send.
    pub(super) events: Source,
    /// One of them about something that can be fixed.
    pub(super) example: Option<Value>,
    pub(super) conditions: Conditions,
    pub(super) faults: Vec<Rule>,
    pub(super) mode: Mode,
    /// Settings of the worker.
    pub(super) settings: BTreeMap<String, String>,
}

/// Makes it of what was asked for.
pub(super) fn start(arguments: &Arguments) -> anyhow::Result<Start> {
    let mut mode = Mode::Act;
    let (mut conditions, mut faults, mut settings) = (Conditions::default(), Vec::new(), BTreeMap::new());
    let (estate, events) = match (&arguments.estate, &arguments.events, &arguments.scenario) {
        (Some(path), _, _) => {
            let words = || format!("{} is no estate", path.display());
            let estate: Estate = serde_json::from_str(&text(path)?).with_context(words)?;
            let events = own_events(&estate);
            (estate, Source::Made(events))
        }
        (None, Some(path), _) => captured(path)?,
        (None, None, Some(path)) => {
            let scenario = scenario::read(path)?;
            let words = || path.display().to_string();
            let situation = scenario.situation(policy_remediator::azure::now()).with_context(words)?;
            (conditions, faults) = (situation.conditions, situation.faults);
            (mode, settings) = (scenario.acting(), scenario.settings);
            (situation.estate, Source::Made(situation.events))
        }
        (None, None, None) => {
            let estate = estate(policy_remediator::azure::now());
            let events = own_events(&estate);
            (estate, Source::Made(events))
        }
    };
    let mode = match arguments.mode {
        Some(CliMode::Act) => Mode::Act,
        Some(CliMode::Plan) => Mode::Plan,
        None => mode,
    };
    let example = match example(&estate) {
        None => events.events()?.next().transpose()?,
        found => found,
    };
    Ok(Start { estate, events, example, conditions, faults, mode, settings })
}

/// The estate that the events of a file name, and the events.
fn captured(path: &Path) -> anyhow::Result<(Estate, Source)> {
    let file = CapturedFile::open(path)?;
    let (mut derivation, mut refusals, mut events) = (Derivation::default(), Refusals::default(), 0);
    for (entry, found) in (1..).zip(file.entries()?) {
        match found? {
            Entry::Event(event) => {
                derivation.add(&event);
                events += 1;
            }
            Entry::Refused(reason) => refusals.add(entry, reason),
        }
    }
    file.judge(&refusals, events)?;
    Ok((derivation.estate(), Source::Captured(file, events)))
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// One event for each record, oldest first.
fn own_events(estate: &Estate) -> Vec<Value> {
    burst(estate, Burst { duplicates: 0.0, disorder: 0.0, ..Burst::default() })
}

/// The event of the first record that can be fixed.
fn example(estate: &Estate) -> Option<Value> {
    let key = judgement::fixable(estate).into_iter().next()?;
    Some(PolicyEvent::of(estate, estate.record(&key)?, EventKind::Changed).event_grid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::estate::sample;

    #[test]
    fn the_example_is_about_something_that_can_be_fixed() {
        let estate = sample(policy_remediator::azure::now());
        let event = example(&estate).unwrap();
        assert_eq!(event["data"]["complianceState"], "NonCompliant");
        assert_eq!(own_events(&estate).len(), estate.records.len());
        assert_eq!(example(&Estate::new("t")), None);
    }
}
