//! First steps of one assignment alone. Its parameters and its identity decide what a task does as much as the policy does: where they change
//! after it was acted on, that assignment begins with the first step again, and all others of its name go on.

use crate::document::{FleetDocument, KnownTerms};
use crate::id::AssignmentId;
use crate::time::Timestamp;

use super::admission::Asked;

/// What stands between a policy and the assignment that has steps of its own.
const ALONE: &str = " alone ";

/// What decides what tasks of an assignment do, apart from the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// A digest of parameters and identity; empty where they are not known.
    pub digest: String,
    /// When the assignment was changed last, where that is told.
    pub at: Option<Timestamp>,
}

/// The policy whose steps are meant: the assignment's own where it has changed since it was acted on.
pub(super) fn policy(document: &FleetDocument, asked: &Asked) -> String {
    let Some(known) = document.terms.get(&short(&asked.assignment)).filter(|_| !asked.terms.digest.is_empty()) else {
        return asked.policy.clone();
    };
    match known {
        _ if is_newer(known, &asked.terms) => alone(asked, &asked.terms.digest),
        // Whoever read an older one goes by what is kept.
        KnownTerms { is_changed: true, digest, .. } => alone(asked, digest),
        KnownTerms { .. } => asked.policy.clone(),
    }
}

/// Keeps what an assignment is acted on with.
pub(super) fn keep(document: &mut FleetDocument, asked: &Asked) {
    let Given { digest, at } = asked.terms.clone();
    if digest.is_empty() {
        return;
    }
    let assignment = short(&asked.assignment);
    match document.terms.get_mut(&assignment) {
        None => drop(document.terms.insert(assignment, KnownTerms { digest, at, is_changed: false })),
        Some(known) if is_newer(known, &asked.terms) => {
            *known = KnownTerms { digest: digest.clone(), at, is_changed: true };
            // Steps that it had alone before are over.
            let (of, now) = (suffix(&asked.assignment, ""), suffix(&asked.assignment, &digest));
            document.steps.retain(|key, _| !key.contains(&of) || key.contains(&now));
        }
        Some(known) if known.digest == digest => known.at = known.at.max(at),
        Some(_) => {}
    }
}

fn is_newer(known: &KnownTerms, terms: &Given) -> bool {
    let is_later = match (terms.at, known.at) {
        (Some(at), Some(before)) => at > before,
        (None, _) | (_, None) => true,
    };
    known.digest != terms.digest && is_later
}

fn alone(asked: &Asked, digest: &str) -> String {
    format!("{}{}", asked.policy, suffix(&asked.assignment, digest))
}

fn suffix(assignment: &AssignmentId, digest: &str) -> String {
    format!("{ALONE}{} {digest}", short(assignment))
}

fn short(assignment: &AssignmentId) -> String {
    crate::document::short_digest(assignment.as_str())
}
