//! How much of a wave first steps, pace and approvals let go now, and when more may go.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::document::{Booking, FleetDocument, Steps};
use crate::id::{AssignmentId, IdDigest, SubscriptionId};
use crate::time::Timestamp;

use super::approved::{Paid, approved};
use super::breaker::{holding, is_over};
use super::limits::{LOST, Limits};
use super::room::{Room, size_of};
use super::terms::{self, Given};
use super::verification::is_awaiting;

/// What is counted together.
pub(super) const BUCKET: i64 = 300;
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// What a wave is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The assignment.
    pub assignment: AssignmentId,
    /// The policy within the initiative.
    pub reference: String,
    /// Where.
    pub subscription: SubscriptionId,
    /// What is remediated: the effect and the major version of the policy; empty where they are not known.
    pub policy: String,
    /// With what the assignment remediates it.
    pub terms: Given,
}

/// The key of the steps of a policy. Each version has steps of its own: two that customers have at one time must not begin each other
/// anew, and one that is not known begins with one resource, as a new one does.
pub(super) fn key(reference: &str, policy: &str) -> String {
    format!("{policy}/{reference}")
}

/// How much of these resources may go at this time, by storage's clock.
#[must_use]
pub fn room(document: &FleetDocument, asked: &Asked, resources: &[IdDigest], limits: &Limits, at: Timestamp) -> Room {
    letting(document, asked, resources, limits, at).map_or_else(|full| full, |(chosen, _)| Room::Some(chosen))
}

/// The same, with the approval that pays for it.
pub(super) fn letting<'l>(
    document: &FleetDocument,
    asked: &Asked,
    resources: &[IdDigest],
    limits: &'l Limits,
    at: Timestamp,
) -> Result<Paid<'l>, Room> {
    if let Some(open) = holding(document, &asked.reference, &asked.subscription, at) {
        return Err(Room::PolicyFails(open.until));
    }
    let paced = pace(document, &asked.assignment, limits, at).map_err(Room::Pace)?;
    let (resources, payer) = approved(document, limits, resources, at)?;
    let policy = terms::policy(document, asked);
    let of = (asked.reference.as_str(), policy.as_str());
    let steps = steps(document, of, limits, at);
    let Some(size) = limits.steps.get(steps.step) else {
        return Ok((resources.into_iter().take(paced).collect(), payer));
    };
    let mut places: BTreeSet<IdDigest> = steps.let_in.keys().copied().collect();
    let mut subscriptions: BTreeSet<&SubscriptionId> = steps.let_in.values().collect();
    let mut chosen = Vec::new();
    for id in &resources {
        if chosen.len() >= paced {
            break;
        }
        let has_place = places.len() < size_of(*size)
            && (subscriptions.contains(&asked.subscription) || subscriptions.len() < size_of(*size));
        // A retry is no new one.
        if places.contains(id) || has_place {
            places.insert(*id);
            subscriptions.insert(&asked.subscription);
            chosen.push(*id);
        }
    }
    if chosen.is_empty() {
        return Err(Room::FirstSteps(next_step(document, of, &steps, limits, at)));
    }
    Ok((chosen, payer))
}

/// The reference and the policy whose steps are meant.
pub(super) type Of<'a> = (&'a str, &'a str);

/// The steps as they stand at this time: a full step is over when it has soaked.
pub(super) fn steps(document: &FleetDocument, of: Of<'_>, limits: &Limits, at: Timestamp) -> Steps {
    let known = document.steps.get(&key(of.0, of.1));
    let known = known.filter(|_| !is_over(document, of.0, at));
    let mut steps = known.cloned().unwrap_or_default();
    if is_full(&steps, limits) && next_step(document, of, &steps, limits, at).is_some_and(|next| next <= at) {
        steps = Steps { step: steps.step + 1, ..Steps::default() };
    }
    steps
}

pub(super) fn is_full(steps: &Steps, limits: &Limits) -> bool {
    let subscriptions: BTreeSet<_> = steps.let_in.values().collect();
    limits
        .steps
        .get(steps.step)
        .is_some_and(|size| steps.let_in.len() >= size_of(*size) || subscriptions.len() >= size_of(*size))
}

/// When the step after this one begins; none while something that it let in is under way, or is to be confirmed by an evaluation. What was never heard of again for a week
/// has lost its document.
pub(super) fn next_step(
    document: &FleetDocument,
    of: Of<'_>,
    steps: &Steps,
    limits: &Limits,
    at: Timestamp,
) -> Option<Timestamp> {
    if is_awaiting(steps, limits, at) {
        return None;
    }
    let own = || document.bookings.values().filter(|booking| is_of(booking, of, steps));
    let lost = || own().map(|booking| booking.at + LOST).max();
    let last = steps.last_outcome.or_else(lost);
    last.filter(|_| !own().any(|booking| booking.at + LOST > at)).map(|last| last + limits.soak)
}

/// Whether a booking is of what this step has let in.
pub(super) fn is_of(booking: &Booking, of: Of<'_>, steps: &Steps) -> bool {
    booking.reference == of.0
        && booking.policy == of.1
        && booking.resources.iter().any(|id| steps.let_in.contains_key(id))
}

/// The spans of five minutes that count for a span of this length, with what was taken in each; a span counts as long as any of it does.
fn counting<'d>(
    document: &'d FleetDocument,
    assignment: &AssignmentId,
    span: Duration,
    at: Timestamp,
) -> impl Iterator<Item = (Timestamp, u32)> + 'd {
    let taken = document.paces.get(assignment).into_iter().flatten();
    let ends = move |bucket: i64| Timestamp::from_unix_timestamp((bucket + 1) * BUCKET).unwrap_or(at) + span;
    taken.map(move |(bucket, count)| (ends(*bucket), *count)).filter(move |(ends, _)| *ends > at)
}

/// How many resources were in tasks that were opened within the span.
pub(super) fn used(document: &FleetDocument, assignment: &AssignmentId, span: Duration, at: Timestamp) -> u32 {
    counting(document, assignment, span, at).map(|(_, count)| count).sum()
}

/// How many resources the pace leaves; when there is room again where it leaves none.
pub(super) fn pace(
    document: &FleetDocument,
    assignment: &AssignmentId,
    limits: &Limits,
    at: Timestamp,
) -> Result<usize, Timestamp> {
    let (mut least, mut until) = (u32::MAX, at);
    for (most, span) in [(limits.per_hour, HOUR), (limits.per_day, DAY)] {
        let Some(most) = most else { continue };
        let used = used(document, assignment, span, at);
        least = least.min(most.saturating_sub(used));
        // The first time at which less is used than may be.
        let mut left = used;
        for (ends, count) in counting(document, assignment, span, at).filter(|_| used >= most) {
            if left < most {
                break;
            }
            left -= count;
            until = until.max(ends);
        }
        if most == 0 {
            until = until.max(at + span);
        }
    }
    if least == 0 { Err(until) } else { Ok(size_of(least)) }
}
