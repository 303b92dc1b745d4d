//! What a role allows. Its elements are alternatives: an action is allowed where one element names it and does not take it away.

use std::fmt;

use crate::id::fold;

use super::pattern::{covers, overlap};

/// Gives access to others: in a Lighthouse template, the authorization to grant what `delegatedRoleDefinitionIds` lists.
pub const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

/// With any of these a principal can give rights to itself or to others. `Microsoft.ManagedServices/registration…/write` is none of them:
/// Contributor has it, and the service asks for `roleAssignments/write` besides.
const GIVES_RIGHTS: [&str; 6] = [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/elevateAccess/action",
    "Microsoft.Authorization/denyAssignments/write",
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write",
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
];

/// The id of a role definition without its place: the last segment, folded. A built-in role is the same at every place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(String);

impl RoleId {
    /// Of an id in any of its spellings: the whole one, one with a subscription before it, or the last segment alone. None where
    /// nothing of the kind stands there.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let name = fold(id.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default());
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_name.then_some(Self(name))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One element of what a role allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// Patterns of actions.
    pub actions: Vec<String>,
    /// What is taken away of them.
    pub not_actions: Vec<String>,
    /// Patterns of actions on data.
    pub data_actions: Vec<String>,
    /// What is taken away of them.
    pub not_data_actions: Vec<String>,
}

impl Permission {
    /// Whether it allows this action by itself.
    #[must_use]
    pub fn allows(&self, action: &str) -> bool {
        let named = |patterns: &[String]| patterns.iter().any(|pattern| covers(pattern, action));
        named(&self.actions) && !named(&self.not_actions)
    }
}

/// A role definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its id.
    pub id: RoleId,
    /// The name that people know.
    pub name: String,
    /// What it allows: each element by itself.
    pub permissions: Vec<Permission>,
    /// Whether it is one of Azure's own: only such a one can be granted across tenants.
    pub is_built_in: bool,
}

/// Whether something is within what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covered {
    /// Certainly.
    Yes,
    /// It cannot be told cheaply.
    Uncertain,
    /// Certainly not.
    No,
}

impl RoleDefinition {
    /// Whether these elements, of one role or of several, allow all that this role does.
    #[must_use]
    pub fn is_covered_by<'a>(&self, elements: impl Iterator<Item = &'a Permission> + Clone) -> Covered {
        let of = |element: &Permission| {
            let actions =
                all(&element.actions, &element.not_actions, elements.clone().map(|e| (&e.actions, &e.not_actions)));
            let data = elements.clone().map(|e| (&e.data_actions, &e.not_data_actions));
            actions.max(all(&element.data_actions, &element.not_data_actions, data))
        };
        self.permissions.iter().map(of).max().unwrap_or(Covered::Yes)
    }

    /// Whether it lets somebody give rights in a way that none of these elements does: then they certainly do not cover it.
    #[must_use]
    pub fn gives_more_rights_than<'a>(&self, elements: impl Iterator<Item = &'a Permission> + Clone) -> bool {
        GIVES_RIGHTS.iter().any(|action| {
            let here = self.permissions.iter().any(|element| element.allows(action));
            here && !elements.clone().any(|element| element.allows(action))
        })
    }

    /// Whether whoever has it can give rights: judged by what it allows, so that Contributor passes and a look-alike of Owner does not.
    #[must_use]
    pub fn can_give_rights(&self) -> bool {
        GIVES_RIGHTS.iter().any(|action| self.permissions.iter().any(|element| element.allows(action)))
    }
}

type Patterns<'a> = (&'a Vec<String>, &'a Vec<String>);

fn all<'a>(wanted: &[String], not: &[String], elements: impl Iterator<Item = Patterns<'a>> + Clone) -> Covered {
    wanted.iter().map(|pattern| one(pattern, not, elements.clone())).max().unwrap_or(Covered::Yes)
}

