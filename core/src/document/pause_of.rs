//! What a pause is of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Scope, Target};
use crate::settings::AssignmentPatterns;

/// What is paused: a subscription or a group, an assignment by its id or name, both, or everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PauseOf {
    /// Whatever reaches into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// A pattern, as in `ACT_ASSIGNMENTS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<String>,
}

impl PauseOf {
    /// Whether it holds the target: tasks of a subscription may reach into a group that is paused.
    #[must_use]
    pub fn holds(&self, target: &Target) -> bool {
        let (scope, assignment) = (&target.scope, &target.policy_assignment_id);
        let reaches = |paused: &Scope| {
            paused.subscription() == scope.subscription()
                && (paused == scope || paused.is_whole_subscription() || scope.is_whole_subscription())
        };
        // A pattern that cannot be read may have meant this one.
        let means =
            |text: &String| AssignmentPatterns::of(vec![text.clone()]).map_or(true, |of| of.match_id(assignment));
        self.scope.as_ref().is_none_or(reaches) && self.assignment.as_ref().is_none_or(means)
    }
}

impl fmt::Display for PauseOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.scope, &self.assignment) {
            (None, None) => f.write_str("everything"),
            (Some(scope), None) => write!(f, "{scope}"),
            (None, Some(assignment)) => write!(f, "assignment {assignment}"),
            (Some(scope), Some(assignment)) => write!(f, "assignment {assignment} in {scope}"),
        }
    }
}
