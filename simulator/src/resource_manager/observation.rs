//! What a test or a demo may look at: tasks, records and writes as plain values, and the two things that must never
//! happen - more active tasks of a target than wanted, and two tasks at one resource. Pure functions over the tasks.

use super::{
    Tempo,
    task::{Caller, ProvisioningState, Task},
    task_life,
};
use crate::estate::{ArmId, ComplianceState, RecordKey, lower};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A remediation task as seen at one time; deleted and replaced ones too.
#[derive(Debug, Clone)]
pub struct TaskView {
    /// Its id.
    pub id: ArmId,
    /// Its name, as it was written.
    pub name: String,
    /// Where it was opened.
    pub scope: ArmId,
    /// The policy assignment.
    pub assignment: ArmId,
    /// The reference id, lower case.
    pub reference: Option<String>,
    /// Whether it named resources.
    pub names_resources: bool,
    /// The resources that it named, whether it took them or not; `None` when it named none.
    pub named: Option<Vec<ArmId>>,
    /// Resources that it took; before its start those that it named.
    pub resources: Vec<ArmId>,
    /// When it was opened or restarted.
    pub created_on: OffsetDateTime,
    /// Its state.
    pub state: ProvisioningState,
    /// Deployments that worked, without lag.
    pub successful: usize,
    /// Deployments that failed, without lag.
    pub failed: usize,
    /// Who opened it.
    pub created_by: Caller,
    /// `x-ms-correlation-request-id` of the PUT.
    pub correlation_id: String,
    /// Whether it was deleted, or replaced by a later PUT of its name.
    pub is_gone: bool,
}

impl TaskView {
    pub(crate) fn of(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> Self {
        let exact = tempo.clone().without_lag();
        let counters = task_life::counters(task, now, &exact);
        Self {
            id: task.id(),
            name: task.name.clone(),
            scope: task.scope.clone(),
            assignment: task.request.assignment.clone(),
            reference: reference(task),
            names_resources: task.request.resource_ids.is_some(),
            named: task.request.resource_ids.clone(),
            resources: touched(task),
            created_on: task.created_on,
            state: task_life::state(task, now, tempo),
            successful: counters.successful,
            failed: counters.failed,
            created_by: task.caller.clone(),
            correlation_id: task.correlation_id.clone(),
            is_gone: task.gone_at.is_some_and(|gone| gone <= now),
        }
    }
}

/// A compliance record as it truly is at one time, without any lag.
#[derive(Debug, Clone)]
pub struct RecordView {
    /// Resource, assignment and reference.
    pub key: RecordKey,
    /// Its state; `None` when the resource is gone or was not evaluated yet.
    pub state: Option<ComplianceState>,
    /// Since when.
    pub since: Option<OffsetDateTime>,
    /// How many deployments remediation tasks have begun or planned for it.
    pub attempts: usize,
    /// How often it has drifted back.
    pub drifted: usize,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// PUT of a task.
    Put,
    /// Cancel of a task.
    Cancel,
    /// DELETE of a task.
    Delete,
}

/// A writing call that came in through the API.
#[derive(Debug, Clone)]
pub struct Write {
    /// When.
    pub at: OffsetDateTime,
    /// What.
    pub kind: WriteKind,
    /// The task.
    pub task: ArmId,
    /// HTTP status of the answer.
    pub status: u16,
    /// Error code, when it was refused.
    pub refused: Option<String>,
}

/// A target within a subscription: what must not have two active tasks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The policy assignment.
    pub assignment: ArmId,
    /// The reference id, lower case.
    pub reference: Option<String>,
    /// The subscription's id in lower case; empty for tasks at a management group.
    pub subscription: String,
}

/// Two tasks that were active at one resource at the same time.
#[derive(Debug, Clone)]
pub struct Overlap {
    /// The resource.
    pub resource: ArmId,
    /// The task that was opened first.
    pub first: ArmId,
    /// The other one.
    pub second: ArmId,
    /// Whether both are for the same assignment and reference.
    pub same_target: bool,
    /// Whether even their deployments to it ran at the same time.
    pub deployments_met: bool,
}

/// The most tasks of each target that were active at one time, up to `now`.
pub(crate) fn peaks(tasks: &[Task], now: OffsetDateTime, tempo: &Tempo) -> BTreeMap<Target, usize> {
    let mut steps: BTreeMap<Target, Vec<(OffsetDateTime, i32)>> = BTreeMap::new();
    for task in tasks {
        let target = Target {
            assignment: task.request.assignment.clone(),
            reference: reference(task),
            subscription: task.scope.subscription().unwrap_or_default().to_lowercase(),
        };
        let (begin, end) = active(task, now, tempo);
        if begin < end {
            // At one instant ends (-1) sort before beginnings (+1).
            steps.entry(target).or_default().extend([(begin, 1), (end, -1)]);
        }
    }
    let peak = |mut steps: Vec<(OffsetDateTime, i32)>| {
        steps.sort_unstable();
        let (mut current, mut most) = (0_i32, 0_i32);
        for (_, step) in steps {
            current += step;
            most = most.max(current);
        }
        usize::try_from(most).unwrap_or(0)
    };
    steps.into_iter().map(|(target, steps)| (target, peak(steps))).collect()
}

