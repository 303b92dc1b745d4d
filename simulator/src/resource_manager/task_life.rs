//! The life of a task as pure functions of (task, now): its course is laid out once, at its start, and every later
//! question is answered by looking at where `now` lies on it. Nothing runs in the background.

use super::{
    Tempo,
    task::{
        Course, DEFAULT_PARALLEL_DEPLOYMENTS, DEFAULT_RESOURCE_COUNT, Deployment, DiscoveryMode, ProvisioningState,
        Task, TaskRequest,
    },
};
use crate::estate::{ArmId, Attempt};
use time::OffsetDateTime;

/// A resource that a task may take.
pub(crate) struct Candidate {
    pub(crate) record: usize,
    pub(crate) resource: ArmId,
    pub(crate) location: String,
    pub(crate) non_compliant_since: OffsetDateTime,
}

/// What the task's counters show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) total: usize,
    pub(crate) successful: usize,
    pub(crate) failed: usize,
}

/// The resources a task takes: oldest first, each once, as many as it asks for.
pub(crate) fn choose(mut candidates: Vec<Candidate>, request: &TaskRequest) -> Vec<Candidate> {
    candidates.retain(|candidate| {
        let in_location =
            request.locations.as_ref().is_none_or(|all| all.iter().any(|one| same_location(one, &candidate.location)));
        in_location && request.resource_ids.as_ref().is_none_or(|all| all.contains(&candidate.resource))
    });
    candidates
        .sort_by(|a, b| a.non_compliant_since.cmp(&b.non_compliant_since).then_with(|| a.resource.cmp(&b.resource)));
    let count = request.resource_count.and_then(|count| usize::try_from(count).ok());
    candidates.dedup_by_key(|candidate| candidate.record);
    candidates.truncate(count.unwrap_or(DEFAULT_RESOURCE_COUNT));
    candidates
}

/// Lays out the deployments of the chosen resources: so many at a time, until all are done or the share of failures
/// exceeds the threshold. `outcome` tells how the deployment of a candidate ends.
pub(crate) fn lay_out(
    chosen: Vec<Candidate>,
    request: &TaskRequest,
    start: OffsetDateTime,
    tempo: &Tempo,
    mut deploy: impl FnMut(&Candidate) -> (String, Attempt),
) -> Course {
    let parallel = request.parallel_deployments.and_then(|count| usize::try_from(count).ok());
    let parallel = parallel.unwrap_or(DEFAULT_PARALLEL_DEPLOYMENTS).max(1);
    let total = chosen.len();
    let allowed = request.failure_threshold.unwrap_or(1.0);
    let (mut deployments, mut failed, mut began_at) = (Vec::with_capacity(total), 0_usize, start);
    let mut rest = chosen.into_iter().peekable();
    let mut stopped_by_threshold = false;
    while rest.peek().is_some() {
        if share(failed, total) > allowed {
            stopped_by_threshold = true;
            break;
        }
        let ends_at = began_at + tempo.deployment;
        for candidate in rest.by_ref().take(parallel) {
            let (id, outcome) = deploy(&candidate);
            failed += usize::from(matches!(outcome, Attempt::Fail(_)));
            let Candidate { record, resource, location, .. } = candidate;
            deployments.push(Deployment { record, resource, location, id, began_at, ends_at, outcome });
        }
        began_at = ends_at;
    }
    Course::Laid { deployments, total, stopped_by_threshold }
}

/// Cancels a task that has not ended: deployments that have not begun never will. Returns those.
pub(crate) fn cancel(task: &mut Task, now: OffsetDateTime) -> Vec<Deployment> {
    task.cancelled_at = Some(now);
    match &mut task.course {
        Course::Laid { deployments, .. } => {
            let (begun, never): (Vec<_>, Vec<_>) = deployments.drain(..).partition(|one| one.began_at <= now);
            *deployments = begun;
            never
        }
        Course::Pending | Course::Nothing => Vec::new(),
    }
}

/// When the task has or will have ended; `None` while that depends on what it will find.
pub(crate) fn ended_at(task: &Task, tempo: &Tempo) -> Option<OffsetDateTime> {
    let last = task.deployments().iter().map(|one| one.ends_at).max();
    if let Some(cancelled) = task.cancelled_at {
        let quiet = cancelled + tempo.cancelling;
        return Some(last.map_or(quiet, |last| last.max(quiet)));
    }
    match &task.course {
        Course::Pending => None,
        Course::Nothing => Some(task.created_on),
        Course::Laid { .. } => Some(last.unwrap_or(task.starts_at)),
    }
}

