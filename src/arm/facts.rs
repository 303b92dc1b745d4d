//! The facts of an assignment, read at most once in `FACTS_TTL` and shared by all targets of a subscription;
//! and the active tasks of a subscription, shared for a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::assignments::{AssignedPolicy, Assignment, Members, list_assignments, set_definition};
use super::client::ArmClient;
use super::error::ArmError;
use super::remediations::{ListedTask, TaskState, list_tasks};
use crate::resource::{ArmId, SubscriptionId, Target};
use crate::transport::Deadline;

/// How long the list of active tasks is kept.
const TASKS_TTL: Duration = Duration::from_secs(60);

/// Something that may be there, may be known to be gone, or cannot be read. What cannot be read is never taken for gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    There(T),
    /// It is certainly not there.
    Gone,
    /// Not readable with the worker's roles; the words are the service's.
    Unreadable(String),
}

/// What a decision must know of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The assignment.
    pub assignment: Found<Assignment>,
    /// The initiative's reference ids in its own casing; none when a single policy is assigned.
    pub references: Option<Found<Vec<String>>>,
}

/// Reads facts and lists, and keeps them for a while.
#[derive(Debug, Default)]
pub struct FactsReader {
    ttl: Duration,
    assignments: Kept<SubscriptionId, Vec<Assignment>>,
    members: Kept<ArmId, Found<Vec<String>>>,
    tasks: Kept<SubscriptionId, Vec<ListedTask>>,
}

impl FactsReader {
    /// A reader that keeps facts for `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, ..Self::default() }
    }

    /// The facts of a target's assignment.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub async fn facts(&self, arm: &ArmClient, target: &Target, deadline: Deadline) -> Result<Facts, ArmError> {
        let subscription = target.subscription();
        let all = match self.assignments.get(subscription, self.ttl) {
            Some(all) => all,
            None => match arm.send_paged(&list_assignments(subscription), deadline).await {
                Ok(all) => self.assignments.keep(subscription, all),
                Err(ArmError::Refused { message, .. }) => {
                    return Ok(Facts { assignment: Found::Unreadable(message), references: None });
                }
                Err(error) => return Err(error),
            },
        };
        let Some(assignment) = all.into_iter().find(|a| a.id == target.policy_assignment_id.as_str()) else {
            return Ok(Facts { assignment: Found::Gone, references: None });
        };
        let references = match &assignment.policy {
            AssignedPolicy::Definition => None,
            AssignedPolicy::Set(id) => Some(self.references(arm, id, deadline).await?),
        };
        Ok(Facts { assignment: Found::There(assignment), references })
    }

    async fn references(
        &self,
        arm: &ArmClient,
        id: &ArmId,
        deadline: Deadline,
    ) -> Result<Found<Vec<String>>, ArmError> {
        if let Some(kept) = self.members.get(id, self.ttl) {
            return Ok(kept);
        }
        let found = match arm.send(&set_definition(id), deadline).await {
            Ok(Members(references)) => Found::There(references),
            Err(ArmError::NotFound { .. }) => Found::Gone,
            Err(ArmError::Refused { message, .. }) => Found::Unreadable(message),
            Err(error) => return Err(error),
        };
        Ok(self.members.keep(id, found))
    }

    /// The active tasks of a subscription, whoever opened them.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub async fn active_tasks(
        &self,
        arm: &ArmClient,
        id: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<Vec<ListedTask>, ArmError> {
        // Facts shorter-lived than a minute are wanted fresher still.
        if let Some(kept) = self.tasks.get(id, self.ttl.min(TASKS_TTL)) {
            return Ok(kept);
        }
        let mut tasks = arm.send_paged(&list_tasks(id), deadline).await?;
        tasks.retain(|task| task.state == TaskState::Active);
        Ok(self.tasks.keep(id, tasks))
    }
}

/// Values by key, with the time when they were read.
#[derive(Debug)]
struct Kept<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    fn get(&self, key: &K, ttl: Duration) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(read_at, _)| read_at.elapsed() < ttl).map(|(_, value)| value.clone())
    }

    fn keep(&self, key: &K, value: V) -> V {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), (Instant::now(), value.clone()));
        value
    }
}
