//! Which targets wait by controls that are others now: settings that were changed, metadata of an assignment, an approval that was given.
//! `sweep` finds them in a listing and wakes them to ask again, each within minutes of its own; and each once, since what then holds it is
//! of today.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::document::{
    Approval, ApprovedAssignment, ApprovedPlan, FleetDocument, Held, Said, TargetDocument, TargetSummary, hash_in,
    short_digest,
};
use crate::fact::{Facts, Found};
use crate::id::{Target, TargetHash};
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::schedule::schedule;

use super::approvals::KnownApprovals;
use super::mode::said;

/// All that waits for one thing begins within this time of it.
pub(crate) const SPREAD: Duration = Duration::from_secs(600);
/// What a person has just approved is waited for.
const SPREAD_OF_APPROVED: Duration = Duration::from_secs(60);
/// An instance may have read the approvals so long ago, at most: whoever is woken for a new one must find it.
const APPROVALS_READ: Duration = Duration::from_secs(15);
/// Seconds after which another target stands for an assignment: one that cannot be used must not keep the others waiting.
const TURN: i64 = 900;
/// Every assignment has its turn once in so many of these, whatever comes before it in the list.
const TURNS: usize = 16;

/// What settings, approvals and assignments say now.
#[derive(Debug)]
pub struct ControlsNow {
    settings: String,
    /// By the short digests of their ids, as far as was asked; none where that could not be read.
    said: BTreeMap<String, Option<String>>,
    given: Vec<Given>,
    planned: Vec<(Arc<ApprovedPlan>, Timestamp)>,
}

/// An approval that names an assignment.
#[derive(Debug)]
struct Given {
    /// The short digest of what the assignment's approvals are counted under.
    name: String,
    /// The subscription that it is for; none: for all.
    subscription: Option<String>,
    at: Timestamp,
}

impl Given {
    fn of(named: &ApprovedAssignment, approval: &Approval) -> Self {
        let subscription = approval.scope.as_ref().map(|scope| scope.subscription().to_string());
        Self { name: short_digest(named.name()), subscription, at: approval.at }
    }
}

impl ControlsNow {
    /// Of these settings and approvals, at a time by storage's clock. What is not known of approvals wakes nobody.
    #[must_use]
    pub fn new(tuning: &Tuning, approvals: Option<&KnownApprovals>, at: Timestamp) -> Self {
        let mut now =
            Self { settings: settings_digest(tuning), said: BTreeMap::new(), given: Vec::new(), planned: Vec::new() };
        let Some(known) = approvals else { return now };
        for approval in known.approvals.iter().filter(|approval| approval.stands(at)) {
            match &approval.plan {
                Some(digest) => now.planned.extend(known.plans.get(digest).map(|plan| (Arc::clone(plan), approval.at))),
                None => now.given.extend(approval.assignment.iter().map(|named| Given::of(named, approval))),
            }
        }
        now
    }

    /// What an assignment says of itself now, as far as that could be read.
    pub fn says(&mut self, assignment: &Said, facts: Option<&Facts>) {
        let read = facts.filter(|facts| !matches!(facts.assignment, Found::Unreadable(_)));
        let says = read.map(said_digest);
        let known = self.said.entry(assignment.assignment.clone()).or_default();
        *known = says.or_else(|| known.take());
    }

