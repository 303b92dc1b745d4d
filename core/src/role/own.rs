//! What the worker's own roles allow, where it was refused something: the record says which of the actions that it needs are lacking.

use std::collections::BTreeSet;

use crate::fact::CallKind;

use super::definition::Permission;

/// What the worker lacks at a scope, by the elements of the roles that it has there. They say nothing of conditions and deny assignments.
#[must_use]
pub fn own_standing(elements: &[Permission], refused: CallKind, scope: &str) -> String {
    let needed = CallKind::ALL.iter().filter(|kind| **kind == refused || kind.is_always_needed());
    let actions: BTreeSet<_> = needed.map(|kind| kind.action()).collect();
    let is_allowed = |action: &str| elements.iter().any(|element| element.allows(action));
    let lacking: Vec<_> = actions.into_iter().filter(|action| !is_allowed(action)).collect();
    match lacking.as_slice() {
        [] => format!(
            "the worker's roles at {scope} allow it: a deny assignment or a condition stands against it, or a role is minutes old"
        ),
        lacking => format!("the worker lacks at {scope}: {}", lacking.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(actions: &[&str], not: &[&str]) -> Permission {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Permission { actions: texts(actions), not_actions: texts(not), ..Permission::default() }
    }

    #[test]
    fn what_is_lacking_is_told_and_nothing_else() {
        let told = |elements: &[Permission], refused| own_standing(elements, refused, "/s");
        let states = CallKind::QueryStates;
        assert!(told(&[element(&["*"], &[])], states).contains("a deny assignment or a condition"));
        let reader = told(&[element(&["*/read"], &[])], states);
        let lacking = "the worker lacks at /s: Microsoft.PolicyInsights/policyStates/queryResults/action, Microsoft.PolicyInsights/remediations/write";
        assert_eq!(reader, lacking, "what only some settings need is not missed");
        let both = told(&[element(&["*/read"], &[])], CallKind::GrantRole);
        assert!(both.contains("roleAssignments/write"), "unless it was refused: {both}");
        let apart = [element(&["*"], &["Microsoft.PolicyInsights/*"]), element(&["microsoft.policyinsights/*"], &[])];
        assert!(told(&apart, states).contains("allow it"), "elements are alternatives");
        assert!(told(&[], states).matches(", ").count() > 8, "nothing at all is there");
    }

    #[test]
    fn every_kind_of_call_stands_in_the_table_once() {
        let words: BTreeSet<_> = CallKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), CallKind::ALL.len());
        // The last one that was declared: a kind that is added without a place in the table moves it.
        assert_eq!(CallKind::ALL.len(), CallKind::QueryGraph as usize + 1);
        assert!(CallKind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
    }
}
