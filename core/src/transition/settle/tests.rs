//! What the end of a task makes of its resources.

use std::time::Duration;

use crate::document::{Entry, EntryState, FailureClass, ParkReason, TargetDocument, TaskKind};
use crate::fact::{Deployment, DeploymentStatus, TaskState, TaskStatus};
use crate::fixture::{deployment, failed, in_task, now, resource, seen, status, tuning};
use crate::message::Finding;
use crate::transition::observe::merge;
use crate::transition::settle::{settle, settle_page};

/// The task ends like this, and its whole list of deployments comes at once.
fn ends(document: &mut TargetDocument, state: TaskState, deployments: &[Deployment]) {
    settle(document, &status(state), deployments, &tuning(), now());
}

#[test]
fn a_whole_scope_task_also_tells_of_what_was_seen_after_it_began() {
    let mut document = in_task(3);
    document.active.as_mut().unwrap().kind = TaskKind::WholeScope { count: 3 };
    for (n, seconds) in [(1, 7_200), (2, 30)] {
        let entry = document.resources.get_mut(&resource(n)).unwrap();
        entry.state = EntryState::Waiting { due: now() };
        entry.observed_at = now() - Duration::from_secs(seconds);
    }
    let ended = [0, 1, 2].map(|n| deployment(n, DeploymentStatus::Succeeded));
    let mut limited = document.clone();
    ends(&mut document, TaskState::Succeeded, &ended);
    let is_fixed =
        |document: &TargetDocument, n| matches!(document.resources[&resource(n)].state, EntryState::Fixed { .. });
    // The last was evaluated after its deployment had ended.
    assert_eq!([0, 1, 2].map(|n| is_fixed(&document, n)), [true, true, false]);
    limited.active.as_mut().unwrap().kind = TaskKind::Listed;
    ends(&mut limited, TaskState::Succeeded, &ended);
    assert_eq!([0, 1, 2].map(|n| is_fixed(&limited, n)), [true, false, false]);
}

#[test]
fn what_an_earlier_run_of_the_task_did_says_nothing() {
    let done = [deployment(0, DeploymentStatus::Succeeded), deployment(1, failed("Forbidden"))];
    let with = |created: Duration, deployments: &[Deployment]| {
        let mut document = in_task(2);
        let ended = done[0].ended.unwrap();
        let status = TaskStatus { created_on: Some(ended + created), ..status(TaskState::Succeeded) };
        settle(&mut document, &status, deployments, &tuning(), now());
        document
    };
    let (tolerance, moment) = (tuning().clock_tolerance, Duration::from_millis(1));
    assert_eq!(with(tolerance + moment, &done), with(tolerance + moment, &[]));
    assert_ne!(with(tolerance, &done), with(tolerance, &[]), "clocks may differ by so much");
}

#[test]
fn a_whole_scope_task_lists_what_failed_and_counts_what_it_fixed_unlisted() {
    let mut document = in_task(1);
    document.active.as_mut().unwrap().kind = TaskKind::WholeScope { count: 3 };
    let ended = [
        deployment(0, DeploymentStatus::Succeeded),
        deployment(1, DeploymentStatus::Succeeded),
        deployment(2, failed("ServerBusy")),
    ];
    ends(&mut document, TaskState::Failed, &ended);
    assert!(!document.resources.contains_key(&resource(1)));
    let entry = &document.resources[&resource(2)];
    assert!(matches!(entry.state, EntryState::Waiting { .. }) && entry.attempt == 2, "{entry:?}");
    assert_eq!(document.history.last().map(|past| (past.fixed, past.unfixed)), Some((2, 1)));
}

#[test]
fn who_cancels_a_task_for_the_whole_scope_parks_the_target_once() {
    let mut document = in_task(3);
    document.active.as_mut().unwrap().kind = TaskKind::WholeScope { count: 3 };
    let ended = [deployment(0, DeploymentStatus::Succeeded)];
    ends(&mut document, TaskState::Canceled, &ended);
    assert_eq!(document.parked.as_ref().map(|park| park.reason), Some(ParkReason::Canceled));
    let waits = |n| document.resources[&resource(n)].state == EntryState::Waiting { due: now() };
    assert_eq!([0, 1, 2].map(waits), [false, true, true]);
    assert_eq!(document.resources[&resource(1)].attempt, 1);
}

