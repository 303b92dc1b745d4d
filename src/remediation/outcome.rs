//! Takes in how a task ended, resource by resource. The list of deployments is believed, not the task's counters, which lag.

use std::collections::HashMap;

use super::backoff::next_attempt;
use super::failure::{Verdict, classify, verdict};
use super::listing;
use super::merge::{new_episode, park};
use super::target_park::{TargetCause, learn_of_permission, park_target};
use crate::arm::{Deployment, DeploymentStatus, TaskState, TaskStatus};
use crate::config::Policy;
use crate::event::Timestamp;
use crate::resource::ResourceId;
use crate::state::{
    ActiveTask, Entry, EntryState, FailureClass, LastFailure, ParkReason, PastTask, Reading, SkipReason, TargetDocument,
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
    take_in_part(document, status, deployments, None, policy, now);
}

/// Takes in a part of the list of the active task's deployments; `next` leads to the rest. Without a rest the task is done
/// with, and what no part told of was not in its list.
pub(super) fn take_in_part(
    document: &mut TargetDocument,
    status: &TaskStatus,
    deployments: &[Deployment],
    next: Option<String>,
    policy: &Policy,
    now: Timestamp,
) {
    let Some(mut active) = document.active.take() else { return };
    let so_far = active.reading.take().unwrap_or_default();
    learn_of_permission(document, deployments, so_far == Reading::default(), policy, now);
    let is_parked = document.parked.is_some();
    let no_deployments = deployments.is_empty() && so_far == Reading::default();
    let unlisted_fixes = if active.extent.is_whole() { list_failures(document, deployments, now) } else { 0 };
    let by_resource: HashMap<&str, &Deployment> = deployments.iter().map(|d| (d.resource.as_str(), d)).collect();
    let (mut fixed, mut unfixed) = (so_far.fixed + unlisted_fixes, so_far.unfixed);
    for (id, entry) in &mut document.resources {
        let deployment = by_resource.get(id.as_str()).copied();
        let is_in_it = match entry.state {
            EntryState::InTask => next.is_none() || deployment.is_some(),
            // A task for the whole scope may have taken what was seen only after it had begun.
            EntryState::Waiting { .. } => {
                active.extent.is_whole() && entry.attempt == 1 && deployment.is_some_and(|d| says_more(d, entry))
            }
            EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => false,
        };
        if !is_in_it {
            continue;
        }
        let ending = Ending { id, task: &active, status, no_deployments, policy, now };
        // A person who canceled is obeyed for what was not begun, whatever the rest has met.
        if is_parked && (deployment.is_some() || status.state != TaskState::Canceled) {
            entry.state = EntryState::Waiting { due: now };
            entry.seen_in_task = None;
            unfixed += 1;
            continue;
        }
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
    if let Some(next) = next {
        document.active = Some(ActiveTask { reading: Some(Reading { next, fixed, unfixed }), ..active });
        return;
    }
    if active.extent.is_whole() {
        listing::whole_scope_done(document, policy, now);
        if status.state == TaskState::Canceled {
            let words = canceled(&active);
            park_target(document, &TargetCause { reason: ParkReason::Canceled, class: None, words }, policy, now);
        }
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

/// A task for the whole scope may have taken resources that are not listed. Those that failed are listed as in the task, so that
/// they are tried again; the number of the others is returned.
fn list_failures(document: &mut TargetDocument, deployments: &[Deployment], now: Timestamp) -> usize {
    let mut fixed = 0;
    for deployment in deployments {
        let Ok(id) = deployment.resource.parse::<ResourceId>() else { continue };
        if document.resources.contains_key(&id) {
            continue;
        }
        match deployment.status {
            DeploymentStatus::Succeeded => fixed += 1,
            DeploymentStatus::Failed { .. } => {
                let entry = Entry::waiting(deployment.ended.unwrap_or(now), now);
                document.resources.insert(id, Entry { state: EntryState::InTask, ..entry });
            }
            DeploymentStatus::Open => {}
        }
    }
    fixed
}

/// Whether the deployment ended, and later than the evaluation that the entry knows.
fn says_more(deployment: &Deployment, entry: &Entry) -> bool {
    deployment.status != DeploymentStatus::Open && deployment.ended.is_some_and(|ended| ended >= entry.observed_at)
}

fn canceled(task: &ActiveTask) -> String {
    format!("task {} was canceled", task.name)
}

struct Ending<'a> {
    id: &'a ResourceId,
    task: &'a ActiveTask,
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
        entry.state = EntryState::Fixed { at, verified_at: None };
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
            // The whole target is parked, with what is not listed.
            TaskState::Canceled if self.task.extent.is_whole() => {
                entry.state = EntryState::Waiting { due: self.now };
            }
            TaskState::Canceled => {
                entry.state = park(ParkReason::Canceled, None, canceled(self.task), self.policy, self.now);
            }
            TaskState::Active | TaskState::Succeeded | TaskState::Failed | TaskState::Complete => {
                // A success without any deployment may have come before the evaluation that it needed.
                let stale = self.status.state == TaskState::Succeeded && self.no_deployments && !entry.is_stale();
                self.again(
                    entry,
                    stale.then_some(FailureClass::Stale),
                    format!("task {} ended as {} without a deployment to it", self.task.name, self.status.word),
                );
            }
        }
    }

    fn again(&self, entry: &mut Entry, class: Option<FailureClass>, words: String) {
        if entry.attempt >= self.policy.max_attempts {
            entry.state = park(ParkReason::AttemptsUsedUp, class, words, self.policy, self.now);
        } else {
            entry.state =
                EntryState::Waiting { due: next_attempt(entry.attempt, &self.task.name, self.policy, self.now) };
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
    use crate::state::{Extent, TaskName, TaskPhase};
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
            extent: Extent::Resources,
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

    fn deployment(n: usize, status: DeploymentStatus) -> Deployment {
        Deployment { resource: resource(n).as_str().to_owned(), status, ended: Some(now() - Duration::from_secs(60)) }
    }

    fn failed(code: &str) -> DeploymentStatus {
        DeploymentStatus::Failed { code: code.to_owned(), message: "words".to_owned() }
    }

    #[test]
    fn a_whole_scope_task_also_tells_of_what_was_seen_after_it_began() {
        let mut document = in_task(3);
        document.active.as_mut().unwrap().extent = Extent::Whole { count: 3 };
        for (n, seconds) in [(1, 7_200), (2, 30)] {
            let entry = document.resources.get_mut(&resource(n)).unwrap();
            entry.state = EntryState::Waiting { due: now() };
            entry.observed_at = now() - Duration::from_secs(seconds);
        }
        let ended = [0, 1, 2].map(|n| deployment(n, DeploymentStatus::Succeeded));
        let mut limited = document.clone();
        take_in(&mut document, &status(TaskState::Succeeded), &ended, &policy(), now());
        let is_fixed =
            |document: &TargetDocument, n| matches!(document.resources[&resource(n)].state, EntryState::Fixed { .. });
        // The last was evaluated after its deployment had ended.
        assert_eq!([0, 1, 2].map(|n| is_fixed(&document, n)), [true, true, false]);
        limited.active.as_mut().unwrap().extent = Extent::Resources;
        take_in(&mut limited, &status(TaskState::Succeeded), &ended, &policy(), now());
        assert_eq!([0, 1, 2].map(|n| is_fixed(&limited, n)), [true, false, false]);
    }

    #[test]
    fn a_whole_scope_task_lists_what_failed_and_counts_what_it_fixed_unlisted() {
        let mut document = in_task(1);
        document.active.as_mut().unwrap().extent = Extent::Whole { count: 3 };
        let ended = [
            deployment(0, DeploymentStatus::Succeeded),
            deployment(1, DeploymentStatus::Succeeded),
            deployment(2, failed("ServerBusy")),
        ];
        take_in(&mut document, &status(TaskState::Failed), &ended, &policy(), now());
        assert!(!document.resources.contains_key(&resource(1)));
        let entry = &document.resources[&resource(2)];
        assert!(matches!(entry.state, EntryState::Waiting { .. }) && entry.attempt == 2, "{entry:?}");
        assert_eq!(document.history.last().map(|past| (past.fixed, past.unfixed)), Some((2, 1)));
    }

    #[test]
    fn who_cancels_a_task_for_the_whole_scope_parks_the_target_once() {
        let mut document = in_task(3);
        document.active.as_mut().unwrap().extent = Extent::Whole { count: 3 };
        let ended = [deployment(0, DeploymentStatus::Succeeded)];
        take_in(&mut document, &status(TaskState::Canceled), &ended, &policy(), now());
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
        take_in(&mut once, &status(TaskState::Failed), &deployments, &policy(), now());
        for size in 1..9 {
            let mut document = in_task(10);
            let parts = deployments.chunks(size).count();
            for (place, part) in deployments.chunks(size).enumerate() {
                let next = (place + 1 < parts).then(|| format!("part {place}"));
                assert!(document.active.is_some());
                take_in_part(&mut document, &status(TaskState::Failed), part, next, &policy(), now());
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
