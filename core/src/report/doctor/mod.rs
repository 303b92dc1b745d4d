//! What is found when an installation is looked over: each finding with how to fix it, judged from values.

mod events;
mod functions;

pub use events::{Ours, Seen, events};
pub use functions::functions;

use serde::Serialize;

use crate::document::TargetSummary;
use crate::fact::CallKind;
use crate::role::Permission;
use crate::settings::Tuning;
use crate::time::{Moment, Timestamp};
use crate::transition::is_overdue;

use crate::report::words::count;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// It goes on, and somebody should look at it.
    Warning,
    /// It does not work.
    Error,
}

impl Level {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// How to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// That something is as it should be.
    #[must_use]
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, what: what.into(), fix: None }
    }

    /// Something that is not, with how to fix it.
    #[must_use]
    pub fn of(check: &'static str, level: Level, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, level, what: what.into(), fix: Some(fix.into()) }
    }

    /// Whether somebody should do something.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.level >= Level::Warning
    }
}

/// What the worker may not do in a subscription, given its permissions there.
#[must_use]
pub fn own_rights(subscription: &str, permissions: &[Permission], tuning: &Tuning) -> Finding {
    const CHECK: &str = "rights";
    let grants = (!tuning.grant_roles.is_empty()).then_some(CallKind::GrantRole);
    let deletes = tuning.keep_tasks_for.map(|_| CallKind::DeleteTask);
    let always = CallKind::ALL.into_iter().filter(|kind| kind.is_always_needed());
    let mut missing: Vec<_> = always
        .chain(grants)
        .chain(deletes)
        .map(CallKind::action)
        .filter(|action| !permissions.iter().any(|permission| permission.allows(action)))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let evaluates = permissions.iter().any(|permission| permission.allows(CallKind::TriggerEvaluation.action()));
    if missing.is_empty() && !evaluates {
        return Finding::of(
            CHECK,
            Level::Note,
            format!("subscription {subscription}: the worker may not ask for evaluations"),
            "Resources without an evaluation result then wait for the daily one. The deployment's triggerEvaluations gives that right.",
        );
    }
    if missing.is_empty() {
        return Finding::ok(
            CHECK,
            format!("subscription {subscription}: all that the worker asks and does is allowed"),
        );
    }
    let needs_write = missing.contains(&CallKind::CreateTask.action());
    let level = if needs_write || missing.contains(&CallKind::ListAssignments.action()) {
        Level::Error
    } else {
        Level::Warning
    };
    Finding::of(
        CHECK,
        level,
        format!("subscription {subscription}: not allowed is {}", missing.join(", ")),
        "Give the worker's identity the role of the deployment (infra/rights) or Resource Policy Contributor at the subscription or a management group above it; in a delegated subscription, in the Lighthouse registration. A person's own login needs the same only for plan.",
    )
}

/// What the clocks of this machine and of storage show.
#[must_use]
pub fn clock(moment: Moment, tuning: &Tuning) -> Finding {
    const CHECK: &str = "clock";
    let behind = moment.stored_after - moment.now;
    let ahead = moment.now - moment.stored_before;
    let off = behind.max(ahead);
    if off <= tuning.clock_tolerance {
        return Finding::ok(CHECK, "this machine and storage show the same time");
    }
    let (seconds, which) = (off.whole_seconds(), if behind > ahead { "behind" } else { "ahead of" });
    Finding::of(
        CHECK,
        Level::Warning,
        format!("this machine is {seconds} s {which} storage"),
        "Set this machine's clock by a time server (timedatectl, w32tm). The worker times what it leaves to others by storage.",
    )
}