#[test]
fn a_list_that_comes_in_parts_says_the_same_as_one_that_comes_at_once() {
    let deployments: Vec<_> = (0..9)
        .map(|n| deployment(n, if n % 4 == 1 { failed("ServerBusy") } else { DeploymentStatus::Succeeded }))
        .collect();
    let mut once = in_task(10);
    ends(&mut once, TaskState::Failed, &deployments);
    for size in 1..9 {
        let mut document = in_task(10);
        let parts = deployments.chunks(size).count();
        for (place, part) in deployments.chunks(size).enumerate() {
            let next = (place + 1 < parts).then(|| format!("part {place}"));
            assert!(document.active.is_some());
            settle_page(&mut document, &status(TaskState::Failed), part, next, &tuning(), now());
        }
        assert_eq!(document, once, "{size} at a time");
    }
    assert_eq!(once.history.last().map(|past| (past.fixed, past.unfixed)), Some((7, 3)));
}

#[test]
fn every_resource_gets_what_its_own_deployment_says() {
    let mut document = in_task(5);
    let deployments = [
        deployment(0, DeploymentStatus::Succeeded),
        deployment(1, failed("ServerBusy")),
        deployment(2, failed("Nonsense")),
        deployment(3, DeploymentStatus::Open),
    ];
    ends(&mut document, TaskState::Failed, &deployments);
    let entry = |n: usize| &document.resources[&resource(n)];
    assert!(matches!(entry(0).state, EntryState::Fixed { at, .. } if at == now() - Duration::from_secs(60)));
    assert_eq!(entry(0).fixes.len(), 1);
    assert!(
        matches!(&entry(2).state, EntryState::Parked { reason: ParkReason::PermanentFailure, words, .. } if words == "Nonsense: words")
    );
    // The turn of the last two did not come, or had not ended: no attempt of theirs.
    for (n, attempt) in [(1, 2), (3, 1), (4, 1)] {
        assert!(matches!(entry(n).state, EntryState::Waiting { .. }) && entry(n).attempt == attempt, "{n}");
    }
    assert_eq!((document.history[0].fixed, document.history[0].unfixed), (1, 4));
    assert_eq!(document.active, None);
}

#[test]
fn retries_of_one_task_share_their_due_time() {
    let mut document = in_task(20);
    let deployments: Vec<_> = (0..20).map(|n| deployment(n, failed("ServerBusy"))).collect();
    ends(&mut document, TaskState::Failed, &deployments);
    let dues: std::collections::HashSet<_> = document.resources.values().map(|e| format!("{:?}", e.state)).collect();
    assert_eq!(dues.len(), 1);
}

#[test]
fn the_last_attempt_parks_with_the_services_words() {
    let mut document = in_task(1);
    document.resources.values_mut().for_each(|e| e.attempt = tuning().max_attempts);
    ends(&mut document, TaskState::Failed, &[deployment(0, failed("ServerBusy"))]);
    let EntryState::Parked { reason, class, words, .. } = &document.resources[&resource(0)].state else { panic!() };
    assert_eq!(
        (*reason, *class, words.as_str()),
        (ParkReason::AttemptsUsedUp, Some(FailureClass::Transient), "ServerBusy: words")
    );
}

#[test]
fn what_was_seen_after_the_fix_begins_anew_and_what_was_seen_before_it_does_not() {
    for (offset, waits) in [(30, true), (90, false)] {
        let mut document = in_task(1);
        merge(&mut document, &seen(Finding::NonCompliant, 0, now() - Duration::from_secs(offset)), &tuning(), now());
        ends(&mut document, TaskState::Succeeded, &[deployment(0, DeploymentStatus::Succeeded)]);
        let entry = &document.resources[&resource(0)];
        assert_eq!(matches!(entry.state, EntryState::Waiting { .. }), waits, "{offset}");
        assert_eq!(entry.fixes.len(), 1);
    }
}

