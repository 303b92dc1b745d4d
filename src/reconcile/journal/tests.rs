//! The log says what the documents sum up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::written;
use remediation::document::{
    ActiveTask, EntryState, Hour, Sums, TargetDocument, TaskKind, TaskName, TaskPhase, last_24_hours, sum_up,
};
use remediation::fact::{Deployment, DeploymentCounts, DeploymentStatus, TaskState, TaskStatus};
use remediation::fixture::{installation, now, resource, seen, target, tuning};
use remediation::message::{Finding, Sighting};
use remediation::time::Timestamp;
use remediation::transition::back_to_waiting;
use remediation::transition::merge_all;
use remediation::transition::reschedule_overdue;
use remediation::transition::settle;

/// Sums up the lines of the log, as a reader of the log would.
#[derive(Clone, Default)]
struct Reader(Arc<Mutex<Sums>>);

#[derive(Default)]
struct Line {
    event: String,
    seconds: f64,
    resources: u64,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "event" {
            self.event = value.to_owned();
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name().starts_with("observed_to_") {
            self.seconds = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "resources" {
            self.resources = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: tracing::Subscriber> Layer<S> for Reader {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let one = match line.event.as_str() {
            "resource_fixed" => Sums { fixed: 1, seconds_to_fixed: line.seconds, ..Sums::default() },
            "fixes_verified" => Sums { verified: line.resources, seconds_to_verified: line.seconds, ..Sums::default() },
            "resource_parked" | "resource_parked_with_target" => Sums { parked: 1, ..Sums::default() },
            "resource_retry" => Sums { retried: 1, ..Sums::default() },
            _ => return,
        };
        self.0.lock().unwrap().add(&one);
    }
}

type Observed = (usize, u64, bool);

#[derive(Debug, Clone)]
enum Happening {
    /// Observations of one batch: resource, seconds from now, compliant.
    Finding(Vec<Observed>),
    /// All that waits goes into a task, of which this is seen meanwhile, and which ends like this: for each resource the
    /// number of its deployment's end.
    Task(Vec<Observed>, Vec<u8>),
    /// All that waits goes into a task, which is given up before it is created.
    GivenUp,
    Sweep,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let seen = || proptest::collection::vec((0_usize..5, 0_u64..600, any::<bool>()), 1..6);
    let task = (seen(), proptest::collection::vec(0_u8..6, 5)).prop_map(|(seen, ends)| Happening::Task(seen, ends));
    let one = prop_oneof![
        3 => seen().prop_map(Happening::Finding),
        3 => task,
        1 => Just(Happening::GivenUp),
        1 => Just(Happening::Sweep)
    ];
    proptest::collection::vec(one, 1..25)
}

fn see(document: &TargetDocument, seen_then: &[Observed], now: Timestamp) -> TargetDocument {
    let observe = |(n, offset, compliant): &Observed| {
        let kind = if *compliant { Finding::Compliant } else { Finding::NonCompliant };
        seen(kind, *n, now + Duration::from_secs(*offset))
    };
    let observations: Vec<Sighting> = seen_then.iter().map(observe).map(Sighting::from).collect();
    merge_all(document, &observations, &tuning(), now).0
}

/// A change as a pass makes it: with its sums.
fn change(document: &TargetDocument, now: Timestamp, change: impl FnOnce(&mut TargetDocument)) -> TargetDocument {
    let mut after = document.clone();
    change(&mut after);
    sum_up(document, &mut after, now);
    after
}

fn open(document: &mut TargetDocument, now: Timestamp) {
    let waits = |state: &EntryState| matches!(state, EntryState::Waiting { .. });
    document.resources.values_mut().filter(|e| waits(&e.state)).for_each(|e| e.state = EntryState::InTask);
    let name = TaskName::new(&installation(), &document.target.hash(), 1);
    document.active = Some(ActiveTask::new(name, TaskKind::Listed, TaskPhase::Open, now, now));
}

fn end(document: &mut TargetDocument, ends: &[u8], now: Timestamp) {
    let ended = TaskStatus {
        state: TaskState::Failed,
        word: "Failed".to_owned(),
        created_on: None,
        deployments: DeploymentCounts::default(),
    };
    let failed = |code: &str| DeploymentStatus::Failed { code: code.to_owned(), message: String::new() };
    let deployment = |(n, end): (usize, &u8)| {
        let status = match end {
            0 | 1 => DeploymentStatus::Succeeded,
            2 => failed("ServerBusy"),
            3 => failed("Nonsense"),
            4 => failed("AuthorizationFailed"),
            _ => return None,
        };
        Some(Deployment { resource: resource(n).to_string(), status, ended: Some(now) })
    };
    let deployments: Vec<_> = ends.iter().enumerate().filter_map(deployment).collect();
    settle(document, &ended, &deployments, &tuning(), now);
}

/// The writes of the document that follow, one after the other.
fn writes(document: &TargetDocument, happening: &Happening, now: Timestamp) -> Vec<TargetDocument> {
    let opened = || change(document, now, |document| open(document, now));
    match happening {
        Happening::Finding(all) => vec![see(document, all, now)],
        Happening::Sweep => vec![change(document, now, |document| reschedule_overdue(document, now))],
        Happening::Task(..) | Happening::GivenUp if document.parked.is_some() => Vec::new(),
        Happening::Task(meanwhile, ends) => {
            let told = see(&opened(), meanwhile, now);
            let ended = change(&told, now, |document| end(document, ends, now));
            vec![opened(), told, ended]
        }
        Happening::GivenUp => vec![opened(), change(&opened(), now, |document| back_to_waiting(document, now))],
    }
}

proptest! {
    #[test]
    fn the_sums_by_the_hour_are_what_the_log_says(story in happenings(), step in prop_oneof![60_u64..3_600, Just(86_400 * 15)]) {
        let reader = Reader::default();
        let subscriber = tracing_subscriber::registry().with(reader.clone());
        tracing::subscriber::with_default(subscriber, || {
            let (mut document, mut now, mut forgotten) = (TargetDocument::new(target()), now(), Sums::default());
            for happening in &story {
                for after in writes(&document, happening, now) {
                    written(&document, &after);
                    // What a write forgets was said a day ago.
                    let is_gone = |hour: &&Hour| after.hours.iter().all(|kept| kept.begun != hour.begun);
                    document.hours.iter().filter(is_gone).for_each(|hour| forgotten.add(&hour.sums));
                    document = after;
                }
                now += Duration::from_secs(step);
            }
            let mut total = forgotten;
            document.hours.iter().for_each(|hour| total.add(&hour.sums));
            let said = *reader.0.lock().unwrap();
            let counts = |sums: &Sums| (sums.fixed, sums.verified, sums.parked, sums.retried);
            assert_eq!(counts(&total), counts(&said), "{story:?}");
            assert!((total.seconds_to_fixed - said.seconds_to_fixed).abs() < 1e-3);
            assert!((total.seconds_to_verified - said.seconds_to_verified).abs() < 1e-3);
            let last = last_24_hours(&document.hours, now);
            assert!(last.fixed <= total.fixed && document.hours.len() <= 24);
        });
    }
}