    /// Those of a page of which one stands for each assignment that holds targets by what it says of itself, and that was not asked yet:
    /// whether it is still so is asked for it. Apart those whose turn it is, and all others.
    #[must_use]
    pub fn to_look_at_said<'p>(&self, page: &'p [TargetSummary], now: Timestamp) -> [Vec<&'p TargetSummary>; 2] {
        let mut groups: BTreeMap<&str, Vec<&TargetSummary>> = BTreeMap::new();
        for summary in page {
            if let Some(held @ Held::Settings(_, Some(said))) = &summary.held_under
                && !comes_by_itself(summary, held, now)
                && !self.said.contains_key(&said.assignment)
            {
                groups.entry(&said.assignment).or_default().push(summary);
            }
        }
        let turn = usize::try_from(now.unix_timestamp() / TURN).unwrap_or_default();
        let (mut in_turn, mut others) = (Vec::new(), Vec::new());
        for (assignment, group) in groups {
            let place = assignment.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            let is_in_turn = place % TURNS == turn % TURNS;
            let (whose, turn) = if is_in_turn { (&mut in_turn, turn / TURNS) } else { (&mut others, turn) };
            whose.extend(group.get(turn % group.len()));
        }
        [in_turn, others]
    }

    /// Those of a page of the list that are to be woken to ask again: who would wait longest comes first.
    #[must_use]
    pub fn to_ask_again<'p>(&self, page: &'p [TargetSummary], now: Timestamp) -> Vec<&'p TargetSummary> {
        let is_held_by_none = |summary: &&TargetSummary| {
            let held = summary.held_under.as_ref();
            held.is_some_and(|held| !comes_by_itself(summary, held, now) && self.is_over(summary, held))
        };
        let mut held: Vec<_> = page.iter().filter(is_held_by_none).collect();
        held.sort_by_key(|summary| std::cmp::Reverse(summary.wake_at));
        held
    }

    fn is_over(&self, summary: &TargetSummary, held: &Held) -> bool {
        match held {
            Held::Settings(digest, said) => {
                let is_other =
                    |said: &Said| matches!(self.said.get(&said.assignment), Some(Some(now)) if *now != said.digest);
                *digest != self.settings || said.as_ref().is_some_and(is_other)
            }
            Held::Approval { name, newest } => {
                let (Some(hash), Some(folder)) = (hash_in(&summary.blob), summary.blob.rsplit('/').nth(1)) else {
                    return false;
                };
                hash.parse().is_ok_and(|hash| self.newest(name, folder, &hash) > *newest)
            }
        }
    }

    /// When the newest was given of the approvals that name a target, by the name of its assignment or in a plan. One for a group
    /// counts for all targets of the subscription: a listing does not tell more.
    fn newest(&self, name: &str, subscription: &str, hash: &TargetHash) -> Option<Timestamp> {
        let is_of =
            |given: &&Given| given.name == name && given.subscription.as_ref().is_none_or(|of| of == subscription);
        let given = self.given.iter().filter(is_of);
        let planned = self.planned.iter().filter(|(plan, _)| plan.names_target(hash));
        given.map(|given| given.at).chain(planned.map(|(_, at)| *at)).max()
    }
}

/// Whether the target is soon looked at anyway.
fn comes_by_itself(summary: &TargetSummary, held: &Held, now: Timestamp) -> bool {
    summary.wake_at.is_none_or(|at| at <= now + spread(held))
}

/// A short name for what the settings say of when, how much and how fast.
fn settings_digest(tuning: &Tuning) -> String {
    let Tuning { change_window, first_steps, step_soak, verify_steps, max_per_hour, max_per_day, .. } = tuning;
    short_digest(&format!("{:?}", (change_window, first_steps, step_soak, verify_steps, max_per_hour, max_per_day)))
}

/// What holds a target that rests by settings, and by what its assignment says of itself.
pub(crate) fn held_by_settings(target: &Target, facts: Option<&Facts>, tuning: &Tuning) -> Held {
    let said = facts.and_then(|facts| {
        let said = said(facts)?;
        let narrows = said.window.is_some() || said.max_per_hour.is_some() || said.max_per_day.is_some();
        narrows.then(|| Said {
            assignment: short_digest(target.policy_assignment_id.as_str()),
            digest: said_digest(facts),
        })
    });
    Held::Settings(settings_digest(tuning), said)
}

fn said_digest(facts: &Facts) -> String {
    short_digest(&format!("{:?}", said(facts)))
}

/// What holds a target that awaits an approval.
pub(crate) fn held_for_approval(
    target: &Target,
    known: Option<&KnownApprovals>,
    tuning: &Tuning,
    at: Timestamp,
) -> Held {
    let name = short_digest(&FleetDocument::name_of(target));
    let newest = ControlsNow::new(tuning, known, at).newest(&name, &target.subscription().to_string(), &target.hash());
    Held::Approval { name, newest }
}

/// Wakes the target if this still holds it. Whether it is woken.
pub(crate) fn ask_again(document: &mut TargetDocument, held: &Held, now: Timestamp) -> bool {
    if document.active.is_some() || document.held_under.as_ref() != Some(held) {
        return false;
    }
    document.held_under = None;
    let read = if let Held::Approval { .. } = held { APPROVALS_READ } else { Duration::ZERO };
    let at = now + read + (spread(held) - read).mul_f64(share(&document.target.hash()));
    if document.wake_at.is_some_and(|planned| planned <= at) {
        return false;
    }
    schedule(document, Some(at));
    true
}

fn spread(held: &Held) -> Duration {
    match held {
        Held::Settings(..) => SPREAD,
        Held::Approval { .. } => SPREAD_OF_APPROVED,
    }
}

/// The target's own share of a time over which many are spread.
pub(crate) fn share(hash: &TargetHash) -> f64 {
    let digits = hash.as_str().get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    f64::from(digits.unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
