//! Where anything may be changed, while everything else goes on being planned.

use crate::id::AssignmentId;

use super::guard_rails::Patterns;
use super::pattern_list::Of;

/// Who says that an assignment acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActBy {
    /// The settings; an assignment may say less.
    Settings,
    /// Of those that the settings let act, only the assignments that say so themselves.
    Metadata,
}

/// `ACT_ASSIGNMENTS` and `ACT_BY`.
#[derive(Debug, Clone)]
pub struct WhereToAct {
    assignments: Patterns,
    /// Who says so.
    pub by: ActBy,
}

impl WhereToAct {
    pub(crate) fn new(assignments: Patterns, by: ActBy) -> Self {
        Self { assignments, by }
    }

    /// Whether the settings let this assignment act.
    #[must_use]
    pub fn lets(&self, assignment: &AssignmentId) -> bool {
        self.assignments.match_id_or_name(assignment.as_str())
    }
}

impl Default for WhereToAct {
    /// Everywhere.
    fn default() -> Self {
        Self::new(Patterns::parse("*", Of::Assignments).unwrap_or_default(), ActBy::Settings)
    }
}
