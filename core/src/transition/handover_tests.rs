//! A target that a batch run hands over: once, in its own terms, and beside what events tell.

use super::*;
use crate::document::{EntryState, ParkReason};
use crate::fact::{Effect, PolicyState};
use crate::fixture::{now, resource, seen, target, tuning, waiting};
use crate::message::{BatchRun, Location, Sighting};
use crate::transition::listing;
use crate::transition::states::park;
use crate::transition::{counted, merge_all};
use std::time::Duration;

fn run(id: &str, options: RunOptions) -> BatchRun {
    let scope = target().scope.as_str().parse().unwrap();
    BatchRun { options, ..BatchRun::over(id.parse().unwrap(), vec![scope]) }
}

fn handover(id: &str, options: RunOptions, count: u64) -> Handover {
    Handover::new(&run(id, options), target(), count, now())
}

fn in_west() -> RunOptions {
    let west: Location = "westeurope".parse().unwrap();
    RunOptions { parallel_deployments: Some(3), locations: [west].into(), ..RunOptions::default() }
}

fn state(n: usize, location: &str) -> PolicyState {
    PolicyState {
        resource: resource(n).to_string(),
        state: ComplianceState::NonCompliant,
        at: Some(now() - Duration::from_secs(7_200)),
        effect: Some(Effect::Remediable),
        location: location.parse().ok(),
    }
}

fn read(states: Vec<PolicyState>) -> ScopeStates {
    let mut list = ScopeStates::unread(None);
    list.push(states, None);
    list
}

#[test]
fn a_run_hands_a_target_over_once_and_another_that_asks_for_something_else_waits_for_its_end() {
    let mut document = TargetDocument::new(target());
    let first = handover("one", in_west(), 400);
    assert_eq!(hand_over(&mut document, &first, &tuning(), now()), Merged::HandedOver);
    assert!(document.wake_at.is_some());
    let once = document.clone();
    assert_eq!(hand_over(&mut document, &first, &tuning(), now()), Merged::Duplicate);
    let few = || RunOptions { resource_count: Some(7), ..RunOptions::default() };
    assert_eq!(hand_over(&mut document, &handover("two", few(), 900), &tuning(), now()), Merged::Later);
    assert_eq!(document, once);
    document.unlisted = None;
    assert_eq!(hand_over(&mut document, &first, &tuning(), now()), Merged::Duplicate, "long afterwards, too");
    assert_eq!(
        hand_over(&mut document, &handover("two", in_west().of_chosen(), 900), &tuning(), now()),
        Merged::HandedOver
    );
    assert_eq!(
        hand_over(&mut document, &handover("three", in_west().of_chosen(), 901), &tuning(), now()),
        Merged::HandedOver,
        "it asks for the same"
    );
    assert_eq!(document.unlisted.unwrap().seen, 901);
}

#[test]
fn scans_join_what_is_there_and_wait_for_nothing() {
    let mut document = TargetDocument::new(target());
    hand_over(&mut document, &handover("one", in_west(), 400), &tuning(), now());
    for (id, count) in [("scan-1", 900), ("scan-2", 870)] {
        let scan = handover(id, RunOptions::default(), count);
        assert_eq!(hand_over(&mut document, &scan, &tuning(), now()), Merged::HandedOver);
        assert_eq!(hand_over(&mut document, &scan, &tuning(), now()), Merged::Duplicate);
    }
    let unlisted = document.unlisted.as_ref().unwrap();
    assert_eq!((unlisted.seen, unlisted.of_run.as_ref().unwrap().beside), (400, 900));
    listing::list(&mut document, &read(Vec::new()), 400, &tuning(), now());
    let rest = document.unlisted.unwrap();
    assert_eq!((rest.seen, rest.of_run), (900, None), "what the run leaves is looked for afterwards");
    // All of it is the run's already.
    let mut document = TargetDocument::new(target());
    hand_over(&mut document, &handover("one", in_west().of_chosen(), 400), &tuning(), now());
    let scan = handover("scan-1", RunOptions::default(), 900);
    assert_eq!(hand_over(&mut document, &scan, &tuning(), now()), Merged::HandedOver);
    let unlisted = document.unlisted.unwrap();
    assert_eq!((unlisted.seen, unlisted.of_run.unwrap().beside), (900, 0));
}