/// What the list of targets tells.
#[must_use]
pub fn documents(summaries: &[TargetSummary], slack: std::time::Duration, now: Timestamp) -> Vec<Finding> {
    const CHECK: &str = "state";
    let number = |wanted: &dyn Fn(&&TargetSummary) -> bool| summaries.iter().filter(wanted).count();
    let newer = number(&|summary| summary.is_newer);
    let untold = number(&|summary| summary.counts.is_none() && !summary.is_newer);
    let overdue = number(&|summary| is_overdue(summary, slack, now));
    let parked: u64 = summaries.iter().filter_map(|summary| summary.counts).map(|counts| counts.parked).sum();
    let parked = usize::try_from(parked).unwrap_or(usize::MAX);
    let wrong = [
        (
            newer,
            Level::Error,
            ["document was written by a newer worker", "documents were written by a newer worker"],
            "Deploy the newer worker everywhere; this version leaves those targets alone.",
        ),
        (
            untold,
            Level::Note,
            ["document has no metadata", "documents have no metadata"],
            "They were put back by hand or by a tool; sweep looks at each, and then they have.",
        ),
        (
            overdue,
            Level::Warning,
            ["target is overdue", "targets are overdue"],
            "See that the function app runs and that sweep is called (log event swept): it wakes them every fifteen minutes.",
        ),
        (
            parked,
            Level::Warning,
            ["resource is parked", "resources are parked"],
            "policy-remediator parked show tells why, and what fixes it.",
        ),
    ];
    let mut found = vec![Finding::ok(CHECK, count(summaries.len(), "target is known", "targets are known"))];
    let rows = wrong.into_iter().filter(|(number, ..)| *number > 0);
    found
        .extend(rows.map(|(number, level, [one, many], fix)| Finding::of(CHECK, level, count(number, one, many), fix)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Counts, TargetDocument, metadata_of};
    use crate::fixture::{now, target, tuning, tuning_with};
    use std::time::Duration;

    fn allowing(actions: &[&str], but: &[&str]) -> Permission {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Permission { actions: texts(actions), not_actions: texts(but), ..Permission::default() }
    }

    #[test]
    fn what_is_not_allowed_is_named_by_its_action() {
        let all = [
            allowing(&["Microsoft.PolicyInsights/*", "*/read"], &[]),
            allowing(&["Microsoft.Authorization/*/read"], &[]),
        ];
        assert_eq!(own_rights("s", &all, &tuning()).level, Level::Ok);
        let granting = tuning_with("GRANT_ROLES", "b24988ac-6180-42a0-ab88-20f7382dd24c");
        let missing = own_rights("s", &all, &granting);
        assert!(missing.level == Level::Warning && missing.what.contains("roleAssignments/write"), "{missing:?}");
        let but = [allowing(&["*"], &["Microsoft.PolicyInsights/remediations/write"])];
        assert_eq!(own_rights("s", &but, &tuning()).level, Level::Error);
        assert!(own_rights("s", &[], &tuning()).needs_attention());
        let quiet = [allowing(&["*"], &["Microsoft.PolicyInsights/policyStates/triggerEvaluation/action"])];
        assert_eq!(own_rights("s", &quiet, &tuning()).level, Level::Note);
    }

    #[test]
    fn a_clock_is_told_when_it_is_off_by_more_than_is_tolerated() {
        let tolerated = tuning().clock_tolerance;
        for (off, is_ok) in [(Duration::ZERO, true), (tolerated, true), (tolerated + Duration::from_secs(5), false)] {
            for (stored, word) in [(now() + off, "behind"), (now() - off, "ahead of")] {
                let moment = Moment { stored_after: stored, stored_before: stored, ..Moment::from(now()) };
                let found = clock(moment, &tuning());
                assert_eq!(found.level == Level::Ok, is_ok, "{found:?}");
                assert!(is_ok || found.what.contains(word), "{found:?}");
            }
        }
    }

    #[test]
    fn what_the_list_of_targets_tells_is_told_with_what_fixes_it() {
        let summary = || TargetSummary::read("b".to_owned(), &metadata_of(&TargetDocument::new(target())));
        let slack = Duration::from_secs(1_200);
        let words = |summary| {
            let found = documents(&[summary], slack, now());
            found.into_iter().skip(1).map(|finding| (finding.level, finding.what)).collect::<Vec<_>>()
        };
        assert_eq!(words(summary()), []);
        let late = TargetSummary { wake_at: Some(now() - Duration::from_secs(9_000)), ..summary() };
        assert_eq!(words(late), [(Level::Warning, "1 target is overdue".to_owned())]);
        let parked = Counts { parked: 7, ..Counts::default() };
        let parked = TargetSummary { counts: Some(parked), ..summary() };
        assert_eq!(words(parked), [(Level::Warning, "7 resources are parked".to_owned())]);
        let newer = TargetSummary { is_newer: true, ..summary() };
        assert_eq!(words(newer), [(Level::Error, "1 document was written by a newer worker".to_owned())]);
        let untold = TargetSummary::read("b".to_owned(), &Default::default());
        assert_eq!(words(untold)[0].0, Level::Note);
    }
}
