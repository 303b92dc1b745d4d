//! The words for codes: what a person reads where documents, logs and JSON have `missingPermission`. One table for all commands. The words
//! are short, since they stand in tables of 60 columns; hints and [`super::reason_words`] tell more.

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use crate::decide::Idle;
use crate::document::{ParkReason, SkipReason};

/// The words for a code. What is no code is left as it is.
#[must_use]
pub fn in_words(code: &str) -> &str {
    let known = read(code).map(of_park).or_else(|| read(code).map(of_skip)).or_else(|| read(code).map(of_rest));
    known.unwrap_or(match code {
        "notDue" => "not due yet",
        "notLookedAt" => "not looked at yet",
        // Why an event needs nothing.
        "compliant_from_the_start" => "compliant from the start",
        "other_state" => "of another state",
        other => other,
    })
}

fn read<'de, T: Deserialize<'de>>(code: &'de str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(code)).ok()
}

fn of_park(reason: ParkReason) -> &'static str {
    match reason {
        ParkReason::PermanentFailure => "fails for good",
        ParkReason::MissingPermission => "identity lacks a role",
        ParkReason::DenyAssignment => "barred by a deny assignment",
        ParkReason::Locked => "barred by a lock",
        ParkReason::DisallowedByPolicy => "forbidden by another policy",
        ParkReason::PermanentConflict => "something else has its place",
        ParkReason::WaitingForResource => "resource is not ready for it",
        ParkReason::AttemptsUsedUp => "all attempts are used up",
        ParkReason::FixDidNotHelp => "fixed, yet non-compliant",
        ParkReason::Flapping => "set back after each fix",
        ParkReason::Canceled => "a person canceled the task",
        ParkReason::PolicyFails => "the policy itself fails",
        ParkReason::NoIdentity => "assignment has no identity",
        ParkReason::IdentityUnfit => "identity is of the wrong kind",
        ParkReason::ReferenceMissing => "event names no policy",
        ParkReason::WorkerLacksPermission => "the worker lacks a role",
        ParkReason::TaskRefused => "Azure refuses to be asked",
        ParkReason::SubscriptionGone => "subscription is not found",
        ParkReason::SubscriptionDisabled => "subscription is disabled",
        ParkReason::ProviderNotRegistered => "provider is not registered",
        ParkReason::ScopeLocked => "a lock forbids tasks",
        ParkReason::DelegationWithdrawn => "delegation is withdrawn",
    }
}

fn of_skip(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Compliant => "complies already",
        SkipReason::Exempt => "exempt",
        SkipReason::NotApplicable => "policy does not apply",
        SkipReason::Protected => "protected",
        SkipReason::Conflicting => "policies conflict",
        SkipReason::NotRemediable => "not remediable",
        SkipReason::AssignmentGone => "assignment is gone",
        SkipReason::ReferenceGone => "initiative lost the policy",
        SkipReason::ResourceGone => "resource is gone",
        SkipReason::AssignmentExcluded => "assignment is excluded",
        SkipReason::AssignmentNotIncluded => "assignment is not included",
        SkipReason::ScopeExcluded => "scope is excluded",
        SkipReason::TypeExcluded => "type is excluded",
        SkipReason::NotEnforced => "assignment is not enforced",
        SkipReason::NotInScope => "excluded by its assignment",
        SkipReason::NotSelected => "not selected by its assignment",
    }
}

fn of_rest(idle: Idle) -> &'static str {
    match idle {
        Idle::NothingDue => "nothing is due yet",
        Idle::WaveFills => "more comes due soon",
        Idle::NotEvaluatedYet => "no evaluation result yet",
        Idle::Blocked => "another task is in the way",
        Idle::TaskListAwaited => "list of tasks not read whole",
        Idle::Throttled => "Resource Manager throttles",
        Idle::Unanswered => "Resource Manager was silent",
        Idle::RolesArrive => "granted roles take effect",
        Idle::TargetParked => "parked as a whole",
        Idle::SubscriptionParked => "subscription is parked",
        Idle::TaskRunning => "in a running task",
        Idle::OpeningElsewhere => "opened by another instance",
        Idle::OutOfTime => "looked at again soon",
        Idle::PlanMode => "plan mode",
        Idle::Paused => "paused",
        Idle::OutsideWindow => "outside the change window",
        Idle::FirstSteps => "first steps",
        Idle::PaceReached => "pace is reached",
        Idle::AwaitingApproval => "awaits an approval",
        Idle::ApprovalUsedUp => "approval is used up",
        Idle::PolicyFails => "the policy itself fails",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest words that fit a table of 60 columns beside `skipped: ` and a count.
    const LONGEST: usize = 32;

    /// The codes that `as_str` gives in these files.
    fn codes() -> Vec<&'static str> {
        [include_str!("../document/reasons.rs"), include_str!("../decide/idle.rs")]
            .iter()
            .flat_map(|file| file.lines())
            .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \"")?.1.strip_suffix("\","))
            .filter(|word| word.chars().all(|c| c.is_ascii_alphabetic()))
            .collect()
    }

    #[test]
    fn each_code_of_a_park_a_skip_or_a_rest_has_short_words_of_its_own() {
        // Classes of failures stand in the same file; they are no reasons.
        let classes = [
            "transient",
            "conflict",
            "gone",
            "stale",
            "permission",
            "denied",
            "disallowed",
            "permanent",
            "waitsForResource",
            "subscription",
        ];
        let codes: Vec<_> = codes().into_iter().filter(|code| !classes.contains(code)).collect();
        assert!(codes.len() > 50, "the files are read: {codes:?}");
        for code in codes {
            let words = in_words(code);
            assert!(words.chars().count() <= LONGEST, "{words}");
            let is_told = words != code || ["exempt", "protected", "paused"].contains(&code);
            assert!(is_told, "{code} has no words");
        }
        assert_eq!(in_words("somethingNew"), "somethingNew");
    }
}
