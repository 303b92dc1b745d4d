//! The tasks of a target: the one that is open, and what is remembered of those that ended.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::message::Location;
use crate::time::Timestamp;

use super::fleet_document::Unreported;
use super::task_kind::TaskKind;
use super::task_name::TaskName;

/// What is asked for with a task beside its resources. It is kept as it was decided: what a plan shows is what is sent, and what is
/// sent again after a crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRequest {
    /// The reference id in the initiative's own casing, when the target has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Deployments at the same time, 1 to 30.
    pub parallel_deployments: u32,
    /// Share of failed deployments, 0.0 to 1.0, above which the task gives up.
    pub failure_threshold: f32,
    /// Only resources in these locations; empty: in all. Of a task for its whole scope.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub locations: BTreeSet<Location>,
}

/// The task that a target has open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveTask {
    /// Its name in Resource Manager.
    pub name: TaskName,
    /// What it is limited to.
    #[serde(default)]
    pub kind: TaskKind,
    /// What is asked for with it; none when it was found and not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<TaskRequest>,
    /// How far its opening is.
    pub phase: TaskPhase,
    /// When its opening was begun, or taken over, by the clock of storage.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: Timestamp,
    /// When to look at it next.
    #[serde(with = "time::serde::rfc3339")]
    pub check_at: Timestamp,
    /// How often it was asked for without an answer, and was not there afterwards.
    #[serde(default)]
    pub unanswered: u32,
    /// Whether it has been reported for running longer than `TASK_TIMEOUT`.
    #[serde(default)]
    pub overdue_reported: bool,
    /// Set when it is not to be created any more although somebody may have asked for it: it is looked for until nobody can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giving_up: Option<GivingUp>,
    /// What was seen of it while its opening was looked after by owners that did not begin it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// Since when Resource Manager says that there is no such task.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
    /// How far the list of its deployments has been taken in, when one pass did not see the end of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<DeploymentsCursor>,
    /// Whether the worker cancels it for a pause: then its resources wait, and no person has canceled it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canceling: bool,
    /// Whether it takes of first steps or a pace, so that what becomes of it is to be reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub booked: bool,
    /// What is to be reported of it so far, when one pass did not see the end of the list of its deployments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Box<Unreported>>,
}

impl ActiveTask {
    /// A task of which nothing has been seen yet.
    #[must_use]
    pub fn new(name: TaskName, kind: TaskKind, phase: TaskPhase, opened_at: Timestamp, check_at: Timestamp) -> Self {
        Self {
            name,
            kind,
            request: None,
            phase,
            opened_at,
            check_at,
            unanswered: 0,
            overdue_reported: false,
            giving_up: None,
            absence: None,
            missing_since: None,
            reading: None,
            canceling: false,
            booked: false,
            outcome: None,
        }
    }
}

/// Why a task that somebody may have asked for may be asked for again: Resource Manager may overlook one that is there, so one pass
/// is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Absence {
    /// The last owner did not find it, and did not ask for it.
    Seen,
    /// So the owner that came after may ask for it, if it does not find it either.
    Before,
}

/// What becomes of the resources of a task that is given up before it was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum GivingUp {
    /// They wait again: something was in the way.
    Wait,
    /// An attempt of each is used up.
    Refused {
        /// Why.
        words: String,
    },
}

/// How far the deployments of a task that has ended were taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentsCursor {
    /// Resource Manager's link to the rest of the list.
    pub next: String,
    /// Resources that the task fixed, as far as was read.
    pub fixed: usize,
    /// Resources that it did not fix, as far as was read.
    pub unfixed: usize,
    /// Whether each deployment lacked permission, as far as was read.
    #[serde(default)]
    pub only_refusals: bool,
}

impl Default for DeploymentsCursor {
    /// Nothing has been read.
    fn default() -> Self {
        Self { next: String::new(), fixed: 0, unfixed: 0, only_refusals: true }
    }
}

/// How far the opening of a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaskPhase {
    /// Written down; Resource Manager may or may not know of it.
    Opening,
    /// Resource Manager took it.
    Open,
}

/// A task that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastTask {
    /// Its name.
    pub name: TaskName,
    /// Resource Manager's last word on it.
    pub state: String,
    /// When it was opened.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: Timestamp,
    /// When its outcome was taken in.
    #[serde(with = "time::serde::rfc3339")]
    pub ended_at: Timestamp,
    /// Resources that it fixed.
    pub fixed: usize,
    /// Resources that it did not fix.
    pub unfixed: usize,
    /// Whether it has been kept long enough, and was deleted or may not be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seen_to: bool,
}

impl PastTask {
    /// So many are remembered.
    pub const MOST: usize = 10;

    /// Whether a target that remembers these tasks, oldest first, is done with this one: it is among them, or older than all of
    /// as many as can be remembered.
    pub(crate) fn is_past<'a>(past: impl Iterator<Item = &'a TaskName> + Clone, name: &TaskName) -> bool {
        let mut older = past.clone();
        past.clone().any(|known| known == name)
            || past.count() >= Self::MOST && older.all(|known| known.sequence() > name.sequence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{installation, target};

    #[test]
    fn what_is_older_than_all_that_can_be_remembered_is_past_and_what_is_between_is_not() {
        let name = |sequence| TaskName::new(&installation(), &target().hash(), sequence);
        let past = |names: &[u64], of: u64| {
            let names: Vec<_> = names.iter().map(|sequence| name(*sequence)).collect();
            PastTask::is_past(names.iter(), &name(of))
        };
        let ten = [20, 30, 40, 50, 60, 70, 80, 90, 100, 110];
        for (of, is_past) in [(20, true), (110, true), (19, true), (25, false), (111, false)] {
            assert_eq!(past(&ten, of), is_past, "{of}");
        }
        assert!(!past(&ten[1..], 19), "there is room for an older one");
        assert!(!past(&[], 1));
    }
}
