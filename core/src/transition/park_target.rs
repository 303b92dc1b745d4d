//! The park of a whole target, for causes that are the target's own: no identity, no roles, no reference, nothing that the worker
//! itself may do, or a person who canceled a task for the whole scope. One record and one line in the log, however many
//! resources wait; they keep their place and their attempt, and go on when the park ends.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::document::{Entry, EntryState, FailureClass, ParkReason, TargetCause, TargetDocument, TargetPark};
use crate::event::ComplianceState;
use crate::fact::{Deployment, DeploymentStatus, ScopeStates};
use crate::id::ResourceId;
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::failure::is_permission;
use super::hint;

/// When it is first looked whether a person has granted what is missing.
pub(crate) const FIRST_CHECK: Duration = Duration::from_secs(900);

/// Parks the target until `PARK_FOR` has passed.
pub(crate) fn park_target(document: &mut TargetDocument, cause: &TargetCause, tuning: &Tuning, now: Timestamp) {
    document.parked = Some(TargetPark {
        reason: cause.reason,
        class: cause.class,
        words: cause.words.clone(),
        hint: cause.hint.clone().unwrap_or_else(|| cause.reason.hint().to_owned()),
        since: now,
        until: now + tuning.park_for,
        shared: false,
        check_at: None,
    });
}

/// Ends the target's park if its time is over. One for what Resource Manager refuses ends with an answer, and no sooner, unless
/// nothing is left that would be asked for.
pub(crate) fn unpark_target(document: &mut TargetDocument, now: Timestamp) {
    let asks = document.active.is_some() || document.earliest_due().is_some();
    document.parked.take_if(|park| park.until <= now && !(asks && park.is_of_refusal()));
}

/// The service's words when a deployment lacked permission.
pub(crate) fn refusal(deployment: &Deployment) -> Option<String> {
    match &deployment.status {
        DeploymentStatus::Failed { code, message } if is_permission(code, message) => {
            Some(format!("{code}: {message}"))
        }
        DeploymentStatus::Failed { .. } | DeploymentStatus::Succeeded | DeploymentStatus::Open => None,
    }
}

/// The one resource group in which everything that this target tried so far lacked permission, if it is one alone and nothing is
/// fixed: `deployments` are the last part of the list. Two groups are enough to blame the target.
pub(crate) fn only_group(document: &TargetDocument, deployments: &[Deployment]) -> Option<String> {
    let is_fixed = |entry: &Entry| matches!(entry.state, EntryState::Fixed { .. });
    if deployments.iter().any(|deployment| refusal(deployment).is_none()) || document.resources.values().any(is_fixed) {
        return None;
    }
    let is_refused = |entry: &Entry| match &entry.state {
        EntryState::Parked { reason: ParkReason::MissingPermission, words, .. } => {
            let (code, message) = words.split_once(": ").unwrap_or(("", words));
            is_permission(code, message)
        }
        EntryState::InTask => entry.is_refused(),
        EntryState::Parked { .. }
        | EntryState::Waiting { .. }
        | EntryState::Fixed { .. }
        | EntryState::Skipped { .. } => false,
    };
    let earlier = document.resources.iter().filter(|(_, entry)| is_refused(entry)).map(|(id, _)| id.clone());
    let now = deployments.iter().filter_map(|deployment| deployment.resource.parse().ok());
    let groups: BTreeSet<_> = earlier.chain(now).map(|id| group(&id)).collect();
    groups.first().filter(|_| groups.len() == 1).cloned()
}

/// Whether the policy states show a resource of another group that does not comply, or may: only a refusal to tell is an answer.
pub(crate) fn is_elsewhere(list: &ScopeStates, group_tried: &str) -> bool {
    let is_open = list.is_unanswered() && !list.is_refused;
    let bad = list.states.iter().filter(|state| state.state == ComplianceState::NonCompliant);
    is_open || bad.filter_map(|state| state.resource.parse().ok()).any(|id| group(&id) != group_tried)
}

/// The group of the resource; of the subscription, what is in none.
fn group(id: &ResourceId) -> String {
    id.resource_group().map_or_else(String::new, |group| group.to_string())
}

