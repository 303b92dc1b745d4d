//! The park of a whole target, for causes that are the target's own: no identity, no roles, no reference. One record and one
//! line in the log, however many resources wait; they keep their place and their attempt, and go on when the park ends.

use super::failure::is_permission;
use crate::arm::{Deployment, DeploymentStatus};
use crate::config::Policy;
use crate::event::Timestamp;
use crate::state::{EntryState, FailureClass, ParkReason, TargetDocument, TargetPark};

/// What a person must mend before any task of the target can work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCause {
    /// Why the target is parked.
    pub reason: ParkReason,
    /// The class of the failures, if there were any.
    pub class: Option<FailureClass>,
    /// What was found, or the service's own words.
    pub words: String,
}

/// Parks the target until `PARK_FOR` has passed.
pub(super) fn park_target(document: &mut TargetDocument, cause: &TargetCause, policy: &Policy, now: Timestamp) {
    document.parked = Some(TargetPark {
        reason: cause.reason,
        class: cause.class,
        words: cause.words.clone(),
        hint: cause.reason.hint().to_owned(),
        since: now,
        until: now + policy.park_for,
    });
}

/// Ends the target's park if its time is over.
pub(super) fn unpark_target(document: &mut TargetDocument, now: Timestamp) {
    document.parked.take_if(|park| park.until <= now);
}

