//! What is seen, taken into what is known: order, repetition, the times that are believed, and what a document has room for.

use super::*;
use crate::document::TargetCause;
use crate::document::{FailureClass, LastFailure};
use crate::fixture::{now, resource, seen, target, tuning, tuning_with};
use crate::message::{RunOptions, Sighting};
use crate::settings::Mode;
use crate::transition::merging::merge_all;
use crate::transition::park_target::park_target;
use proptest::prelude::*;
use std::time::Duration;

fn document(state: EntryState, observed_at: Timestamp) -> TargetDocument {
    let mut document = TargetDocument::new(target());
    let entry = Entry {
        observed_at,
        first_seen: observed_at,
        attempt: 3,
        waits: 0,
        fixes: Vec::new(),
        seen_in_task: None,
        last_failure: None,
        doubt: None,
        undoing: None,
        fix_awaited: None,
        options: RunOptions::default(),
        state,
    };
    document.resources.insert(resource(0), entry);
    document
}

fn park_until(until: Timestamp) -> EntryState {
    let (words, hint) = (String::new(), String::new());
    EntryState::Parked { reason: ParkReason::PermanentFailure, class: None, words, hint, until }
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn each_state_takes_a_newer_non_compliant_event_in_its_own_way() {
    let fixed = |at| EntryState::Fixed { at, verified_at: None };
    let parked = park_until;
    for (state, expected) in [
        (EntryState::Waiting { due: now() }, Merged::StillWaiting),
        (EntryState::InTask, Merged::Remembered),
        (fixed(now() + s(60)), Merged::Stale),
        (fixed(now() - s(60)), Merged::Waiting),
        (parked(now() + s(60)), Merged::WhileParked),
        (parked(now() - s(60)), Merged::Waiting),
        (EntryState::skipped(SkipReason::Exempt, now()), Merged::Waiting),
    ] {
        let mut document = document(state.clone(), now() - s(3_600));
        let merged = merge(&mut document, &seen(Finding::NonCompliant, 0, now()), &tuning(), now());
        assert_eq!(merged, expected, "{state:?}");
        let again = document.clone();
        assert!(matches!(
            merge(&mut document, &seen(Finding::NonCompliant, 0, now()), &tuning(), now()),
            Merged::Duplicate | Merged::Stale
        ));
        assert_eq!(document, again, "{state:?}");
    }
}

#[test]
fn what_a_run_tells_again_counts_only_where_it_may_be_judged_differently_now() {
    let today = tuning().guard_rails.digest();
    let left_out = |digest: &str| EntryState::Skipped {
        reason: SkipReason::ScopeExcluded,
        at: now(),
        rails_digest: Some(digest.to_owned()),
    };
    for (state, revived) in [
        (EntryState::Waiting { due: now() }, false),
        (EntryState::Fixed { at: now() - s(9), verified_at: None }, false),
        (EntryState::skipped(SkipReason::Exempt, now()), true),
        (EntryState::skipped(SkipReason::ResourceGone, now()), true),
        (EntryState::skipped(SkipReason::NotInScope, now()), false),
        (left_out(&today), false),
        (left_out("another"), true),
        (park_until(now() + s(1)), false),
        (park_until(now()), true),
    ] {
        let of_event = seen(Finding::NonCompliant, 0, now());
        let mut of_run = of_event.clone();
        of_run.origin = "a-run".to_owned();
        for (observation, expected) in [(of_event, false), (of_run, revived)] {
            let mut document = document(state.clone(), now());
            let merged = merge(&mut document, &observation, &tuning(), now());
            assert_eq!(merged, if expected { Merged::Waiting } else { Merged::Duplicate }, "{state:?}");
        }
    }
}

#[test]
fn an_event_of_an_evaluation_after_the_failure_lets_go_at_once_what_waits_for_one() {
    for (seconds, goes) in [(61_u64, false), (60, false), (59, true)] {
        let mut document = document(EntryState::Waiting { due: now() + s(3_000) }, now() - s(3_600));
        document.wake_at = Some(now() + s(3_000));
        let class = Some(FailureClass::Stale);
        let failure = LastFailure { class, not_evaluated_since: Some(now() - s(60)), ..LastFailure::default() };
        document.resources.get_mut(&resource(0)).unwrap().last_failure = Some(failure);
        let mut parked = document.clone();
        let event = seen(Finding::NonCompliant, 0, now() - s(seconds));
        assert_eq!(merge(&mut document, &event, &tuning(), now()), Merged::StillWaiting);
        let entry = &document.resources[&resource(0)];
        assert_eq!((entry.not_evaluated_since().is_none(), entry.is_stale(), entry.attempt), (goes, true, 3));
        assert_eq!(document.wake_at == Some(now()), goes, "{seconds}");
        // What its target's park holds goes on when that ends; the policy states tell then.
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new(), hint: None };
        park_target(&mut parked, &cause, &tuning(), now());
        let before = parked.clone();
        merge(&mut parked, &event, &tuning(), now());
        assert_eq!(
            (parked.wake_at, &parked.resources[&resource(0)].state),
            (before.wake_at, &before.resources[&resource(0)].state)
        );
    }
}

