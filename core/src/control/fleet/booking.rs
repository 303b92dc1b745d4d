//! What tasks take of steps, paces and approvals, and how that is given back. Each is entered by the name of its task: however often it is
//! entered, it counts once.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::document::{Booking, FleetDocument, TaskName, Unreported, UsedApproval};
use crate::id::IdDigest;
use crate::time::Timestamp;

use super::admission::{Asked, BUCKET, key, letting, steps};
use super::breaker::{BreakerRule, close, holding, is_over, learn};
use super::limits::Limits;
use super::terms;
use super::verification::{Judged, await_fixes, awaits, judge};

/// Spans that lie further back count for nothing: a day, and one more.
const KEPT: i64 = 86_400 / BUCKET + 2;
/// What was used of an approval is remembered for so long after its end.
const USED_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// A booking that is older than this is not begun with: what it was taken of may be another by now.
const STANDS: Duration = Duration::from_secs(6 * 3_600);

/// What is to be entered.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A task is about to be claimed and created.
    Book(Box<Taken>),
    /// It is known what became of a task.
    Report(Unreported, BreakerRule),
    /// It is known what became of fixes that a first step waits for.
    Judge(Judged, BreakerRule),
}

/// What a task takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The task.
    pub task: TaskName,
    /// What it is of.
    pub asked: Asked,
    /// Its resources.
    pub resources: Vec<IdDigest>,
    /// The limits that hold for it.
    pub limits: Limits,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It stands.
    Yes,
    /// The same, and a first step waits for fixes of the task to be confirmed.
    Awaited,
    /// There is no room for all of it.
    NoRoom,
}

impl Entry {
    /// The task that it is of.
    #[must_use]
    pub fn task(&self) -> &TaskName {
        match self {
            Self::Book(taken) => &taken.task,
            Self::Report(unreported, _) => &unreported.task,
            Self::Judge(judged, _) => &judged.task,
        }
    }
}

/// Enters it, at a time by storage's clock.
pub fn enter(document: &mut FleetDocument, entry: &Entry, at: Timestamp) -> Entered {
    match entry {
        Entry::Book(taken) => book(document, taken, at),
        Entry::Report(unreported, rule) => {
            report(document, unreported, *rule, at);
            if awaits(document, &unreported.task) { Entered::Awaited } else { Entered::Yes }
        }
        Entry::Judge(judged, rule) => {
            judge(document, judged, *rule, at);
            Entered::Yes
        }
    }
}

fn book(document: &mut FleetDocument, taken: &Taken, at: Timestamp) -> Entered {
    let Taken { task, asked, resources, limits } = taken;
    let policy = terms::policy(document, asked);
    if let Some(booking) = document.bookings.get(task) {
        let stands = is_approved(booking, limits, at) && still_holds(document, booking, asked, &policy, at);
        return if stands { Entered::Yes } else { Entered::NoRoom };
    }
    let payer = match letting(document, asked, resources, limits, at) {
        Ok((chosen, payer)) if chosen.len() == resources.len() => payer,
        Ok(_) | Err(_) => return Entered::NoRoom,
    };
    // It begins anew.
    if is_over(document, &asked.reference, at) {
        close(document, &asked.reference, None);
    }
    let mut standing = steps(document, (&asked.reference, &policy), limits, at);
    let mut new = Vec::new();
    let size = limits.steps.get(standing.step);
    if let Some(size) = size {
        standing.size = *size;
        new.extend(resources.iter().filter(|id| !standing.let_in.contains_key(*id)));
        new.iter().for_each(|id| drop(standing.let_in.insert(*id, asked.subscription.clone())));
    }
    if !limits.steps.is_empty() {
        document.steps.insert(key(&asked.reference, &policy), standing);
    }
    let count = u32::try_from(resources.len()).unwrap_or(u32::MAX);
    let now = at.unix_timestamp().div_euclid(BUCKET);
    let pace = document.paces.entry(asked.assignment.clone()).or_default();
    pace.retain(|bucket, _| *bucket + KEPT > now);
    *pace.entry(now).or_default() += count;
    document.approvals.retain(|_, used| used.until + USED_KEPT > at);
    if let Some(payer) = payer {
        let none = UsedApproval { count: 0, until: payer.until };
        document.approvals.entry(payer.approval.clone()).or_insert(none).count += count;
    }
    let approval = payer.map(|payer| payer.approval.clone());
    terms::keep(document, asked);
    let Asked { assignment, reference, subscription, .. } = asked.clone();
    let resources = if size.is_some() { resources.clone() } else { Vec::new() };
    let booking = Booking { assignment, reference, subscription, policy, at, count, resources, new, approval };
    document.bookings.insert(task.clone(), booking);
    Entered::Yes
}

