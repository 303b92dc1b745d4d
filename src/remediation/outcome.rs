//! Takes in how a task ended, resource by resource. The list of deployments is believed, not the task's counters, which lag.

use std::collections::HashMap;

use super::backoff::next_attempt;
use super::failure::{Verdict, classify, verdict};
use super::merge::{new_episode, park};
use crate::arm::{Deployment, DeploymentStatus, TaskState, TaskStatus};
use crate::config::Policy;
use crate::event::Timestamp;
use crate::resource::ResourceId;
use crate::state::{
    Entry, EntryState, FailureClass, LastFailure, ParkReason, PastTask, SkipReason, TargetDocument, TaskName,
};

/// Tasks that a document remembers.
const HISTORY: usize = 10;

/// Takes in the outcome of the active task. Afterwards the target has none.
pub(super) fn take_in(
    document: &mut TargetDocument,
    status: &TaskStatus,
    deployments: &[Deployment],
    policy: &Policy,
    now: Timestamp,
) {
    let Some(active) = document.active.take() else { return };
    let by_resource: HashMap<&str, &Deployment> = deployments.iter().map(|d| (d.resource.as_str(), d)).collect();
    let (mut fixed, mut unfixed) = (0, 0);
    for (id, entry) in document.resources.iter_mut().filter(|(_, e)| e.state == EntryState::InTask) {
        let deployment = by_resource.get(id.as_str()).copied();
        let no_deployments = deployments.is_empty();
        let ending = Ending { id, task: &active.name, status, no_deployments, policy, now };
        match deployment.map(|d| (&d.status, d.ended)) {
            Some((DeploymentStatus::Succeeded, ended)) => {
                fixed += 1;
                ending.fixed(entry, ended.unwrap_or(now));
                continue;
            }
            Some((DeploymentStatus::Failed { code, message }, _)) => ending.failed(entry, code, message),
            Some((DeploymentStatus::Open, _)) | None => ending.untouched(entry),
        }
        unfixed += 1;
    }
    document.history.push(PastTask {
        name: active.name,
        state: status.word.clone(),
        opened_at: active.opened_at,
        ended_at: now,
        fixed,
        unfixed,
    });
    let surplus = document.history.len().saturating_sub(HISTORY);
    document.history.drain(..surplus);
}

struct Ending<'a> {
    id: &'a ResourceId,
    task: &'a TaskName,
    status: &'a TaskStatus,
    no_deployments: bool,
    policy: &'a Policy,
    now: Timestamp,
}

