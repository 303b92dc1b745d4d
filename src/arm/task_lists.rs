//! The active tasks of a subscription. All tasks of sixty days are listed at once, so the list may be long: it is read in parts,
//! a few pages a pass, and what was read is kept. Until the list is whole, and when it is not fresh, looks go by a list of the
//! tasks of their own assignment and what else is known; claims tell of this worker's own tasks, and Resource Manager itself
//! refuses a second task of one policy. A long list is read seldom, and no page of it while the subscription is to rest for want of
//! calls, so that reading leaves calls for the work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use remediation::fact::{ActiveTasks, CallKind, ListedTask, TaskState};
use remediation::id::{AssignmentId, Scope, SubscriptionId, Target};

use crate::azure::Deadline;
use crate::kept::Kept;

use super::client::ArmClient;
use super::error::ArmError;
use super::remediations::{list_tasks, list_tasks_in, list_tasks_of};
use super::turn::turn_at;

/// How long a list is fresh.
const FRESH: Duration = Duration::from_secs(60);
/// For each page that was read so long no further one is, nor is a whole list read anew: where few calls are left, most are for the
/// work.
const FOR_A_PAGE: Duration = Duration::from_secs(20);
/// How long a list is better than none.
const STALE: Duration = Duration::from_secs(4 * 3_600);
/// Pages of the whole list that are read at a time.
const PART: u32 = 4;
/// Pages of the list of one assignment, or of one group, that are read.
const OF_ASSIGNMENT: usize = 2;
/// Pages of the list of a group that was delegated alone. A longer one is not known whole.
const OF_GROUP: usize = 20;
/// Most bytes of whole lists, and of those of single assignments and groups.
const MOST: usize = 8 << 20;

type Tasks = Arc<Read>;

/// A list as it was read.
#[derive(Debug)]
struct Read {
    /// What was opened since then may not be in it.
    began: Instant,
    active: Vec<ListedTask>,
}

/// The lists of all subscriptions.
#[derive(Debug)]
pub(super) struct TaskLists {
    fresh: Duration,
    whole: Kept<SubscriptionId, Tasks>,
    of_assignment: Kept<(SubscriptionId, AssignmentId), Tasks>,
    of_group: Kept<Scope, Tasks>,
    readings: Mutex<HashMap<SubscriptionId, Arc<tokio::sync::Mutex<Reading>>>>,
}

/// How far the list of a subscription was read.
#[derive(Debug, Default)]
struct Reading {
    /// The link to the rest, once the reading has begun.
    next: Option<String>,
    pages: u32,
    /// When the first page was asked for.
    began: Option<Instant>,
    active: Vec<ListedTask>,
    /// When the next part may be read.
    not_before: Option<Instant>,
    /// When the list of the subscription was refused last.
    refused_at: Option<Instant>,
    /// Whether it was said that the list is long.
    is_told: bool,
}

impl TaskLists {
    /// Lists that are fresh for a minute, or less where all that is known is to be fresher.
    pub(super) fn fresh_for(ttl: Duration) -> Self {
        Self {
            fresh: ttl.min(FRESH),
            whole: Kept::at_most(MOST),
            of_assignment: Kept::at_most(MOST),
            of_group: Kept::at_most(MOST),
            readings: Mutex::default(),
        }
    }

    /// The active tasks of the target's subscription, as far as they can be had now, and when they began to be read.
    pub(super) async fn active(
        &self,
        arm: &ArmClient,
        target: &Target,
        deadline: Deadline,
    ) -> Result<(Instant, ActiveTasks), ArmError> {
        let id = target.subscription();
        let reading = self.reading(id);
        let mut reading = turn_at(&reading, CallKind::ListTasks, deadline).await?;
        if let Some(read) = self.whole.get(id, self.fresh) {
            return Ok((read.began, ActiveTasks::All(read.active.clone())));
        }
        let is_of_group = !target.scope.is_whole_subscription();
        if is_of_group && reading.refused_at.is_some_and(|at| at.elapsed() < STALE) {
            return self.of_group(arm, &target.scope.container(), deadline).await;
        }
        if reading.not_before.is_none_or(|at| at <= Instant::now()) {
            let limit = deadline.within(deadline.left() / 2);
            let read = match reading.go_on(arm, id, limit).await {
                Err(error) if is_of_group && error.is_forbidden() => {
                    reading.refused_at = Some(Instant::now());
                    return self.of_group(arm, &target.scope.container(), deadline).await;
                }
                read => read?,
            };
            if let Some(read) = read {
                let size = size(&read.active);
                let read = self.whole.keep(id, Arc::new(read), size);
                return Ok((read.began, ActiveTasks::All(read.active.clone())));
            }
        }
        if !reading.is_told && reading.pages > 0 {
            reading.is_told = true;
            info!(event = "task_list_long", subscription = %id, pages = reading.pages, "the list of tasks is long and read in parts; meanwhile waves go by the tasks of their assignment and the claims");
        }
        let known = reading.active.clone();
        drop(reading);
        let before = self.whole.get(id, STALE);
        let own = match (self.of_assignment(arm, target, deadline).await, &before) {
            // A list that is not filtered has them, too.
            (Err(error), Some(before)) if error.is_final() => Arc::clone(before),
            (own, _) => own?,
        };
        let mut tasks = own.active.clone();
        let others = known.into_iter().chain(before.iter().flat_map(|read| read.active.iter().cloned()));
        for task in others {
            if !tasks.iter().any(|known| known.name == task.name && known.scope == task.scope) {
                tasks.push(task);
            }
        }
        Ok((own.began, ActiveTasks::Some(tasks)))
    }