/// Whether a booking that was not used at once still counts: no breaker has opened, it is of the same policy, its step has its resources
/// still, and its pace is that of today.
fn still_holds(document: &FleetDocument, booking: &Booking, asked: &Asked, policy: &str, at: Timestamp) -> bool {
    let steps = document.steps.get(&key(&booking.reference, &booking.policy));
    let has_place = |id: &IdDigest| steps.is_some_and(|steps| steps.let_in.contains_key(id));
    // A step that is over has let in more than these.
    let is_let_in =
        booking.new.is_empty() || steps.is_some_and(|steps| steps.step > 0) || booking.new.iter().all(has_place);
    holding(document, &asked.reference, &asked.subscription, at).is_none()
        && booking.policy == policy
        && is_let_in
        && booking.at + STANDS > at
}

/// Whether what the booking was taken of still stands: an approval that was taken back lets nothing go that it had let in.
fn is_approved(booking: &Booking, limits: &Limits, at: Timestamp) -> bool {
    limits.approvals.as_ref().is_none_or(|allowances| {
        let standing = allowances.iter().filter(|allowance| allowance.until > at);
        standing.map(|allowance| Some(&allowance.approval)).any(|approval| approval == booking.approval.as_ref())
    })
}

fn report(document: &mut FleetDocument, unreported: &Unreported, rule: BreakerRule, at: Timestamp) {
    let Some(booking) = document.bookings.remove(&unreported.task) else { return };
    if unreported.is_void {
        let bucket = booking.at.unix_timestamp().div_euclid(BUCKET);
        let pace = document.paces.get_mut(&booking.assignment);
        if let Some(count) = pace.and_then(|pace| pace.get_mut(&bucket)) {
            *count = count.saturating_sub(booking.count);
        }
        let used = booking.approval.as_ref().and_then(|approval| document.approvals.get_mut(approval));
        if let Some(used) = used {
            used.count = used.count.saturating_sub(booking.count);
        }
    }
    if !unreported.is_void {
        let counts = [unreported.fixed, unreported.failed];
        learn(document, &booking.reference, &booking.subscription, counts, rule, at);
    }
    // Another assignment of the name may have a task with the same resource: then the place is that one's.
    let is_of_it = |other: &Booking| other.reference == booking.reference && other.policy == booking.policy;
    let mut others: Vec<_> = document.bookings.values_mut().filter(|other| is_of_it(other)).collect();
    let Some(steps) = document.steps.get_mut(&key(&booking.reference, &booking.policy)) else { return };
    if unreported.is_void {
        for id in &booking.new {
            match others.iter_mut().find(|other| other.resources.contains(id)) {
                Some(other) => other.new.push(*id),
                None => drop(steps.let_in.remove(id)),
            }
        }
        return;
    }
    let held: BTreeSet<IdDigest> = others.iter().flat_map(|other| &other.resources).copied().collect();
    await_fixes(steps, &booking, unreported, at);
    // At most as often as the step is large: what always comes out so must not go on for ever.
    let given_back = unreported.given_back.iter().filter(|id| booking.resources.contains(id) && !held.contains(id));
    for id in given_back {
        if steps.given_back < steps.size && steps.let_in.remove(id).is_some() {
            steps.given_back += 1;
        }
    }
    if !booking.resources.is_empty() {
        steps.last_outcome = steps.last_outcome.max(Some(at));
    }
}