/// Whether one pattern is covered. `not` is what its own role takes away of it.
fn one<'a>(wanted: &str, not: &[String], elements: impl Iterator<Item = Patterns<'a>>) -> Covered {
    if not.iter().any(|taken| covers(taken, wanted)) {
        return Covered::Yes;
    }
    let mut best = Covered::No;
    for (actions, not_actions) in elements {
        let named = actions.iter().any(|pattern| covers(pattern, wanted));
        let taken = || not_actions.iter().filter(|taken| overlap(taken, wanted));
        // What both take away is not asked for.
        let is_whole = named && taken().all(|taken| not.iter().any(|own| covers(own, taken)));
        if is_whole {
            return Covered::Yes;
        }
        let touches = named || actions.iter().any(|pattern| overlap(pattern, wanted));
        // What is wholly taken away is not there; of one action, nothing is left to doubt.
        let is_gone = not_actions.iter().any(|taken| covers(taken, wanted));
        let is_narrowed = not.iter().any(|own| overlap(own, wanted));
        if touches && !is_gone && wanted.contains('*') && (named || is_narrowed) {
            best = Covered::Uncertain;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(actions: &[&str], not_actions: &[&str]) -> Permission {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Permission { actions: texts(actions), not_actions: texts(not_actions), ..Permission::default() }
    }

    fn role(permissions: Vec<Permission>) -> RoleDefinition {
        RoleDefinition { id: RoleId::of("b24988ac").unwrap(), name: "Role".to_owned(), permissions, is_built_in: true }
    }

    fn contributor() -> Permission {
        let not = [
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ];
        element(&["*"], &not)
    }

    #[test]
    fn an_id_is_its_last_segment_in_any_spelling() {
        let guid = "b24988ac-6180-42a0-ab88-20f7382dd24c";
        for id in [
            guid.to_uppercase(),
            format!("/providers/microsoft.authorization/roleDefinitions/{guid}"),
            format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{}/", guid.to_uppercase()),
        ] {
            assert_eq!(RoleId::of(&id).unwrap().as_str(), guid, "{id}");
        }
        for odd in ["", "/", "a b", "..", "[parameters('x')]"] {
            assert_eq!(RoleId::of(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_covered_is_told_by_actions_and_never_by_names() {
        let storage = role(vec![element(&["Microsoft.Storage/storageAccounts/*", "*/read"], &[])]);
        let of = |wanted: &RoleDefinition, elements: &[Permission]| wanted.is_covered_by(elements.iter());
        assert_eq!(of(&storage, &[contributor()]), Covered::Yes, "a superset");
        assert_eq!(of(&storage, &[element(&["*/read"], &[])]), Covered::No);
        assert_eq!(of(&storage, &[]), Covered::No);
        let parts = [element(&["*/read"], &[]), element(&["Microsoft.Storage/*"], &[])];
        assert_eq!(of(&storage, &parts), Covered::Yes, "two roles together");
        let other_element =
            [element(&["Microsoft.Storage/*", "*/read"], &[]), element(&["x"], &["Microsoft.Storage/*"])];
        assert_eq!(of(&storage, &other_element), Covered::Yes, "what one element takes away, another gives");
        let narrowed = [element(&["*"], &["Microsoft.Storage/storageAccounts/delete"])];
        assert_eq!(of(&storage, &narrowed), Covered::Uncertain);
        let one = role(vec![element(&["Microsoft.Storage/storageAccounts/write"], &[])]);
        assert_eq!(of(&one, &narrowed), Covered::Yes);
        let gone = [element(&["*"], &["Microsoft.Storage/*/write"])];
        assert_eq!(of(&one, &gone), Covered::No, "one action is there or it is not");
        assert_eq!(of(&role(vec![contributor()]), &[contributor()]), Covered::Yes, "the same role");
        let owner = role(vec![element(&["*"], &[])]);
        assert_eq!(of(&owner, &[contributor()]), Covered::Uncertain);
        assert_eq!(of(&role(vec![contributor()]), &[element(&["*/read"], &[])]), Covered::Uncertain);
        let data = Permission { data_actions: vec!["Microsoft.Storage/*".to_owned()], ..Permission::default() };
        assert_eq!(of(&role(vec![data]), &[contributor()]), Covered::No, "data is another matter");
        assert_eq!(of(&role(Vec::new()), &[]), Covered::Yes, "a role that allows nothing");
    }

    #[test]
    fn a_role_that_can_give_rights_is_known_by_what_it_allows() {
        for (elements, expected) in [
            (vec![contributor()], false),
            (vec![element(&["*"], &[])], true),
            (vec![element(&["Microsoft.Authorization/*"], &[])], true),
            (vec![element(&["*/write"], &[])], true),
            (vec![element(&["microsoft.authorization/roleassignments/WRITE"], &[])], true),
            (vec![element(&["Microsoft.Authorization/*/read", "Microsoft.Authorization/locks/*"], &[])], false),
            (vec![contributor(), element(&["Microsoft.Authorization/roleDefinitions/write"], &[])], true),
            (vec![element(&["*"], &["Microsoft.Authorization/*"])], false),
            (vec![element(&["*"], &["Microsoft.Authorization/roleAssignments/*"])], true),
            (vec![element(&["Microsoft.ManagedServices/registrationDefinitions/write"], &[])], false),
        ] {
            assert_eq!(role(elements.clone()).can_give_rights(), expected, "{elements:?}");
        }
    }
}