/// Parks the target after a task of which not one deployment worked, and each lacked permission: `deployments` are the last
/// part of its list. Where something is fixed, the identity works, and what lacks permission is a matter of the single
/// resource.
pub(crate) fn learn_of_permission(
    document: &mut TargetDocument,
    deployments: &[Deployment],
    tuning: &Tuning,
    now: Timestamp,
) {
    if document.resources.values().any(|entry| matches!(entry.state, EntryState::Fixed { .. })) {
        return;
    }
    let earlier = document.resources.values().find(|entry| entry.is_refused()).and_then(|e| e.last_failure.as_ref());
    let words = earlier.map(|failure| failure.words.clone()).or_else(|| deployments.iter().find_map(refusal));
    if let Some(words) = words {
        let class = Some(FailureClass::Permission);
        let hint = document.canary.clone().or_else(|| hint::permission(&words));
        park_target(document, &TargetCause { reason: ParkReason::MissingPermission, class, words, hint }, tuning, now);
        // It was uncertain whether a role is there: whoever grants it is seen.
        if let Some(park) = document.parked.as_mut().filter(|_| document.canary.is_some()) {
            park.check_at = Some(now + FIRST_CHECK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Entry;
    use crate::fact::{PolicyState, TaskState};
    use crate::fixture::{deployment, failed, in_task, now, resource, seen, status, tuning, waiting};
    use crate::message::Finding;
    use crate::transition::doubts;
    use crate::transition::observe::merge;
    use crate::transition::schedule::reschedule_overdue;
    use crate::transition::settle::{settle, settle_page};

    fn refused(n: usize, code: &str) -> Deployment {
        deployment(n, failed(code))
    }

    fn succeeded(n: usize) -> Deployment {
        deployment(n, DeploymentStatus::Succeeded)
    }

    fn ended(mut document: TargetDocument, parts: &[&[Deployment]]) -> TargetDocument {
        for (n, part) in parts.iter().enumerate() {
            assert_eq!(document.parked, None, "the whole list decides");
            let next = (n + 1 < parts.len()).then(|| format!("part {}", n + 1));
            settle_page(&mut document, &status(TaskState::Failed), part, next, &tuning(), now());
        }
        assert_eq!(document.active, None);
        document
    }

    #[test]
    fn roles_are_the_targets_matter_only_when_nothing_shows_that_the_identity_works() {
        let all_refused = || vec![refused(0, "AuthorizationFailed"), refused(1, "LinkedAuthorizationFailed")];
        let with = |other: Deployment| all_refused().into_iter().chain([other]).collect::<Vec<_>>();
        let open = Deployment { status: DeploymentStatus::Open, ..refused(2, "") };
        let told = |words: &str| {
            let status = DeploymentStatus::Failed { code: "RemediationFailed".to_owned(), message: words.to_owned() };
            deployment(2, status)
        };
        for (deployments, expected) in [
            (all_refused(), true),
            (with(refused(2, "ServerBusy")), false),
            (with(succeeded(2)), false),
            (with(open), false),
            (with(told("the status code 403")), false),
            (vec![told("the script got status code 403")], false),
            (vec![told("The 'PATCH' request failed with status code: 'Forbidden'")], true),
            (Vec::new(), false),
        ] {
            let found = ended(in_task(4), &[&deployments]).parked;
            assert_eq!(found.is_some(), expected, "{deployments:?}");
            if let Some(park) = found {
                assert!(park.words.starts_with("AuthorizationFailed: words") || deployments.len() == 1);
            }
        }
        let mut fixed_elsewhere = in_task(4);
        fixed_elsewhere.resources.get_mut(&resource(3)).unwrap().state =
            EntryState::Fixed { at: now(), verified_at: None };
        assert_eq!(ended(fixed_elsewhere, &[&all_refused()]).parked, None);
    }

    #[test]
    fn what_may_be_anothers_answer_makes_no_second_group() {
        let elsewhere: ResourceId =
            resource(0).as_str().replace("/resourcegroups/rg/", "/resourcegroups/other/").parse().unwrap();
        for (words, is_one) in
            [("AuthorizationFailed: words", false), ("RemediationFailed: the script got status code 403", true)]
        {
            let mut document = in_task(2);
            let mut entry = document.resources[&resource(0)].clone();
            entry.state = EntryState::Parked {
                reason: ParkReason::MissingPermission,
                class: Some(FailureClass::Permission),
                words: words.to_owned(),
                hint: String::new(),
                until: now(),
            };
            document.resources.insert(elsewhere.clone(), entry);
            let found = only_group(&document, &[refused(1, "AuthorizationFailed")]);
            assert_eq!(found.is_some(), is_one, "{words}");
        }
    }

    #[test]
    fn sweep_ends_a_park_that_is_over_and_no_other_and_attempts_stay_as_they_were() {
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new(), hint: None };
        for (offset, ended) in [(-1, false), (0, true), (1, true)] {
            let mut document = waiting(2);
            document.resources.values_mut().for_each(|entry| entry.attempt = 3);
            park_target(&mut document, &cause, &tuning(), now());
            let resources = document.resources.clone();
            reschedule_overdue(&mut document, now() + tuning().park_for + time::Duration::seconds(offset));
            assert_eq!(document.parked.is_none(), ended, "{offset}");
            assert_eq!(document.resources, resources);
        }
    }

    #[test]
    fn in_a_parked_target_events_are_merged_as_always() {
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new(), hint: None };
        let mut document = waiting(2);
        park_target(&mut document, &cause, &tuning(), now());
        merge(&mut document, &seen(Finding::Compliant, 0, now()), &tuning(), now());
        assert_eq!(doubts::due(&document, now()), [resource(0)], "the policy states are asked");
        let state = ComplianceState::Compliant;
        let state =
            PolicyState { resource: resource(0).to_string(), state, at: Some(now()), effect: None, location: None };
        let entry = document.resources.get_mut(&resource(0)).unwrap();
        doubts::settle(entry, Some(&state), &tuning(), now());
        merge(&mut document, &seen(Finding::NonCompliant, 7, now()), &tuning(), now());
        let held = |n| document.holds(&document.resources[&resource(n)]);
        assert!(!held(0), "it became compliant: it is no longer among what waits");
        assert!(held(1) && held(7));
    }

    #[test]
    fn when_every_deployment_lacks_permission_the_target_is_parked_once_and_no_attempt_is_counted() {
        let refused: Vec<_> = (0..2).map(|n| refused(n, "AuthorizationFailed")).collect();
        for (state, canceled) in [(TaskState::Failed, 0), (TaskState::Canceled, 1)] {
            let mut document = in_task(3);
            document.resources.values_mut().for_each(|entry| entry.attempt = tuning().max_attempts);
            merge(&mut document, &seen(Finding::NonCompliant, 0, now()), &tuning(), now());
            settle(&mut document, &status(state), &refused, &tuning(), now());
            let park = document.parked.as_ref().unwrap();
            assert_eq!((park.reason, park.class), (ParkReason::MissingPermission, Some(FailureClass::Permission)));
            assert_eq!((park.since, park.until), (now(), now() + tuning().park_for));
            let waits = |entry: &&Entry| {
                entry.state == EntryState::Waiting { due: now() } && entry.attempt == tuning().max_attempts
            };
            // What was not begun counts as canceled when a person canceled, and otherwise waits with the others.
            assert_eq!(document.resources.values().filter(waits).count(), 3 - canceled, "{state:?}");
            assert!(document.resources.values().all(|entry| entry.seen_in_task.is_none()));
            assert_eq!((document.history[0].fixed, document.history[0].unfixed), (0, 3));
        }
    }

    #[test]
    fn a_list_of_parts_is_read_to_its_end_before_anything_is_said_of_permission() {
        let first = [refused(0, "AuthorizationFailed")];
        let parts: [(&[Deployment], bool); 4] = [
            (&[refused(1, "AuthorizationFailed")], true),
            (&[], true),
            (&[succeeded(1)], false),
            (&[refused(1, "ServerBusy")], false),
        ];
        for (last, parked) in parts {
            let document = ended(in_task(3), &[&first, last]);
            assert_eq!(document.parked.is_some(), parked, "{last:?}");
            let of_the_first = &document.resources[&resource(0)];
            if parked {
                let expected = (EntryState::Waiting { due: now() }, 1, None);
                let found = (of_the_first.state.clone(), of_the_first.attempt, of_the_first.last_failure.clone());
                assert_eq!(found, expected, "it waits with its target, and no attempt is counted");
            } else {
                let EntryState::Parked { reason, class, words, .. } = &of_the_first.state else {
                    panic!("its attempt was its own: {of_the_first:?}")
                };
                assert_eq!((*reason, *class), (ParkReason::MissingPermission, Some(FailureClass::Permission)));
                assert_eq!(words, "AuthorizationFailed: words");
            }
            assert_eq!(document.resources[&resource(2)].attempt, 1, "what had no deployment had no attempt");
            let unfixed = if last.first().is_some_and(|d| d.status == DeploymentStatus::Succeeded) { 2 } else { 3 };
            assert_eq!((document.history[0].fixed, document.history[0].unfixed), (3 - unfixed, unfixed));
        }
    }

    #[test]
    fn where_something_is_fixed_what_lacks_permission_is_parked_by_itself() {
        let mut document = in_task(2);
        let deployments = [succeeded(0), refused(1, "AuthorizationFailed")];
        settle(&mut document, &status(TaskState::Failed), &deployments, &tuning(), now());
        assert_eq!(document.parked, None);
        let state = &document.resources[&resource(1)].state;
        assert!(matches!(state, EntryState::Parked { reason: ParkReason::MissingPermission, .. }), "{state:?}");
    }
}