#[test]
fn what_is_listed_is_what_the_run_asks_for_with_its_options_and_what_waited_before_keeps_its_own() {
    let mut document = waiting(2);
    hand_over(&mut document, &handover("one", in_west(), 3), &tuning(), now());
    let states = vec![state(1, "westeurope"), state(5, "West Europe"), state(6, "northeurope"), state(7, "")];
    listing::list(&mut document, &read(states), 3, &tuning(), now());
    let options = |n| document.resources.get(&resource(n)).map(|entry| entry.options.clone());
    assert_eq!(options(1), Some(RunOptions::default()), "no task of it is the run's");
    assert_eq!(options(5), Some(in_west()));
    assert_eq!((options(6), options(7)), (None, None), "elsewhere, or nobody knows where");
    assert_eq!(document.unlisted, None, "the run has what it asked for");
}

#[test]
fn no_more_are_listed_than_the_run_asks_for_and_what_events_counted_meanwhile_is_looked_for_afterwards() {
    let few = RunOptions { resource_count: Some(3), ..RunOptions::default() };
    let mut document = TargetDocument::new(target());
    hand_over(&mut document, &handover("one", few, 400), &tuning(), now());
    counted::count(&mut document, 2, now());
    assert_eq!(document.unlisted.as_ref().unwrap().seen, 400, "the run's");
    listing::list(&mut document, &read((0..400).map(|n| state(n, "")).collect()), 400, &tuning(), now());
    assert_eq!(document.resources.len(), 3);
    let rest = document.unlisted.clone().unwrap();
    assert_eq!((rest.seen, rest.of_run), (2, None));
    listing::list(&mut document, &read((0..5).map(|n| state(n, "")).collect()), 2, &tuning(), now());
    assert_eq!((document.resources.len(), document.unlisted), (5, None), "they are all of the policy that wait");
}

#[test]
fn a_handover_revives_what_a_single_observation_of_a_run_would() {
    let mut document = waiting(4);
    let over = |until| match park(ParkReason::PermanentFailure, None, String::new(), &tuning(), now()) {
        EntryState::Parked { reason, class, words, hint, .. } => {
            EntryState::Parked { reason, class, words, hint, until }
        }
        other => other,
    };
    let gone = EntryState::skipped(crate::document::SkipReason::AssignmentGone, now());
    for (n, state) in [(0, over(now())), (1, over(now() + Duration::from_secs(9))), (2, gone)] {
        document.resources.get_mut(&resource(n)).unwrap().state = state;
    }
    hand_over(&mut document, &handover("one", RunOptions::default(), 4), &tuning(), now());
    listing::list(&mut document, &read((0..4).map(|n| state(n, "")).collect()), 4, &tuning(), now());
    let waits = |n| matches!(document.resources[&resource(n)].state, EntryState::Waiting { .. });
    assert_eq!([0, 1, 2, 3].map(waits), [true, false, true, true]);
}

#[test]
fn what_the_guard_rails_leave_out_as_a_whole_is_counted_once_however_many_runs_find_it() {
    let tuning = crate::fixture::tuning_with("EXCLUDE_ASSIGNMENTS", "*");
    let mut document = TargetDocument::new(target());
    for id in ["one", "two"] {
        let (after, merged) =
            merge_all(&document, &[Sighting::Scope(handover(id, RunOptions::default(), 400))], &tuning, now());
        assert_eq!(merged, [Merged::LeftOut]);
        document = after;
    }
    assert_eq!((document.excluded.unwrap().seen, document.unlisted, document.wake_at), (400, None, None));
}

#[test]
fn a_wave_is_of_one_run_or_of_none() {
    let mut document = waiting(3);
    let options = RunOptions { parallel_deployments: Some(3), ..RunOptions::default() };
    let mut of_run = seen(Finding::NonCompliant, 9, now() - Duration::from_secs(7_200));
    (of_run.origin, of_run.options) = ("one".to_owned(), options.clone());
    merge(&mut document, &of_run, &tuning(), now());
    assert_eq!(document.resources[&resource(9)].options, options);
    // What waits already was not caused by the run.
    of_run.resource_id = resource(0);
    merge(&mut document, &of_run, &tuning(), now());
    assert_eq!(document.resources[&resource(0)].options, RunOptions::default());
}