impl Ending<'_> {
    fn fixed(&self, entry: &mut Entry, at: Timestamp) {
        entry.fixes.retain(|earlier| *earlier + self.policy.flap_window > self.now);
        entry.fixes.push(at);
        entry.last_failure = None;
        // Without a doubt left, an evaluation after the deployment's end was a compliant one that came before the task ended.
        let verified_at = Some(entry.observed_at).filter(|seen| entry.seen_in_task.is_none() && *seen >= at);
        entry.state = EntryState::Fixed { at, verified_at };
        // Seen non-compliant after the deployment ended: it did not last.
        if let Some(seen) = entry.seen_in_task.take().filter(|seen| *seen > at) {
            new_episode(entry, seen, self.policy, self.now);
        }
    }

    fn failed(&self, entry: &mut Entry, code: &str, message: &str) {
        let class = classify(code, message, self.id);
        let words = format!("{code}: {message}");
        match verdict(class) {
            Verdict::Retry => self.again(entry, Some(class), words),
            Verdict::Reevaluate if !entry.is_stale() => self.again(entry, Some(class), words),
            Verdict::Reevaluate => {
                entry.state = park(ParkReason::PermanentFailure, Some(class), words, self.policy, self.now)
            }
            Verdict::Skip => entry.state = EntryState::Skipped { reason: SkipReason::ResourceGone, at: self.now },
            Verdict::Park(reason) => entry.state = park(reason, Some(class), words, self.policy, self.now),
        }
        entry.seen_in_task = None;
    }

    /// The task ended without a deployment to the resource: it was not non-compliant any more, or its turn did not come.
    /// The policy states tell which before the next wave.
    fn untouched(&self, entry: &mut Entry) {
        entry.seen_in_task = None;
        match self.status.state {
            TaskState::Canceled => {
                entry.state =
                    park(ParkReason::Canceled, None, format!("task {} was canceled", self.task), self.policy, self.now);
            }
            TaskState::Active | TaskState::Succeeded | TaskState::Failed | TaskState::Complete => {
                // A success without any deployment may have come before the evaluation that it needed.
                let stale = self.status.state == TaskState::Succeeded && self.no_deployments && !entry.is_stale();
                self.again(
                    entry,
                    stale.then_some(FailureClass::Stale),
                    format!("task {} ended as {} without a deployment to it", self.task, self.status.word),
                );
            }
        }
    }

    fn again(&self, entry: &mut Entry, class: Option<FailureClass>, words: String) {
        if entry.attempt >= self.policy.max_attempts {
            entry.state = park(ParkReason::AttemptsUsedUp, class, words, self.policy, self.now);
        } else {
            entry.state = EntryState::Waiting { due: next_attempt(entry.attempt, self.task, self.policy, self.now) };
            entry.attempt += 1;
            entry.last_failure = Some(LastFailure { class, words });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Seen;
    use crate::remediation::fixture::{now, policy, resource, seen, target};
    use crate::remediation::merge::merge;
    use crate::state::{ActiveTask, TaskPhase};
    use std::time::Duration;

    fn in_task(count: usize) -> TargetDocument {
        let mut document = TargetDocument::new(target());
        for n in 0..count {
            merge(&mut document, &seen(Seen::NonCompliant, n, now() - Duration::from_secs(7_200)), &policy(), now());
        }
        document.resources.values_mut().for_each(|e| e.state = EntryState::InTask);
        let name = TaskName::new(&document.target.hash(), 1);
        document.active = Some(ActiveTask {
            name,
            phase: TaskPhase::Open,
            at: None,
            opened_at: now(),
            check_at: now(),
            overdue_reported: false,
        });
        document
    }

    fn status(state: TaskState) -> TaskStatus {
        TaskStatus { state, word: format!("{state:?}"), created_on: None }
    }

    fn deployment(n: usize, status: DeploymentStatus) -> Deployment {
        Deployment { resource: resource(n).as_str().to_owned(), status, ended: Some(now() - Duration::from_secs(60)) }
    }

    fn failed(code: &str) -> DeploymentStatus {
        DeploymentStatus::Failed { code: code.to_owned(), message: "words".to_owned() }
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
        take_in(&mut document, &status(TaskState::Failed), &deployments, &policy(), now());
        let entry = |n: usize| &document.resources[&resource(n)];
        assert!(matches!(entry(0).state, EntryState::Fixed { at, .. } if at == now() - Duration::from_secs(60)));
        assert_eq!(entry(0).fixes.len(), 1);
        assert!(
            matches!(&entry(2).state, EntryState::Parked { reason: ParkReason::PermanentFailure, words, .. } if words == "Nonsense: words")
        );
        for n in [1, 3, 4] {
            assert!(matches!(entry(n).state, EntryState::Waiting { .. }) && entry(n).attempt == 2, "{n}");
        }
        assert_eq!((document.history[0].fixed, document.history[0].unfixed), (1, 4));
        assert_eq!(document.active, None);
    }

    #[test]
    fn retries_of_one_task_share_their_due_time() {
        let mut document = in_task(20);
        let deployments: Vec<_> = (0..20).map(|n| deployment(n, failed("ServerBusy"))).collect();
        take_in(&mut document, &status(TaskState::Failed), &deployments, &policy(), now());
        let dues: std::collections::HashSet<_> =
            document.resources.values().map(|e| format!("{:?}", e.state)).collect();
        assert_eq!(dues.len(), 1);
    }

    #[test]
    fn the_last_attempt_parks_with_the_services_words() {
        let mut document = in_task(1);
        document.resources.values_mut().for_each(|e| e.attempt = policy().max_attempts);
        take_in(&mut document, &status(TaskState::Failed), &[deployment(0, failed("ServerBusy"))], &policy(), now());
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
            merge(&mut document, &seen(Seen::NonCompliant, 0, now() - Duration::from_secs(offset)), &policy(), now());
            take_in(
                &mut document,
                &status(TaskState::Succeeded),
                &[deployment(0, DeploymentStatus::Succeeded)],
                &policy(),
                now(),
            );
            let entry = &document.resources[&resource(0)];
            assert_eq!(matches!(entry.state, EntryState::Waiting { .. }), waits, "{offset}");
            assert_eq!(entry.fixes.len(), 1);
        }
    }

    #[test]
    fn a_fix_that_was_found_compliant_before_its_task_ended_is_verified() {
        let ago = |seconds| now() - Duration::from_secs(seconds);
        let verified_at = |events: &[(Seen, u64)]| {
            let mut document = in_task(1);
            for (kind, seconds) in events {
                merge(&mut document, &seen(*kind, 0, ago(*seconds)), &policy(), now());
            }
            let deployments = [deployment(0, DeploymentStatus::Succeeded)];
            take_in(&mut document, &status(TaskState::Succeeded), &deployments, &policy(), now());
            match document.resources[&resource(0)].state {
                EntryState::Fixed { verified_at, .. } => verified_at,
                ref other => panic!("{other:?}"),
            }
        };
        assert_eq!(verified_at(&[]), None);
        assert_eq!(verified_at(&[(Seen::Compliant, 90)]), None, "the deployment ended later");
        assert_eq!(verified_at(&[(Seen::NonCompliant, 90)]), None);
        assert_eq!(verified_at(&[(Seen::Compliant, 30)]), Some(ago(30)));
        assert_eq!(verified_at(&[(Seen::NonCompliant, 40), (Seen::Compliant, 30)]), Some(ago(30)));
    }

    #[test]
    fn what_azure_policy_has_no_evaluation_of_is_evaluated_anew_once() {
        let stale =
            || DeploymentStatus::Failed { code: "X".into(), message: "No policy evaluation result was found.".into() };
        let mut document = in_task(1);
        take_in(&mut document, &status(TaskState::Failed), &[deployment(0, stale())], &policy(), now());
        assert!(document.resources[&resource(0)].is_stale());
        let entry = document.resources.get_mut(&resource(0)).unwrap();
        entry.state = EntryState::InTask;
        document.active = in_task(1).active;
        take_in(&mut document, &status(TaskState::Failed), &[deployment(0, stale())], &policy(), now());
        let state = &document.resources[&resource(0)].state;
        assert!(matches!(state, EntryState::Parked { class: Some(FailureClass::Stale), .. }), "{state:?}");
    }

    #[test]
    fn a_success_without_any_deployment_is_stale_too() {
        let mut document = in_task(2);
        take_in(&mut document, &status(TaskState::Succeeded), &[], &policy(), now());
        assert!(document.resources.values().all(Entry::is_stale));
        let mut document = in_task(2);
        take_in(
            &mut document,
            &status(TaskState::Succeeded),
            &[deployment(0, DeploymentStatus::Succeeded)],
            &policy(),
            now(),
        );
        assert!(
            !document.resources[&resource(1)].is_stale(),
            "another was deployed to: this one was not non-compliant"
        );
    }

    #[test]
    fn a_person_who_cancels_is_obeyed_for_what_was_not_done_yet() {
        let mut document = in_task(2);
        take_in(
            &mut document,
            &status(TaskState::Canceled),
            &[deployment(0, DeploymentStatus::Succeeded)],
            &policy(),
            now(),
        );
        assert!(matches!(document.resources[&resource(0)].state, EntryState::Fixed { .. }));
        assert!(matches!(
            document.resources[&resource(1)].state,
            EntryState::Parked { reason: ParkReason::Canceled, .. }
        ));
    }
}
