//! Whether it is the subscription that makes deployments fail, and not one resource after the other: a resource provider that the template
//! needs is not registered, or the subscription is disabled. Then the target is parked once, and what had failed waits with the rest.

use crate::document::{EntryState, FailureClass, TargetCause, TargetDocument};
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::park_target::park_target;
use super::states::parked_at;

/// Parks the target after a task of which nothing works, where most of what failed did so for a cause of the subscription. That task must
/// have met it itself: what failed before says nothing of a subscription that a person has seen to since.
pub(super) fn learn_of_subscription(
    document: &mut TargetDocument,
    opened_at: Timestamp,
    (fixed, unfixed): (usize, usize),
    tuning: &Tuning,
    now: Timestamp,
) {
    if document.parked.is_some() || fixed > 0 {
        return;
    }
    // The opening is dated by storage's clock, parks by this machine's.
    let since = opened_at - tuning.clock_tolerance;
    let mut first = None;
    let mut failed = Vec::new();
    for (id, entry) in &document.resources {
        if let EntryState::Parked { reason, class: class @ Some(FailureClass::Subscription), words, hint, .. } =
            &entry.state
            && parked_at(&entry.state, tuning).is_some_and(|at| at >= since)
        {
            failed.push(id.clone());
            first.get_or_insert_with(|| TargetCause {
                reason: *reason,
                class: *class,
                words: words.clone(),
                hint: Some(hint.clone()),
            });
        }
    }
    let Some(cause) = first.filter(|_| failed.len() * 2 > unfixed) else { return };
    park_target(document, &cause, tuning, now);
    for id in failed {
        if let Some(entry) = document.resources.get_mut(&id) {
            entry.state = EntryState::Waiting { due: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ActiveTask, ParkReason};
    use crate::fact::{Deployment, DeploymentStatus, TaskState};
    use crate::fixture::{SUB, deployment, failed, in_task, now, resource, status, tuning};
    use crate::transition::schedule::reschedule_overdue;
    use crate::transition::settle::settle;

    fn unregistered(n: usize) -> Deployment {
        let message = "The subscription is not registered to use namespace 'Microsoft.Insights'. See https://aka.ms/rps-not-found";
        let code = "MissingSubscriptionRegistration".to_owned();
        deployment(n, DeploymentStatus::Failed { code, message: message.to_owned() })
    }

    fn ended(deployments: &[Deployment]) -> TargetDocument {
        let mut document = in_task(deployments.len());
        settle(&mut document, &status(TaskState::Failed), deployments, &tuning(), now());
        document
    }

    #[test]
    fn a_provider_that_is_not_registered_parks_the_target_once_with_the_command_and_uses_no_attempt() {
        let mut document = ended(&[unregistered(0), unregistered(1), deployment(2, failed("InvalidTemplate"))]);
        let park = document.parked.clone().unwrap();
        assert_eq!(park.reason, ParkReason::ProviderNotRegistered);
        assert!(
            park.hint.contains("az provider register --namespace 'Microsoft.Insights' --subscription"),
            "{}",
            park.hint
        );
        assert!(!park.is_of_refusal(), "it is the target's own, and ends with its time");
        for n in [0, 1] {
            let entry = &document.resources[&resource(n)];
            assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1));
        }
        assert!(
            matches!(document.resources[&resource(2)].state, EntryState::Parked { .. }),
            "that one has its own cause"
        );
        reschedule_overdue(&mut document, now() + tuning().park_for);
        assert_eq!(document.parked, None);
    }

    #[test]
    fn what_failed_so_in_an_earlier_task_says_nothing_of_one_that_failed_otherwise() {
        let (works, busy) = (deployment(1, DeploymentStatus::Succeeded), deployment(2, failed("Conflict")));
        let mut document = ended(&[unregistered(0), works]);
        let later = now() + tuning().clock_tolerance * 3;
        let mut next = in_task(3);
        let entry = next.resources.remove(&resource(2)).unwrap();
        document.resources.insert(resource(2), entry);
        document.active = next.active.map(|active| ActiveTask { opened_at: later, ..active });
        settle(&mut document, &status(TaskState::Failed), &[busy], &tuning(), later);
        assert_eq!(document.parked, None);
        assert!(matches!(document.resources[&resource(0)].state, EntryState::Parked { .. }), "it stays parked");
        assert!(matches!(document.resources[&resource(2)].state, EntryState::Waiting { .. }), "it is tried again");
    }

    #[test]
    fn a_subscription_that_the_words_name_and_that_is_another_is_not_the_targets() {
        let other = "9f0c1c1e-0000-4000-8000-000000000001";
        for (code, message, is_its_own) in [
            ("ReadOnlyDisabledSubscription", format!("The subscription '{other}' is disabled."), false),
            ("SubscriptionSuspended", format!("Subscription with ID {other} is suspended."), false),
            ("DisabledSubscription", format!("/subscriptions/{other}/resourceGroups/hub is disabled."), false),
            ("DisabledSubscription", format!("{SUB} is disabled."), true),
            ("DisabledSubscription", "The subscription is disabled.".to_owned(), true),
        ] {
            let linked = deployment(0, DeploymentStatus::Failed { code: code.to_owned(), message });
            let document = ended(&[linked]);
            assert_eq!(document.parked.is_some(), is_its_own, "{code}");
            if let EntryState::Parked { reason, .. } = &document.resources[&resource(0)].state {
                assert_eq!((*reason, is_its_own), (ParkReason::PermanentFailure, false), "{code}");
            }
        }
    }

    #[test]
    fn where_something_works_or_most_have_another_cause_it_is_the_resources_own() {
        let works = deployment(1, DeploymentStatus::Succeeded);
        let other = |n| deployment(n, failed("InvalidTemplate"));
        for deployments in [vec![unregistered(0), works], vec![unregistered(0), other(1), other(2)]] {
            let document = ended(&deployments);
            assert_eq!(document.parked, None);
            let EntryState::Parked { reason, class, .. } = &document.resources[&resource(0)].state else { panic!() };
            assert_eq!((*reason, *class), (ParkReason::ProviderNotRegistered, Some(FailureClass::Subscription)));
        }
    }
}