/// The task's state at `now`.
pub(crate) fn state(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> ProvisioningState {
    let ended = ended_at(task, tempo).is_some_and(|end| end <= now);
    if task.cancelled_at.is_some_and(|at| at <= now) {
        return if ended { ProvisioningState::Canceled } else { ProvisioningState::Cancelling };
    }
    if ended {
        let any_failed = task.deployments().iter().any(|one| matches!(one.outcome, Attempt::Fail(_)));
        return if any_failed { ProvisioningState::Failed } else { ProvisioningState::Succeeded };
    }
    if now >= task.starts_at {
        return ProvisioningState::Running;
    }
    match task.request.mode {
        DiscoveryMode::ReEvaluateCompliance if now >= task.created_on + tempo.accepted => ProvisioningState::Evaluating,
        DiscoveryMode::ReEvaluateCompliance | DiscoveryMode::ExistingNonCompliant => ProvisioningState::Accepted,
    }
}

/// The task's counters at `now`: what was true one lag ago.
pub(crate) fn counters(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> Counters {
    let seen = now - tempo.counters_lag;
    let total = match &task.course {
        Course::Laid { total, .. } if seen >= task.starts_at => *total,
        Course::Laid { .. } | Course::Pending | Course::Nothing => 0,
    };
    let ended = task.deployments().iter().filter(|one| one.ends_at <= seen);
    let (failed, successful): (Vec<_>, Vec<_>) = ended.partition(|one| matches!(one.outcome, Attempt::Fail(_)));
    Counters { total, successful: successful.len(), failed: failed.len() }
}

/// Whether the task has chosen its resources.
pub(crate) fn is_laid(task: &Task) -> bool {
    match task.course {
        Course::Laid { .. } | Course::Nothing => true,
        Course::Pending => false,
    }
}

/// When anything last happened to the task, up to `now`.
pub(crate) fn last_updated(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> OffsetDateTime {
    let steps = task.deployments().iter().flat_map(|one| [one.began_at, one.ends_at]);
    let started = Some(task.starts_at).filter(|start| task.cancelled_at.is_none_or(|cancelled| cancelled >= *start));
    steps
        .chain([task.created_on])
        .chain(started)
        .chain(task.cancelled_at)
        .chain(ended_at(task, tempo))
        .filter(|at| *at <= now)
        .max()
        .unwrap_or(task.created_on)
}

/// Location names compare without case and blanks: `West Europe` is `westeurope`.
fn same_location(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    plain(a) == plain(b)
}

#[expect(clippy::cast_precision_loss, reason = "a task has at most 50,000 deployments")]
fn share(failed: usize, total: usize) -> f32 {
    if total == 0 { 0.0 } else { failed as f32 / total as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{estate::Failure, resource_manager::task::Caller};
    use std::time::Duration;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
    }

    fn tempo() -> Tempo {
        Tempo {
            accepted: Duration::from_secs(10),
            evaluating: Duration::from_secs(5),
            deployment: Duration::from_secs(20),
            cancelling: Duration::from_secs(3),
            ..Tempo::azure().without_lag()
        }
    }

    fn candidate(number: usize) -> Candidate {
        Candidate {
            record: number,
            resource: ArmId::new(format!("/subscriptions/s/resourceGroups/g/providers/a.b/c/{number}")),
            location: if number.is_multiple_of(2) { "westeurope" } else { "eastus" }.to_owned(),
            non_compliant_since: at(100 - i64::try_from(number).expect("small")),
        }
    }

    fn task(request: TaskRequest, failing: &[usize], resources: usize) -> Task {
        let chosen = choose((0..resources).map(candidate).collect(), &request);
        let course = lay_out(chosen, &request, at(10), &tempo(), |one| {
            let fails = failing.contains(&one.record);
            ("/d".into(), if fails { Attempt::Fail(Failure::service_unavailable()) } else { Attempt::Succeed })
        });
        Task {
            sequence: 1,
            scope: "/subscriptions/s".into(),
            name: "n".into(),
            request,
            caller: Caller::default(),
            correlation_id: String::new(),
            created_on: at(0),
            starts_at: at(10),
            cancelled_at: None,
            gone_at: None,
            first_caller: Caller::default(),
            first_created_at: at(0),
            modified_by: Caller::default(),
            modified_at: at(0),
            region: 0,
            course,
        }
    }

    fn request() -> TaskRequest {
        TaskRequest { parallel_deployments: Some(2), ..TaskRequest::new("/a", None) }
    }

    #[test]
    fn a_task_walks_through_its_states() {
        use ProvisioningState::{Accepted, Failed, Running, Succeeded};
        for (failing, end) in [(&[][..], Succeeded), (&[1][..], Failed)] {
            let task = task(request(), failing, 3);
            let seen: Vec<_> = [0, 9, 10, 49, 50].map(|s| state(&task, at(s), &tempo())).into();
            assert_eq!(seen, [Accepted, Accepted, Running, Running, end]);
        }
    }

    #[test]
    fn counters_follow_the_deployments_and_may_lag() {
        let task = task(request(), &[2], 3);
        let at_seconds = |s, lag| {
            let tempo = Tempo { counters_lag: Duration::from_secs(lag), ..tempo() };
            let Counters { total, successful, failed } = counters(&task, at(s), &tempo);
            (total, successful, failed)
        };
        assert_eq!(at_seconds(9, 0), (0, 0, 0));
        assert_eq!(at_seconds(10, 0), (3, 0, 0));
        assert_eq!(at_seconds(30, 0), (3, 1, 1), "the two oldest ended together");
        assert_eq!(at_seconds(50, 0), (3, 2, 1));
        assert_eq!(at_seconds(50, 45), (0, 0, 0), "ended, but nothing counted yet");
        assert_eq!(at_seconds(95, 45), (3, 2, 1));
    }

    #[test]
    fn nothing_to_do_ends_at_the_start() {
        let task = task(request(), &[], 0);
        assert_eq!(state(&task, at(10), &tempo()), ProvisioningState::Succeeded);
        assert_eq!(counters(&task, at(99), &tempo()).total, 0);
    }

    #[test]
    fn the_oldest_in_the_filters_are_taken() {
        let ids = |request: &TaskRequest| -> Vec<usize> {
            choose((0..6).map(candidate).collect(), request).iter().map(|one| one.record).collect()
        };
        let all = request();
        assert_eq!(ids(&all), [5, 4, 3, 2, 1, 0]);
        assert_eq!(ids(&TaskRequest { resource_count: Some(2), ..all.clone() }), [5, 4]);
        assert_eq!(ids(&TaskRequest { locations: Some(vec!["West Europe".into()]), ..all.clone() }), [4, 2, 0]);
        let named =
            all.with_resources([ArmId::new("/SUBSCRIPTIONS/S/resourcegroups/g/providers/a.b/c/3"), "/x".into()]);
        assert_eq!(ids(&named), [3]);
    }

    #[test]
    fn too_many_failures_stop_the_rest() {
        for (threshold, begun, stopped) in
            [(None, 6, false), (Some(1.0), 6, false), (Some(0.2), 2, true), (Some(0.5), 6, false)]
        {
            let task = task(TaskRequest { failure_threshold: threshold, ..request() }, &[5, 4], 6);
            let Course::Laid { deployments, total, stopped_by_threshold } = &task.course else { panic!("laid out") };
            assert_eq!((deployments.len(), *total, *stopped_by_threshold), (begun, 6, stopped), "{threshold:?}");
            assert_eq!(state(&task, at(999), &tempo()), ProvisioningState::Failed);
        }
    }

    #[test]
    fn a_cancel_lets_running_deployments_finish() {
        let mut running = task(request(), &[], 6);
        let never = cancel(&mut running, at(15));
        assert_eq!((running.deployments().len(), never.len()), (2, 4));
        assert_eq!(state(&running, at(29), &tempo()), ProvisioningState::Cancelling);
        assert_eq!(state(&running, at(30), &tempo()), ProvisioningState::Canceled);
        let mut pending = Task { course: Course::Pending, ..task(request(), &[], 0) };
        cancel(&mut pending, at(5));
        assert_eq!(state(&pending, at(7), &tempo()), ProvisioningState::Cancelling);
        assert_eq!(state(&pending, at(8), &tempo()), ProvisioningState::Canceled);
        assert_eq!(last_updated(&pending, at(99), &tempo()), at(8), "it never started");
    }

    #[test]
    fn re_evaluation_shows() {
        let request = TaskRequest { mode: DiscoveryMode::ReEvaluateCompliance, ..request() };
        let task = Task { starts_at: at(15), course: Course::Pending, ..task(request, &[], 0) };
        assert_eq!(state(&task, at(9), &tempo()), ProvisioningState::Accepted);
        assert_eq!(state(&task, at(12), &tempo()), ProvisioningState::Evaluating);
    }
}
