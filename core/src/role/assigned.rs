//! Who has which role where, and who is denied what.

use crate::id::fold;

use super::definition::{Permission, RoleId};

/// A principal that stands for everybody in a deny assignment.
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

/// A role assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its own scope, folded; `/` is everything.
    pub scope: String,
    /// The role.
    pub role: RoleId,
    /// Who has it, folded: the principal, or a group that it is in.
    pub principal: String,
    /// Whether it holds on a condition only.
    pub has_condition: bool,
}

/// A deny assignment: it stands above every role. Azure makes them for managed applications and deployment stacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The name that people know.
    pub name: String,
    /// Its own scope, folded.
    pub scope: String,
    /// Who is denied, folded.
    pub principals: Vec<String>,
    /// Who of them is not, folded.
    pub excluded: Vec<String>,
    /// Whether it stops at its own scope.
    pub only_there: bool,
    /// What is denied.
    pub permissions: Vec<Permission>,
}

impl RoleAssignment {
    /// Whether it holds at this scope: its own is that, or above it.
    #[must_use]
    pub fn is_over(&self, scope: &str) -> bool {
        is_over(&self.scope, scope)
    }
}

impl Denial {
    /// Whether it may deny the principal something at the scope. Whether that is what a deployment does, nobody can tell before.
    #[must_use]
    pub fn may_hold_for(&self, principal: &str, scope: &str) -> bool {
        let (principal, scope) = (fold(principal), fold(scope.trim_end_matches('/')));
        let is_there = self.scope.trim_end_matches('/') == scope;
        let holds = if self.only_there { is_there } else { is_over(&self.scope, &scope) };
        let named = |all: &[String]| all.contains(&principal);
        let denies =
            self.permissions.iter().any(|element| !element.actions.is_empty() || !element.data_actions.is_empty());
        holds && denies && !named(&self.excluded) && (named(&self.principals) || named_everyone(&self.principals))
    }
}

fn named_everyone(principals: &[String]) -> bool {
    principals.iter().any(|principal| principal == EVERYONE)
}

/// Whether a scope is another, or above it. What is listed at a scope and belongs to a management group stands above it.
fn is_over(upper: &str, scope: &str) -> bool {
    let (upper, scope) = (fold(upper.trim_end_matches('/')), fold(scope.trim_end_matches('/')));
    if upper.is_empty() || upper.starts_with("/providers/microsoft.management/managementgroups/") {
        return true;
    }
    scope.strip_prefix(&upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_holds_at_its_scope_and_below_and_not_above_or_beside() {
        let group = "/subscriptions/S/resourceGroups/Rg";
        for (scope, expected) in [
            ("/", true),
            ("/providers/Microsoft.Management/managementGroups/contoso", true),
            ("/subscriptions/s", true),
            ("/subscriptions/s/resourcegroups/RG/", true),
            ("/subscriptions/s/resourcegroups/rg2", false),
            ("/subscriptions/s/resourcegroups/r", false),
            ("/subscriptions/s/resourcegroups/rg/providers/Microsoft.Storage/storageAccounts/a", false),
            ("/subscriptions/other", false),
        ] {
            assert_eq!(is_over(scope, group), expected, "{scope}");
        }
    }

    #[test]
    fn a_denial_holds_for_whom_it_names_and_not_for_whom_it_leaves_out() {
        let actions = vec!["*/delete".to_owned()];
        let everyone = Denial {
            name: "Stack".to_owned(),
            scope: "/subscriptions/s/resourcegroups/rg".to_owned(),
            principals: vec![EVERYONE.to_owned()],
            excluded: Vec::new(),
            only_there: false,
            permissions: vec![Permission { actions, ..Permission::default() }],
        };
        let below = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Web/sites/a";
        assert!(everyone.may_hold_for("ME", below));
        assert!(!everyone.may_hold_for("me", "/subscriptions/s"), "a task above may have to do with others only");
        let other = |change: fn(&mut Denial)| {
            let mut denial = everyone.clone();
            change(&mut denial);
            denial.may_hold_for("Me", below)
        };
        assert!(!other(|denial| denial.excluded = vec!["me".to_owned()]));
        assert!(!other(|denial| denial.only_there = true));
        assert!(!other(|denial| denial.principals = vec!["another".to_owned()]));
        assert!(other(|denial| denial.principals = vec!["me".to_owned()]));
        assert!(!other(|denial| denial.permissions.clear()));
    }
}