#[test]
fn what_the_guard_rails_leave_out_wakes_nobody_and_waits_for_nothing_once_it_is_compliant() {
    let tuning = tuning_with("EXCLUDE_SCOPES", "*");
    let mut document = TargetDocument::new(target());
    let observations: Vec<Sighting> = (0..130).map(|n| seen(Finding::NonCompliant, n, now()).into()).collect();
    let (after, merged) = merge_all(&document, &observations, &tuning, now());
    assert!(merged.iter().all(|merged| *merged == Merged::LeftOut));
    assert_eq!((after.resources.len(), after.excluded.as_ref().unwrap().seen, after.wake_at), (100, 30, None));
    document = after.clone();
    assert_eq!(merge(&mut document, &seen(Finding::NonCompliant, 0, now() + s(1)), &tuning, now()), Merged::LeftOut);
    assert_eq!(document.resources[&resource(0)].state, after.resources[&resource(0)].state, "told once");
    assert_eq!(merge(&mut document, &seen(Finding::Compliant, 0, now() + s(2)), &tuning, now()), Merged::Recovered);
    assert_eq!(document.resources[&resource(0)].state, EntryState::skipped(SkipReason::Compliant, now()));
    let plan = Tuning { mode: Mode::Plan, ..tuning };
    assert_eq!(merge(&mut document, &seen(Finding::NonCompliant, 200, now()), &plan, now()), Merged::Waiting);
}

#[test]
fn a_new_resource_waits_for_the_settle_delay_and_wakes_its_target_once() {
    let mut document = TargetDocument::new(target());
    for n in 0..50 {
        assert_eq!(
            merge(&mut document, &seen(Finding::NonCompliant, n, now() + s(n as u64)), &tuning(), now()),
            Merged::Waiting
        );
    }
    assert_eq!((document.generation, document.wake_at), (1, Some(now() + s(600))));
}

#[test]
fn a_compliant_event_verifies_recovers_or_is_no_news() {
    let compliant = |state| {
        let mut document = document(state, now() - s(3_600));
        merge(&mut document, &seen(Finding::Compliant, 0, now()), &tuning(), now())
    };
    assert_eq!(compliant(EntryState::Fixed { at: now() - s(9), verified_at: None }), Merged::Verified);
    assert_eq!(compliant(EntryState::Fixed { at: now() + s(9), verified_at: None }), Merged::Stale);
    assert_eq!(compliant(EntryState::Waiting { due: now() }), Merged::ToConfirm);
    let mut empty = TargetDocument::new(target());
    assert_eq!(merge(&mut empty, &seen(Finding::Compliant, 0, now()), &tuning(), now()), Merged::Unknown);
    assert!(empty.resources.is_empty() && empty.wake_at.is_none());
}

#[test]
fn a_resource_that_was_fixed_too_often_is_parked() {
    let mut document = document(EntryState::Fixed { at: now() - s(60), verified_at: None }, now() - s(3_600));
    document.resources.get_mut(&resource(0)).unwrap().fixes = vec![now() - s(60), now() - s(7_200), now() - s(86_400)];
    assert_eq!(merge(&mut document, &seen(Finding::NonCompliant, 0, now()), &tuning(), now()), Merged::Flapping);
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter(mut offsets in proptest::collection::vec((0_usize..4, 0_u64..50, any::<bool>()), 1..30), seed in any::<u64>()) {
        let observe = |offsets: &[(usize, u64, bool)]| {
            let mut document = TargetDocument::new(target());
            for (n, offset, compliant) in offsets {
                let kind = if *compliant { Finding::Compliant } else { Finding::NonCompliant };
                merge(&mut document, &seen(kind, *n, now() - s(*offset)), &tuning(), now());
            }
            document.resources.into_iter().map(|(id, e)| (id, e.observed_at, matches!(e.state, EntryState::Waiting { .. }))).collect::<Vec<_>>()
        };
        // Only non-compliant ones: a compliant event of an unknown resource is dropped, and the policy states tell later.
        offsets.retain(|o| !o.2);
        let straight = observe(&offsets);
        let mut shuffled = offsets.clone();
        let len = shuffled.len().max(1);
        for i in 0..shuffled.len() {
            shuffled.swap(i, (seed as usize).wrapping_mul(i + 1) % len);
        }
        prop_assert_eq!(straight, observe(&shuffled));
    }
}
