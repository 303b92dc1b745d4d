//! A policy assignment, and what a decision must know of it.

use crate::id::{ArmId, Target};
use crate::time::Timestamp;

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignedPolicy {
    /// A single policy; its id, folded.
    Definition(String),
    /// An initiative.
    Set(ArmId),
    /// It cannot be read of the assignment, or something else cannot that may not be guessed; why.
    Unreadable(String),
}

/// A policy assignment that applies to a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id, folded; empty where it cannot be read.
    pub id: String,
    /// What it assigns.
    pub policy: AssignedPolicy,
    /// Whether it has a managed identity to act with.
    pub has_identity: bool,
    /// Whether its effect is enforced (`enforcementMode` is `Default` or not given): a mode that is not known is not.
    pub is_enforced: bool,
    /// Scopes that it excludes, folded.
    pub not_scopes: Vec<String>,
    /// What tells it from another of the same id that was there before or comes after: its `instanceId` where given, else
    /// when it was created, else its identity. None where none of these is told.
    pub instance: Option<String>,
}

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
    /// The targets in the subscription of the same policy, this one too: what is assigned here may be assigned many times.
    pub siblings: Vec<Target>,
    /// Since when at least all of this was so: it was read then, or later.
    pub read_at: Timestamp,
}

impl Facts {
    /// What is known where nothing of the assignment is.
    #[must_use]
    pub fn without_assignment(assignment: Found<Assignment>, read_at: Timestamp) -> Self {
        Self { assignment, references: None, siblings: Vec::new(), read_at }
    }
}
