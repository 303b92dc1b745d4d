//! Policies that undo each other: the targets of a subscription tell each other what they fix again, so that a resource which is
//! set back after each fix is parked with the name of the assignment that does it, where that is one of the worker's own.

use crate::document::{Refixed, SubscriptionDocument, TargetDocument};
use crate::id::{IdDigest, ResourceId, Target, TargetHash};
use crate::settings::Tuning;
use crate::time::Timestamp;

/// Most resources of a subscription that are noted: those that flap are few, or a person has been told by now.
const MOST: usize = 500;

/// Notes with the claim of the target's task which of its resources it has fixed before; what is older than `FLAP_WINDOW` goes.
pub(crate) fn note(
    claims: &mut SubscriptionDocument,
    hash: &TargetHash,
    document: &TargetDocument,
    tuning: &Tuning,
    now: Timestamp,
) {
    claims.refixed.retain(|_, by| {
        by.retain(|one| one.at + tuning.flap_window > now);
        !by.is_empty()
    });
    for id in again(document) {
        let digest = IdDigest::from(id);
        if claims.refixed.len() >= MOST && !claims.refixed.contains_key(&digest) {
            continue;
        }
        let by = claims.refixed.entry(digest).or_default();
        by.retain(|one| one.by != *hash);
        by.push(Refixed { by: hash.clone(), policy: policy(&document.target), at: now });
    }
}

/// Learns who else fixes the resources of the task again and again.
pub(crate) fn learn(document: &mut TargetDocument, hash: &TargetHash, claims: &SubscriptionDocument) {
    let own = policy(&document.target);
    let other = |id: &ResourceId| {
        let others = claims.refixed.get(&IdDigest::from(id))?.iter().filter(|one| one.by != *hash);
        Some((id.clone(), format!("{own} and {}", others.max_by_key(|one| one.at)?.policy)))
    };
    let learned: Vec<_> = again(document).filter_map(other).collect();
    for (id, both) in learned {
        if let Some(entry) = document.resources.get_mut(&id) {
            entry.undoing = Some(both);
        }
    }
}

/// What a person can do about two policies that undo each other.
pub(crate) fn hint(both: &str) -> String {
    format!(
        "Two assignments undo each other, {both}: each fix of one is what the other remediates. Change the parameters of one so that both ask for the same, or exempt the resource from one (az policy exemption create)."
    )
}

/// The resources of the task that were fixed before.
fn again(document: &TargetDocument) -> impl Iterator<Item = &ResourceId> {
    document.in_task().filter(|id| document.resources.get(*id).is_some_and(|entry| !entry.fixes.is_empty()))
}

fn policy(target: &Target) -> String {
    match &target.policy_definition_reference_id {
        Some(reference) => format!("{} ({})", target.policy_assignment_id, reference.as_str()),
        None => target.policy_assignment_id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::document::EntryState;
    use crate::fixture::{in_task, now, resource, seen, target, tuning};
    use crate::message::Finding;
    use crate::transition::observe::{Merged, merge};

    /// The same resources in a task of another target.
    fn other(resources: usize) -> TargetDocument {
        let mut document = in_task(resources);
        document.target = Target { policy_definition_reference_id: Some("inherit".parse().unwrap()), ..target() };
        document
    }

    /// The target fixes resource 0 once more.
    fn fixes(document: &mut TargetDocument, claims: &mut SubscriptionDocument, at: Timestamp) {
        let hash = document.target.hash();
        document.resources.get_mut(&resource(0)).unwrap().state = EntryState::InTask;
        note(claims, &hash, document, &tuning(), at);
        learn(document, &hash, claims);
        let entry = document.resources.get_mut(&resource(0)).unwrap();
        entry.fixes.push(at);
        entry.state = EntryState::Fixed { at, verified_at: None };
    }

    #[test]
    fn what_two_targets_set_back_by_turns_is_parked_with_the_names_of_both() {
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        let mut one = in_task(2);
        let mut other = other(2);
        let hours = |n: u64| now() + Duration::from_secs(3_600 * n);
        for turn in 0..3 {
            fixes(&mut one, &mut claims, hours(2 * turn));
            fixes(&mut other, &mut claims, hours(2 * turn + 1));
        }
        for document in [&mut one, &mut other] {
            let merged = merge(document, &seen(Finding::NonCompliant, 0, hours(9)), &tuning(), hours(9));
            assert_eq!(merged, Merged::Flapping);
            let EntryState::Parked { hint, .. } = &document.resources[&resource(0)].state else { panic!("not parked") };
            let (own, with_reference) =
                (target().policy_assignment_id.to_string(), format!("{} (inherit)", target().policy_assignment_id));
            assert!(hint.contains(&own) && hint.contains(&with_reference) && hint.contains(" and "), "{hint}");
        }
        assert_eq!(one.resources[&resource(1)].undoing, None, "of its neighbours nothing is said");
    }

    #[test]
    fn nobody_is_suspected_for_a_single_fix_nor_for_what_was_long_ago() {
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        let (mut one, mut other) = (in_task(1), other(1));
        fixes(&mut other, &mut claims, now());
        fixes(&mut one, &mut claims, now());
        assert!(claims.refixed.is_empty(), "first fixes are nobody's business");
        fixes(&mut other, &mut claims, now());
        assert_eq!(claims.refixed.len(), 1);
        fixes(&mut one, &mut claims, now() + tuning().flap_window + Duration::from_secs(1));
        assert_eq!(one.resources[&resource(0)].undoing, None);
        assert_eq!(claims.refixed.values().map(Vec::len).sum::<usize>(), 1, "the old note is gone");
    }
}