    /// Those of a group, where its customer has delegated no more than that. What else runs in the subscription nobody can ever
    /// see, so these are all.
    async fn of_group(
        &self,
        arm: &ArmClient,
        scope: &Scope,
        deadline: Deadline,
    ) -> Result<(Instant, ActiveTasks), ArmError> {
        if let Some(read) = self.of_group.get(scope, self.fresh) {
            return Ok((read.began, ActiveTasks::All(read.active.clone())));
        }
        let began = Instant::now();
        let (tasks, rest) = arm.send_some(&list_tasks_in(scope), None, OF_GROUP, deadline).await?;
        let active = active(tasks);
        if rest.is_some() {
            return Ok((began, ActiveTasks::Some(active)));
        }
        let size = size(&active);
        let read = self.of_group.keep(scope, Arc::new(Read { began, active }), size);
        Ok((read.began, ActiveTasks::All(read.active.clone())))
    }

    async fn of_assignment(&self, arm: &ArmClient, target: &Target, deadline: Deadline) -> Result<Tasks, ArmError> {
        let key = (target.subscription().clone(), target.policy_assignment_id.clone());
        if let Some(tasks) = self.of_assignment.get(&key, self.fresh) {
            return Ok(tasks);
        }
        let began = Instant::now();
        let (tasks, _) = arm.send_some(&list_tasks_of(&key.0, &key.1), None, OF_ASSIGNMENT, deadline).await?;
        let active = active(tasks);
        let size = size(&active);
        Ok(self.of_assignment.keep(&key, Arc::new(Read { began, active }), size))
    }

    fn reading(&self, id: &SubscriptionId) -> Arc<tokio::sync::Mutex<Reading>> {
        let mut all = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(id.clone()).or_default())
    }
}

impl Reading {
    /// Reads the next pages; all active tasks when the last is among them.
    async fn go_on(&mut self, arm: &ArmClient, id: &SubscriptionId, limit: Deadline) -> Result<Option<Read>, ArmError> {
        let before = self.pages;
        for part in 0..PART {
            // Where few calls are left, they are for the work.
            if arm.floor(id, crate::azure::now()).is_some() {
                break;
            }
            let from = self.next.clone();
            if self.pages == 0 {
                self.began = Some(Instant::now());
            }
            match arm.send_some(&list_tasks(id), from.as_deref(), 1, limit).await {
                Ok((page, next)) => {
                    self.pages += 1;
                    self.active.extend(active(page));
                    self.next = next;
                    if self.next.is_none() {
                        return Ok(Some(self.end()));
                    }
                }
                // The link leads nowhere any more: the next pass begins anew.
                Err(error) if from.is_some() && error.is_final() => {
                    (self.next, self.pages, self.active) = (None, 0, Vec::new());
                    break;
                }
                Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => return Err(error),
                Err(error) if part == 0 && self.pages == 0 => return Err(error),
                Err(_) => break,
            }
        }
        self.rest(self.pages.saturating_sub(before).max(1));
        Ok(None)
    }

    fn rest(&mut self, pages: u32) {
        self.not_before = Some(Instant::now() + FOR_A_PAGE * pages);
    }

    fn end(&mut self) -> Read {
        self.rest(self.pages.saturating_sub(1));
        (self.pages, self.is_told) = (0, false);
        Read { began: self.began.take().unwrap_or_else(Instant::now), active: std::mem::take(&mut self.active) }
    }
}

fn active(mut tasks: Vec<ListedTask>) -> Vec<ListedTask> {
    tasks.retain(|task| task.state == TaskState::Active);
    tasks
}

/// What tasks take in memory, by estimate.
fn size(tasks: &[ListedTask]) -> usize {
    let ids = |task: &ListedTask| task.resources.iter().flatten().map(|id| id.len() + 64).sum::<usize>();
    let of = |task: &ListedTask| size_of::<ListedTask>() + task.name.len() + task.scope.len() + task.assignment.len();
    tasks.iter().map(|task| of(task) + ids(task)).sum::<usize>() + 256
}
