//! Does the identity have what the policy asks for, over the scope of the task? *Present* is certain where roles say so and nothing stands
//! against it; *absent* is certain at home only, for a delegated reader does not see all.

use std::fmt;

use crate::fact::Found;
use crate::id::fold;

use super::assigned::RoleAssignment;
use super::definition::{Covered, RoleId};
use super::rights::{Home, Preauthorised, Rights, is_of_the_identity};

/// Why it cannot be told for certain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The role is assigned on a condition.
    Condition(RoleId),
    /// A deny assignment may stand against it; its name.
    Denied(String),
    /// The roles that the identity has may allow what this one does, or not.
    Overlap(RoleId),
    /// Something cannot be read; what, and the service's words.
    Unreadable(String),
    /// It is not seen in a subscription that is delegated, or may be: there not all can be seen.
    Unseen(RoleId),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(role) => write!(f, "role {role} is assigned on a condition"),
            Self::Denied(name) => write!(f, "deny assignment {name} may stand against it"),
            Self::Overlap(role) => write!(f, "the roles that it has may allow what {role} does, or not"),
            Self::Unreadable(what) => write!(f, "{what} cannot be read"),
            Self::Unseen(role) => write!(f, "role {role} is not seen, and not all can be seen there"),
        }
    }
}

/// Whether the identity may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It has all that the policy asks for.
    Granted,
    /// It may have. `missing` are the roles that were not found, which a grant would prove.
    Uncertain {
        /// Why.
        doubts: Vec<Doubt>,
        /// What may be missing.
        missing: Vec<RoleId>,
    },
    /// These are certainly missing, in the order of the definition.
    Missing(Vec<RoleId>),
}

/// Looks at what was read, for a task at this scope.
#[must_use]
pub fn preflight(rights: &Rights, scope: &str) -> Standing {
    let required = match &rights.required {
        Found::There(required) => required,
        Found::Gone => return unreadable("the policy definition is gone", Vec::new()),
        Found::Unreadable(words) => return unreadable(&format!("the policy definition: {words}"), Vec::new()),
    };
    let mut doubts = denials(rights, scope);
    let assigned = match &rights.assignments {
        Found::There(all) => all,
        Found::Gone => return unreadable("the role assignments are not found", required.clone()),
        Found::Unreadable(words) => return unreadable(&format!("the role assignments: {words}"), required.clone()),
    };
    if rights.principal.is_none() {
        return unreadable("the identity of the assignment", required.clone());
    }
    let (mut missing, mut absent) = (Vec::new(), Vec::new());
    for role in required {
        match of_role(role, &held(role, assigned, rights, scope), rights) {
            Has::Yes => {}
            Has::Perhaps(doubt) => {
                doubts.push(doubt);
                missing.push(role.clone());
            }
            Has::No if is_unread(role, rights) => {
                doubts.push(Doubt::Unreadable(format!("the role assignments at {}", rights.place_of(role, scope))));
                missing.push(role.clone());
            }
            Has::No if rights.home != Home::Ours => {
                doubts.push(Doubt::Unseen(role.clone()));
                missing.push(role.clone());
            }
            Has::No => absent.push(role.clone()),
        }
    }
    if !absent.is_empty() {
        return Standing::Missing(absent);
    }
    match doubts.is_empty() {
        true => Standing::Granted,
        false => Standing::Uncertain { doubts, missing },
    }
}

enum Has {
    Yes,
    Perhaps(Doubt),
    No,
}

fn of_role(role: &RoleId, held: &[&RoleAssignment], rights: &Rights) -> Has {
    if held.iter().any(|one| one.role == *role && !one.has_condition) {
        return Has::Yes;
    }
    let certain = || held.iter().filter(|one| !one.has_condition);
    let elements = certain().filter_map(|one| rights.definition(&one.role)).flat_map(|known| known.permissions.iter());
    let covered = rights.definition(role).map(|wanted| wanted.is_covered_by(elements.clone()));
    // What a policy that assigns identities cannot do without: to lock them is a matter of this one role.
    let is_short = || rights.definition(role).is_some_and(|wanted| wanted.gives_more_rights_than(elements.clone()));
    let is_certain = rights.preauthorised.is_some() && is_of_the_identity(role);
    if covered == Some(Covered::Yes) {
        return Has::Yes;
    }
    if held.iter().any(|one| one.role == *role) {
        return Has::Perhaps(Doubt::Condition(role.clone()));
    }
    // A role that is held on a condition may allow it too, and so may one whose definition cannot be read.
    let of_condition = held.iter().filter(|one| one.has_condition).find(|one| may_allow(&one.role, role, rights));
    if let Some(one) = of_condition {
        return Has::Perhaps(Doubt::Condition(one.role.clone()));
    }
    if let Some(unread) = certain().map(|one| &one.role).chain([role]).find(|known| rights.definition(known).is_none())
        && !held.is_empty()
    {
        return Has::Perhaps(Doubt::Unreadable(format!("what the role {unread} allows")));
    }
    match covered {
        Some(Covered::Uncertain) if is_certain && is_short() => Has::No,
        Some(Covered::Uncertain) => Has::Perhaps(Doubt::Overlap(role.clone())),
        Some(Covered::Yes | Covered::No) | None => Has::No,
    }
}

fn may_allow(held: &RoleId, wanted: &RoleId, rights: &Rights) -> bool {
    match (rights.definition(held), rights.definition(wanted)) {
        (Some(held), Some(wanted)) => wanted.is_covered_by(held.permissions.iter()) != Covered::No,
        (None, _) | (_, None) => true,
    }
}

/// What the identity has where this role must hold.
fn held<'a>(role: &RoleId, at_scope: &'a [RoleAssignment], rights: &'a Rights, scope: &str) -> Vec<&'a RoleAssignment> {
    let place = rights.place_of(role, scope);
    let at_identity = match &rights.preauthorised {
        Some(Preauthorised { assignments: Found::There(all), .. }) if is_of_the_identity(role) => all.as_slice(),
        Some(_) | None => &[],
    };
    at_scope.iter().chain(at_identity).filter(|one| holds(one, rights, place)).collect()
}

/// Whether it cannot be read who has this role where it must hold.
fn is_unread(role: &RoleId, rights: &Rights) -> bool {
    let at_identity = rights.preauthorised.as_ref().map(|preauthorised| &preauthorised.assignments);
    is_of_the_identity(role) && matches!(at_identity, Some(Found::Unreadable(_)))
}

/// Whether a role assignment is one of the identity's, over the scope. At home the service has matched the principal and its groups.
fn holds(one: &RoleAssignment, rights: &Rights, scope: &str) -> bool {
    let is_own = || rights.principal.as_deref().is_some_and(|principal| fold(principal) == one.principal);
    one.is_over(scope) && (!rights.is_delegated() || is_own())
}

fn denials(rights: &Rights, scope: &str) -> Vec<Doubt> {
    let principal = rights.principal.as_deref().unwrap_or_default();
    match &rights.denials {
        Found::There(all) => {
            let named = all.iter().filter(|one| one.may_hold_for(principal, scope));
            named.map(|one| Doubt::Denied(one.name.clone())).collect()
        }
        // A delegated reader may not see them, and most scopes have none.
        Found::Gone | Found::Unreadable(_) => Vec::new(),
    }
}

fn unreadable(what: &str, missing: Vec<RoleId>) -> Standing {
    Standing::Uncertain { doubts: vec![Doubt::Unreadable(what.to_owned())], missing }
}