#[test]
fn what_azure_policy_has_no_evaluation_of_waits_for_one_and_for_another_and_is_then_given_up() {
    let stale =
        || DeploymentStatus::Failed { code: "X".into(), message: "No policy evaluation result was found.".into() };
    let mut document = in_task(1);
    ends(&mut document, TaskState::Failed, &[deployment(0, stale())]);
    let entry = &document.resources[&resource(0)];
    let failed_at = now() - Duration::from_secs(60);
    assert_eq!((entry.attempt, entry.not_evaluated_since()), (2, Some(failed_at)));
    // An evaluation while the task ran counts if it came after the failure.
    for (seconds, waits) in [(61, true), (60, true), (59, false)] {
        let mut document = in_task(1);
        merge(&mut document, &seen(Finding::NonCompliant, 0, now() - Duration::from_secs(seconds)), &tuning(), now());
        ends(&mut document, TaskState::Failed, &[deployment(0, stale())]);
        let entry = &document.resources[&resource(0)];
        assert_eq!((entry.is_stale(), entry.not_evaluated_since().is_some()), (true, waits), "{seconds}");
    }
    // What seemed to be newer may have begun before the failure.
    let mut again = |status| {
        let entry = document.resources.get_mut(&resource(0)).unwrap();
        (entry.state, entry.attempt) = (EntryState::InTask, 1);
        document.active = in_task(1).active;
        ends(&mut document, TaskState::Failed, &[deployment(0, status)]);
        document.resources[&resource(0)].clone()
    };
    assert_eq!(again(stale()).not_evaluated_since(), Some(failed_at));
    let passing = || DeploymentStatus::Failed { code: "ServerBusy".into(), message: String::new() };
    assert!(!again(passing()).is_stale(), "another failure ends the row");
    // Waiting for a machine is a row of its own, and what comes of it another.
    let stopped =
        || DeploymentStatus::Failed { code: "OperationNotAllowed".into(), message: "the VM is not running".into() };
    assert_eq!((again(stale()).waits, again(stale()).waits), (1, 2));
    assert_eq!((again(stopped()).waits, again(stopped()).waits), (1, 2));
    assert_eq!(again(stale()).waits, 1);
    again(passing());
    for _ in 0..2 {
        assert_eq!(again(stale()).not_evaluated_since(), Some(failed_at));
    }
    let state = again(stale()).state;
    assert!(matches!(state, EntryState::Parked { class: Some(FailureClass::Stale), .. }), "{state:?}");
}

#[test]
fn a_failure_is_of_its_own_time_though_this_machines_clock_is_behind() {
    let stale = DeploymentStatus::Failed { code: "X".into(), message: "No policy evaluation result was found.".into() };
    for (ahead, since) in [(540, 540), (86_400, 3_600)] {
        let ended = Some(now() + Duration::from_secs(ahead));
        let mut document = in_task(1);
        ends(&mut document, TaskState::Failed, &[Deployment { ended, ..deployment(0, stale.clone()) }]);
        let entry = &document.resources[&resource(0)];
        assert_eq!(entry.not_evaluated_since(), Some(now() + Duration::from_secs(since)));
    }
}

#[test]
fn a_success_without_any_deployment_is_stale_too() {
    let mut document = in_task(2);
    ends(&mut document, TaskState::Succeeded, &[]);
    assert!(document.resources.values().all(Entry::is_stale));
    let mut document = in_task(2);
    ends(&mut document, TaskState::Succeeded, &[deployment(0, DeploymentStatus::Succeeded)]);
    assert!(!document.resources[&resource(1)].is_stale(), "another was deployed to: this one was not non-compliant");
}

#[test]
fn a_person_who_cancels_is_obeyed_for_what_was_not_done_yet() {
    let mut document = in_task(2);
    ends(&mut document, TaskState::Canceled, &[deployment(0, DeploymentStatus::Succeeded)]);
    assert!(matches!(document.resources[&resource(0)].state, EntryState::Fixed { .. }));
    assert!(matches!(document.resources[&resource(1)].state, EntryState::Parked { reason: ParkReason::Canceled, .. }));
}

#[test]
fn a_fix_that_was_found_compliant_before_its_task_ended_is_verified() {
    let ago = |seconds| now() - Duration::from_secs(seconds);
    let verified_at = |events: &[(Finding, u64)]| {
        let mut document = in_task(1);
        for (kind, seconds) in events {
            merge(&mut document, &seen(*kind, 0, ago(*seconds)), &tuning(), now());
        }
        ends(&mut document, TaskState::Succeeded, &[deployment(0, DeploymentStatus::Succeeded)]);
        match document.resources[&resource(0)].state {
            EntryState::Fixed { verified_at, .. } => verified_at,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(verified_at(&[]), None);
    assert_eq!(verified_at(&[(Finding::Compliant, 90)]), None, "the deployment ended later");
    assert_eq!(verified_at(&[(Finding::NonCompliant, 90)]), None);
    assert_eq!(verified_at(&[(Finding::Compliant, 30)]), Some(ago(30)));
    assert_eq!(verified_at(&[(Finding::NonCompliant, 40), (Finding::Compliant, 30)]), Some(ago(30)));
}