/// Every pair of tasks that were active at one resource at the same time, up to `now`.
pub(crate) fn overlaps(tasks: &[Task], now: OffsetDateTime, tempo: &Tempo) -> Vec<Overlap> {
    let mut by_resource: BTreeMap<ArmId, Vec<&Task>> = BTreeMap::new();
    for task in tasks {
        for resource in touched(task) {
            by_resource.entry(resource).or_default().push(task);
        }
    }
    let mut found = Vec::new();
    for (resource, tasks) in by_resource {
        for (place, first) in tasks.iter().enumerate() {
            for second in tasks.iter().skip(place + 1) {
                if !meet(active(first, now, tempo), active(second, now, tempo)) {
                    continue;
                }
                found.push(Overlap {
                    first: first.id(),
                    second: second.id(),
                    same_target: first.request.is_same_target(&second.request),
                    deployments_met: deployments_met(first, second, &resource, now),
                    resource: resource.clone(),
                });
            }
        }
    }
    found
}

fn deployments_met(first: &Task, second: &Task, resource: &ArmId, now: OffsetDateTime) -> bool {
    let spans = |task: &Task| -> Vec<(OffsetDateTime, OffsetDateTime)> {
        let to_it = task.deployments().iter().filter(|one| one.resource == *resource && one.began_at <= now);
        to_it.map(|one| (one.began_at, one.ends_at)).collect()
    };
    let others = spans(second);
    spans(first).iter().any(|span| others.iter().any(|other| meet(*span, *other)))
}

fn meet(a: (OffsetDateTime, OffsetDateTime), b: (OffsetDateTime, OffsetDateTime)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

fn active(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> (OffsetDateTime, OffsetDateTime) {
    let end = task_life::ended_at(task, tempo).unwrap_or(now).min(now);
    (task.created_on, end.max(task.created_on))
}

fn touched(task: &Task) -> Vec<ArmId> {
    if task.deployments().is_empty() && !task_life::is_laid(task) {
        return task.request.resource_ids.clone().unwrap_or_default();
    }
    task.deployments().iter().map(|one| one.resource.clone()).collect()
}

fn reference(task: &Task) -> Option<String> {
    task.request.reference.as_deref().map(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        estate::Attempt,
        resource_manager::task::{Course, Deployment, TaskRequest},
    };
    use std::time::Duration;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
    }

    /// A task that was opened at `from` and deployed to one resource in the ten seconds before `to`.
    fn task(sequence: u64, reference: &str, scope: &str, from: i64, to: i64) -> Task {
        let resource = ArmId::new("/subscriptions/s/resourceGroups/g/providers/a.b/c/d");
        Task {
            sequence,
            scope: scope.into(),
            name: format!("n{sequence}"),
            request: TaskRequest::new("/a", Some(reference)),
            caller: Caller::default(),
            correlation_id: String::new(),
            created_on: at(from),
            starts_at: at(to - 10),
            cancelled_at: None,
            gone_at: None,
            first_caller: Caller::default(),
            first_created_at: at(from),
            modified_by: Caller::default(),
            modified_at: at(from),
            region: 0,
            course: Course::Laid {
                deployments: vec![Deployment {
                    record: 0,
                    resource,
                    location: String::new(),
                    id: String::new(),
                    began_at: at(to - 10),
                    ends_at: at(to),
                    outcome: Attempt::Succeed,
                }],
                total: 1,
                stopped_by_threshold: false,
            },
        }
    }

    #[test]
    fn two_tasks_of_one_target_at_one_resource_are_seen() {
        let tasks =
            [task(1, "Ref", "/subscriptions/s", 0, 30), task(2, "ref", "/subscriptions/s/resourceGroups/g", 15, 60)];
        let found = overlaps(&tasks, at(99), &Tempo::azure());
        assert_eq!(found.len(), 1);
        assert!(found[0].same_target && !found[0].deployments_met, "{found:?}");
        let peaks = peaks(&tasks, at(99), &Tempo::azure());
        assert_eq!(peaks.len(), 1);
        assert_eq!(peaks.values().max(), Some(&2));
    }

    #[test]
    fn tasks_that_follow_one_another_do_not_meet() {
        let tasks = [task(1, "ref", "/subscriptions/s", 0, 30), task(2, "ref", "/subscriptions/s", 30, 60)];
        assert!(overlaps(&tasks, at(99), &Tempo::azure()).is_empty());
        assert_eq!(peaks(&tasks, at(99), &Tempo::azure()).values().max(), Some(&1));
    }

    #[test]
    fn the_future_does_not_count() {
        let mut late = task(2, "other", "/subscriptions/s", 0, 40);
        late.course = Course::Pending;
        let tasks = [task(1, "ref", "/subscriptions/s", 0, 30), late];
        assert!(overlaps(&tasks, at(5), &Tempo { accepted: Duration::from_secs(30), ..Tempo::azure() }).is_empty());
        assert_eq!(TaskView::of(&tasks[1], at(5), &Tempo::azure()).state, ProvisioningState::Accepted);
    }
}