/// Parks the target when not one deployment of its task worked, each lacked permission, and nothing shows that the identity
/// works elsewhere in the target: where something is fixed, what lacks permission is a matter of the single resource. The
/// first part of a long list decides; a later part that tells otherwise ends the park again.
pub(super) fn learn_of_permission(
    document: &mut TargetDocument,
    deployments: &[Deployment],
    is_first_part: bool,
    policy: &Policy,
    now: Timestamp,
) {
    let refusal = |deployment: &Deployment| match &deployment.status {
        DeploymentStatus::Failed { code, message } if is_permission(code, message) => {
            Some(format!("{code}: {message}"))
        }
        DeploymentStatus::Failed { .. } | DeploymentStatus::Succeeded | DeploymentStatus::Open => None,
    };
    if deployments.iter().any(|deployment| refusal(deployment).is_none()) {
        document.parked = None;
        return;
    }
    let works = document.resources.values().any(|entry| matches!(entry.state, EntryState::Fixed { .. }));
    if let (true, false, Some(words)) = (is_first_part, works, deployments.iter().find_map(refusal)) {
        let class = Some(FailureClass::Permission);
        park_target(document, &TargetCause { reason: ParkReason::MissingPermission, class, words }, policy, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::{TaskState, TaskStatus};
    use crate::queue::Seen;
    use crate::remediation::fixture::{now, policy, resource, seen, target};
    use crate::remediation::merge::merge;
    use crate::remediation::outcome::{take_in, take_in_part};
    use crate::remediation::wake::heal;
    use crate::state::{ActiveTask, Entry, Extent, TaskName, TaskPhase};
    use std::time::Duration;

    fn failed(n: usize, code: &str) -> Deployment {
        let status = DeploymentStatus::Failed { code: code.to_owned(), message: "words".to_owned() };
        Deployment { resource: resource(n).to_string(), status, ended: Some(now()) }
    }

    fn waiting(count: usize) -> TargetDocument {
        let mut document = TargetDocument::new(target());
        for n in 0..count {
            merge(&mut document, &seen(Seen::NonCompliant, n, now() - Duration::from_secs(7_200)), &policy(), now());
        }
        document
    }

    fn succeeded(n: usize) -> Deployment {
        Deployment { status: DeploymentStatus::Succeeded, ..failed(n, "") }
    }

    /// The same, all in a task.
    fn in_task(count: usize) -> TargetDocument {
        let mut document = waiting(count);
        document.resources.values_mut().for_each(|entry| entry.state = EntryState::InTask);
        document.active = Some(ActiveTask {
            name: TaskName::new(&document.target.hash(), 1),
            extent: Extent::Resources,
            phase: TaskPhase::Open,
            opened_at: now(),
            check_at: now(),
            overdue_reported: false,
            reading: None,
        });
        document
    }

    fn status(state: TaskState) -> TaskStatus {
        TaskStatus { state, word: format!("{state:?}"), created_on: None }
    }

    fn learn(mut document: TargetDocument, deployments: &[Deployment], is_first_part: bool) -> Option<TargetPark> {
        learn_of_permission(&mut document, deployments, is_first_part, &policy(), now());
        document.parked
    }

    #[test]
    fn roles_are_the_targets_matter_only_when_nothing_shows_that_the_identity_works() {
        let refused = || vec![failed(0, "AuthorizationFailed"), failed(1, "LinkedAuthorizationFailed")];
        let with = |other: Deployment| refused().into_iter().chain([other]).collect::<Vec<_>>();
        let open = Deployment { status: DeploymentStatus::Open, ..failed(2, "") };
        for (deployments, expected) in [
            (refused(), true),
            (with(failed(2, "ServerBusy")), false),
            (with(succeeded(2)), false),
            (with(open), false),
            (Vec::new(), false),
        ] {
            let found = learn(waiting(4), &deployments, true);
            assert_eq!(found.is_some(), expected, "{deployments:?}");
            if let Some(park) = found {
                assert_eq!(park.words, "AuthorizationFailed: words");
            }
        }
        let mut fixed_elsewhere = waiting(4);
        fixed_elsewhere.resources.get_mut(&resource(3)).unwrap().state =
            EntryState::Fixed { at: now(), verified_at: None };
        assert_eq!(learn(fixed_elsewhere, &refused(), true), None);
    }

    #[test]
    fn the_first_part_of_a_long_list_parks_and_a_later_one_that_tells_otherwise_ends_that() {
        let cause = TargetCause { reason: ParkReason::MissingPermission, class: None, words: String::new() };
        let mut parked = waiting(4);
        park_target(&mut parked, &cause, &policy(), now());
        let refused = [failed(0, "AuthorizationFailed")];
        let other = [failed(0, "AuthorizationFailed"), failed(1, "ServerBusy")];
        assert_eq!(learn(parked.clone(), &refused, false), parked.parked);
        assert_eq!(learn(parked.clone(), &[], false), parked.parked, "a link that led nowhere says nothing");
        assert_eq!(learn(parked, &other, false), None);
        assert_eq!(learn(waiting(4), &refused, false), None, "the first part told otherwise");
    }

    #[test]
    fn sweep_ends_a_park_that_is_over_and_no_other_and_attempts_stay_as_they_were() {
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new() };
        for (offset, ended) in [(-1, false), (0, true), (1, true)] {
            let mut document = waiting(2);
            document.resources.values_mut().for_each(|entry| entry.attempt = 3);
            park_target(&mut document, &cause, &policy(), now());
            let resources = document.resources.clone();
            heal(&mut document, now() + policy().park_for + time::Duration::seconds(offset));
            assert_eq!(document.parked.is_none(), ended, "{offset}");
            assert_eq!(document.resources, resources);
        }
    }

    #[test]
    fn in_a_parked_target_events_are_merged_as_always() {
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new() };
        let mut document = waiting(2);
        park_target(&mut document, &cause, &policy(), now());
        merge(&mut document, &seen(Seen::Compliant, 0, now()), &policy(), now());
        merge(&mut document, &seen(Seen::NonCompliant, 7, now()), &policy(), now());
        let held = |n| document.holds(&document.resources[&resource(n)]);
        assert!(!held(0), "it became compliant: it is no longer among what waits");
        assert!(held(1) && held(7));
    }

    #[test]
    fn when_every_deployment_lacks_permission_the_target_is_parked_once_and_no_attempt_is_counted() {
        let refused: Vec<_> = (0..2).map(|n| failed(n, "AuthorizationFailed")).collect();
        for (state, canceled) in [(TaskState::Failed, 0), (TaskState::Canceled, 1)] {
            let mut document = in_task(3);
            document.resources.values_mut().for_each(|entry| entry.attempt = policy().max_attempts);
            merge(&mut document, &seen(Seen::NonCompliant, 0, now()), &policy(), now());
            take_in(&mut document, &status(state), &refused, &policy(), now());
            let park = document.parked.as_ref().unwrap();
            assert_eq!((park.reason, park.class), (ParkReason::MissingPermission, Some(FailureClass::Permission)));
            assert_eq!((park.since, park.until), (now(), now() + policy().park_for));
            let waits = |entry: &&Entry| {
                entry.state == EntryState::Waiting { due: now() } && entry.attempt == policy().max_attempts
            };
            // What was not begun counts as canceled when a person canceled, and otherwise waits with the others.
            assert_eq!(document.resources.values().filter(waits).count(), 3 - canceled, "{state:?}");
            assert!(document.resources.values().all(|entry| entry.seen_in_task.is_none()));
            assert_eq!((document.history[0].fixed, document.history[0].unfixed), (0, 3));
        }
    }

    #[test]
    fn in_a_list_of_parts_what_lacked_permission_waits_and_the_park_lasts_if_no_part_tells_otherwise() {
        for (last, parked) in [(failed(1, "AuthorizationFailed"), true), (succeeded(1), false)] {
            let mut document = in_task(3);
            let ended = status(TaskState::Failed);
            let first = [failed(0, "AuthorizationFailed")];
            take_in_part(&mut document, &ended, &first, Some("more".to_owned()), &policy(), now());
            assert!(document.parked.is_some() && document.active.is_some());
            take_in_part(&mut document, &ended, &[last], None, &policy(), now());
            assert_eq!((document.parked.is_some(), document.active.is_some()), (parked, false));
            let uncounted = document.resources[&resource(0)].clone();
            assert_eq!((uncounted.state, uncounted.attempt), (EntryState::Waiting { due: now() }, 1));
            // What had no deployment waits with the others, or has used an attempt as ever.
            assert_eq!(document.resources[&resource(2)].attempt, if parked { 1 } else { 2 });
        }
    }

    #[test]
    fn where_something_is_fixed_what_lacks_permission_is_parked_by_itself() {
        let mut document = in_task(2);
        let deployments = [succeeded(0), failed(1, "AuthorizationFailed")];
        take_in(&mut document, &status(TaskState::Failed), &deployments, &policy(), now());
        assert_eq!(document.parked, None);
        let state = &document.resources[&resource(1)].state;
        assert!(matches!(state, EntryState::Parked { reason: ParkReason::MissingPermission, .. }), "{state:?}");
    }
}
