//! How far the worker goes for a target: as far as the mode, the list of assignments that act, and the assignment itself all let it.
//! None of them lets more through than the others.

use crate::fact::{Facts, Found};
use crate::id::AssignmentId;
use crate::settings::{ActBy, Mode, Tuning};

use super::assigned::AssignedControls;

/// How far the worker goes for this assignment. While nothing was read of it, what it says of itself is not known: whoever changes
/// anything has read it before.
pub(crate) fn mode(tuning: &Tuning, assignment: &AssignmentId, facts: Option<&Facts>) -> Mode {
    let said = facts.map(|facts| said(facts).and_then(AssignedControls::most));
    let by_itself = match (said, tuning.act.by) {
        (None, _) | (Some(None), ActBy::Settings) => Mode::Act,
        (Some(None), ActBy::Metadata) => Mode::Plan,
        (Some(Some(most)), _) => most,
    };
    let by_list = if tuning.act.lets(assignment) { Mode::Act } else { Mode::Plan };
    tuning.mode.min(by_itself).min(by_list)
}

/// What the assignment says of itself.
pub(crate) fn said(facts: &Facts) -> Option<&AssignedControls> {
    match &facts.assignment {
        Found::There(assignment) => assignment.controls.as_deref(),
        Found::Gone | Found::Unreadable(_) => None,
    }
}

/// What of it cannot be read, in words.
#[must_use]
pub fn unread_controls(facts: &Facts) -> Option<String> {
    said(facts).map(|said| said.unread.join("; ")).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::control::assigned::AssignedMode;
    use crate::fact::Assignment;
    use crate::fixture::{assignment, facts_of, now, target, tuning, tuning_with};

    fn facts_with(mode: Option<AssignedMode>) -> Facts {
        let controls = mode.map(|mode| Arc::new(AssignedControls { mode: Some(mode), ..AssignedControls::default() }));
        facts_of(Assignment { controls, ..assignment() })
    }

    #[test]
    fn no_control_lets_more_through_than_another() {
        let id = &target().policy_assignment_id;
        let by_metadata = tuning_with("ACT_BY", "metadata");
        let gone = Facts::without_assignment(Found::Gone, now());
        let only = AssignedMode::Only;
        for (tuning, facts, expected) in [
            (tuning(), Some(facts_with(None)), Mode::Act),
            (tuning(), Some(facts_with(Some(AssignedMode::Off))), Mode::Plan),
            (tuning(), Some(facts_with(Some(only(Mode::Plan)))), Mode::Plan),
            (tuning(), Some(facts_with(Some(only(Mode::Approve)))), Mode::Approve),
            (tuning_with("REMEDIATION_MODE", "plan"), Some(facts_with(Some(only(Mode::Act)))), Mode::Plan),
            (Tuning { mode: Mode::Approve, ..tuning() }, Some(facts_with(Some(only(Mode::Act)))), Mode::Approve),
            (tuning_with("ACT_ASSIGNMENTS", "b*, c"), Some(facts_with(Some(only(Mode::Act)))), Mode::Plan),
            (tuning_with("ACT_ASSIGNMENTS", "A"), Some(facts_with(None)), Mode::Act),
            (tuning_with("ACT_ASSIGNMENTS", "*/policyAssignments/a"), None, Mode::Act),
            (by_metadata.clone(), Some(facts_with(None)), Mode::Plan),
            (by_metadata.clone(), Some(facts_with(Some(only(Mode::Act)))), Mode::Act),
            (by_metadata.clone(), Some(gone.clone()), Mode::Plan),
            (tuning(), Some(gone), Mode::Act),
            (by_metadata, None, Mode::Act),
        ] {
            assert_eq!(mode(&tuning, id, facts.as_ref()), expected, "{:?} {facts:?}", tuning.act);
        }
    }
}
