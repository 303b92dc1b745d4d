//! Fifth question: may so much go now? First steps, pace and approvals of its assignment, over all subscriptions, say how much of a wave may.

use crate::control::fleet::{Asked, Given, Limits, Room, room};
use crate::document::{FleetDocument, short_digest};
use crate::fact::{Assignment, Facts, Found};
use crate::id::{IdDigest, Target};
use crate::policy::Resolved;
use crate::time::Timestamp;

use super::free::Free;

/// Why nothing of a wave may go now, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// A first step is full; not known until when, where something that it let in is under way.
    Step(Option<Timestamp>),
    /// The pace is reached.
    Pace(Timestamp),
    /// No approval covers it.
    Unapproved,
    /// What was approved is used up.
    ApprovalUsedUp,
    /// The breaker is open.
    PolicyFails(Timestamp),
}

/// As much of the wave as may go at this time, by storage's clock.
pub(crate) fn admitted(
    wave: Free,
    document: &FleetDocument,
    asked: &Asked,
    limits: &Limits,
    at: Timestamp,
) -> Result<Free, Full> {
    let_go(document, asked, &wave.digests(), limits, at).map(|chosen| wave.only(&chosen))
}

/// Which of these resources may go; not empty.
pub(crate) fn let_go(
    document: &FleetDocument,
    asked: &Asked,
    resources: &[IdDigest],
    limits: &Limits,
    at: Timestamp,
) -> Result<Vec<IdDigest>, Full> {
    match room(document, asked, resources, limits, at) {
        Room::Some(chosen) => Ok(chosen),
        Room::FirstSteps(until) => Err(Full::Step(until)),
        Room::Pace(until) => Err(Full::Pace(until)),
        Room::Unapproved => Err(Full::Unapproved),
        Room::ApprovalUsedUp => Err(Full::ApprovalUsedUp),
        Room::PolicyFails(until) => Err(Full::PolicyFails(until)),
    }
}

/// What a wave of the target is of.
pub(crate) fn asked(target: &Target, facts: &Facts) -> Asked {
    let reference = target.policy_definition_reference_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let effect = match &facts.effect {
        Some(Resolved::Known(effect)) => format!("{effect:?}"),
        Some(_) | None => String::new(),
    };
    let version = match &facts.assignment {
        Found::There(assignment) => assignment.effective_version.as_deref(),
        Found::Gone | Found::Unreadable(_) => None,
    };
    let major = |version: Option<&str>| {
        let major = version.and_then(|version| version.split('.').next()).map(str::trim);
        major.filter(|major| !major.is_empty()).map(str::to_owned)
    };
    let versions = [major(version), major(facts.member_version.as_deref()).map(|major| format!("(member {major})"))];
    let versions: Vec<String> = versions.into_iter().flatten().collect();
    let policy = if effect.is_empty() || versions.is_empty() {
        String::new()
    } else {
        format!("{effect} {}", versions.join(" "))
    };
    let (assignment, subscription) = (target.policy_assignment_id.clone(), target.subscription().clone());
    Asked { assignment, reference, subscription, policy, terms: terms(facts) }
}

/// With what the assignment remediates.
fn terms(facts: &Facts) -> Given {
    match &facts.assignment {
        Found::There(Assignment { parameters, principal, user_assigned, modified_at, .. }) => {
            let digest = short_digest(&format!("{:?}", (parameters, principal, user_assigned)));
            Given { digest, at: *modified_at }
        }
        Found::Gone | Found::Unreadable(_) => Given::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Effect;
    use crate::fixture::{assignment, facts_of, target};

    #[test]
    fn a_policy_is_another_with_its_effect_and_each_major_version_of_its_own_and_of_its_initiative() {
        let of = |effect: Option<Resolved>, version: Option<&str>, member: Option<&str>| {
            let assignment = crate::fact::Assignment { effective_version: version.map(Box::from), ..assignment() };
            let facts = Facts { effect, member_version: member.map(Box::from), ..facts_of(assignment) };
            asked(&target(), &facts).policy
        };
        let known = || Some(Resolved::Known(Effect::Remediable));
        for (version, member, policy) in [
            (Some("1.4.2"), None, "Remediable 1"),
            (Some("2.*.*"), None, "Remediable 2"),
            (Some("1.4.2"), Some("3.0.1"), "Remediable 1 (member 3)"),
            (Some("1.5.0"), Some("3.1.0"), "Remediable 1 (member 3)"),
            (Some("1.5.0"), Some("4.0.0-preview"), "Remediable 1 (member 4)"),
            (Some("2.0.0"), Some("3.1.0"), "Remediable 2 (member 3)"),
            (None, Some("3.1.0"), "Remediable (member 3)"),
            (None, None, ""),
            (Some(" "), None, ""),
        ] {
            assert_eq!(of(known(), version, member), policy, "{version:?} {member:?}");
        }
        assert_eq!(of(None, Some("1.0.0"), Some("1.0.0")), "", "what is not known begins with one resource");
    }
}
