//! What another target's document tells of its tasks: which one is active, and which have ended of late.

use super::target_document::TargetDocument;
use super::task::PastTask;
use super::task_name::TaskName;

/// What another target's document tells of its tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rival {
    /// The task that is opening or open.
    pub active: Option<TaskName>,
    /// The last ones that ended: Resource Manager's list, which is kept for a while, may still call them active.
    pub past: Vec<TaskName>,
    /// There is no such document: it was lost, or moved away, and tells nothing.
    pub is_lost: bool,
}

impl Rival {
    /// What this document tells.
    #[must_use]
    pub fn of(document: &TargetDocument) -> Self {
        Self {
            active: document.active.as_ref().map(|active| active.name.clone()),
            past: document.history.iter().map(|past| past.name.clone()).collect(),
            is_lost: false,
        }
    }

    /// What a document tells that is not there.
    #[must_use]
    pub fn lost() -> Self {
        Self { is_lost: true, ..Self::default() }
    }

    /// Whether the target is done with the task.
    #[must_use]
    pub fn is_past(&self, task: &TaskName) -> bool {
        PastTask::is_past(self.past.iter(), task)
    }
}
