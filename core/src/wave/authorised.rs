//! Sixth question: may the assignment's identity do it? What is certainly missing is granted where that is allowed, else a person must
//! act; where it cannot be told, one resource goes first. Once something was fixed, the identity has shown that it can.

use crate::document::{FailureClass, ParkReason, TargetCause, TargetDocument};
use crate::id::Target;
use crate::role::{Doubt, Grant, Grantable, Remedy, Rights, RoleId, Standing, preflight};

/// What the identity's rights let a wave do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// All of it may go.
    Full,
    /// One resource goes first, and shows whether the identity may act. What a person can do where it may not.
    Canary(String),
    /// These roles are granted first.
    Grant(Vec<Grant>),
    /// No task can work until a person acts.
    Park(TargetCause),
}

/// Whether the target's last task that deployed anything fixed something: then nothing need be asked about roles. What was fixed under an
/// assignment that was replaced since, another identity has fixed.
pub(crate) fn is_proven(document: &TargetDocument) -> bool {
    let last = document.history.iter().rev().find(|past| past.fixed + past.unfixed > 0);
    last.is_some_and(|past| past.fixed > 0 && document.replaced_at.is_none_or(|at| past.opened_at > at))
}

/// Judges what was read of the rights. `waited` says that what was granted has had its time to arrive.
pub(crate) fn authority(rights: &Rights, target: &Target, allowed: &[RoleId], waited: bool) -> Authority {
    let scope = target.scope.to_string();
    let grants = |roles: &[RoleId]| -> Option<Vec<Grant>> {
        let one = |role: &RoleId| match Grantable::of(rights, role, allowed) {
            // What is needed elsewhere than at the task's scope, a person gives.
            Grantable::Yes if rights.place_of(role, &scope) != scope => None,
            Grantable::Yes => Grant::of(rights, role, &scope),
            Grantable::NotListed | Grantable::GivesRights | Grantable::NotDelegated | Grantable::NotDelegable => None,
        };
        roles.iter().map(one).collect()
    };
    let remedy = Remedy { rights, scope: &scope, allowed, was_refused: false };
    match preflight(rights, &scope) {
        Standing::Granted => Authority::Full,
        Standing::Missing(roles) if waited => {
            Authority::Canary(remedy.of(&roles) + " (the worker has granted it, and does not see it yet)")
        }
        Standing::Missing(roles) => match grants(&roles) {
            Some(grants) => Authority::Grant(grants),
            None => Authority::Park(cause(&remedy, target, &roles)),
        },
        // What is denied somewhere is a matter of single resources.
        Standing::Uncertain { doubts, missing } if missing.is_empty() && doubts.iter().all(is_denial) => {
            Authority::Full
        }
        Standing::Uncertain { doubts, missing } => {
            let may_grant = !missing.is_empty() && !waited && !doubts.iter().any(is_denial);
            match grants(&missing).filter(|_| may_grant) {
                Some(grants) => Authority::Grant(grants),
                None => Authority::Canary(unsure(&remedy, &doubts, &missing)),
            }
        }
    }
}

fn is_denial(doubt: &Doubt) -> bool {
    match doubt {
        Doubt::Denied(_) => true,
        Doubt::Condition(_) | Doubt::Overlap(_) | Doubt::Unreadable(_) | Doubt::Unseen(_) => false,
    }
}

/// What helps where one resource went ahead and lacked permission.
fn unsure(remedy: &Remedy<'_>, doubts: &[Doubt], missing: &[RoleId]) -> String {
    let doubts: Vec<_> = doubts.iter().map(ToString::to_string).collect();
    let what = match missing {
        [] => ParkReason::MissingPermission.hint().to_owned(),
        missing => remedy.of(missing),
    };
    format!("{what} (what could not be told before: {})", doubts.join("; "))
}

/// The record of what is missing: each role by name and id, where, for whom, and the command that fixes it.
fn cause(remedy: &Remedy<'_>, target: &Target, roles: &[RoleId]) -> TargetCause {
    let principal = remedy.rights.principal.as_deref().unwrap_or_default();
    let mut places: Vec<(&str, Vec<String>)> = Vec::new();
    for role in roles {
        let (place, name) = (remedy.rights.place_of(role, remedy.scope), remedy.rights.name_of(role));
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, names)) => names.push(name),
            None => places.push((place, vec![name])),
        }
    }
    let lacks: Vec<_> = places.iter().map(|(place, names)| format!("at {place}: {}", names.join(", "))).collect();
    let words = format!(
        "the identity {principal} of policy assignment {} lacks {}",
        target.policy_assignment_id,
        lacks.join("; ")
    );
    let class = Some(FailureClass::Permission);
    TargetCause { reason: ParkReason::MissingPermission, class, words, hint: Some(remedy.of(roles)) }
}
