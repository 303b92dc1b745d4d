//! `VERIFY_STEPS`: the next first step waits until evaluations have confirmed what the one before has fixed. The fleet's document names
//! those fixes, and so does each resource's entry, until it is known there what became of it.

use std::time::Duration;

use crate::document::{
    Booking, Entry, EntryState, FleetDocument, Steps, TargetDocument, TaskName, Unreported, UnverifiedFix,
};
use crate::id::{IdDigest, SubscriptionId};
use crate::time::Timestamp;
use crate::transition::schedule::schedule;

use super::breaker::{BreakerRule, learn};
use super::limits::Limits;
use super::outcome::is_of_the_policy;

/// What became of fixes of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The task.
    pub task: TaskName,
    /// The policy within the initiative.
    pub reference: String,
    /// Where.
    pub subscription: SubscriptionId,
    /// What an evaluation confirmed, or what needs none any more.
    pub settled: Vec<IdDigest>,
    /// What is non-compliant again, and parked for that.
    pub failed: Vec<IdDigest>,
    /// What no evaluation tells of that can be read.
    pub given_up: Vec<IdDigest>,
}

impl Judged {
    fn all(&self) -> impl Iterator<Item = &IdDigest> {
        self.settled.iter().chain(&self.failed).chain(&self.given_up)
    }
}

/// The step waits for the fixes of the task; of what came out otherwise it waits for nothing more.
pub(super) fn await_fixes(steps: &mut Steps, booking: &Booking, unreported: &Unreported, at: Timestamp) {
    for id in &booking.resources {
        steps.unverified.remove(id);
        if unreported.fixes.contains(id) && steps.let_in.contains_key(id) {
            let fix = UnverifiedFix { task: unreported.task.clone(), since: at };
            steps.unverified.insert(*id, fix);
        }
    }
}

/// Whether a step waits for fixes of the task.
pub(super) fn awaits(document: &FleetDocument, task: &TaskName) -> bool {
    document.steps.values().any(|steps| steps.unverified.values().any(|fix| fix.task == *task))
}

/// Whether the step waits for fixes. What was not heard of for longer than any target waits has lost its document.
pub(super) fn is_awaiting(steps: &Steps, limits: &Limits, at: Timestamp) -> bool {
    limits.verify && steps.unverified.values().any(|fix| fix.since + limits.unverified_for > at)
}

/// Takes in what became of fixes. Each counts once, and only for the step that it was made in.
pub(super) fn judge(document: &mut FleetDocument, judged: &Judged, rule: BreakerRule, at: Timestamp) {
    let mut failed = 0;
    let of_reference = |key: &String| key.split_once('/').is_some_and(|(_, reference)| reference == judged.reference);
    for (_, steps) in document.steps.iter_mut().filter(|(key, _)| of_reference(key)) {
        for id in judged.all() {
            if steps.unverified.get(id).is_some_and(|fix| fix.task == judged.task) {
                steps.unverified.remove(id);
                failed += usize::from(judged.failed.contains(id));
            }
        }
    }
    learn(document, &judged.reference, &judged.subscription, [0, failed], rule, at);
}

/// Marks the fixes of a task that a first step waits for.
pub(crate) fn await_fixes_of(document: &mut TargetDocument, unreported: &Unreported) {
    for (id, entry) in &mut document.resources {
        if unreported.fixes.contains(&IdDigest::from(id)) {
            entry.fix_awaited = Some(unreported.task.clone());
        }
    }
}

/// Notes the fixes of which the write keeps no entry, whoever drops it: the step would wait for them until they count as lost. The target
/// is woken to tell of them.
pub(crate) fn note_forgotten(before: &TargetDocument, after: &mut TargetDocument, now: Timestamp) {
    let known = before.forgotten_fixes.len();
    for (id, entry) in &before.resources {
        let Some(task) = entry.fix_awaited.as_ref().filter(|_| !after.resources.contains_key(id)) else { continue };
        after.forgotten_fixes.entry(task.clone()).or_default().push(IdDigest::from(id));
    }
    let is_news = after.forgotten_fixes.len() > known && after.active.is_none();
    if is_news && after.wake_at.is_none_or(|at| at > now) {
        schedule(after, Some(now));
    }
}

/// Whether it is known what became of a fix that a first step waits for. What waits again is tried again, in the place that it has.
pub(crate) fn is_judged(entry: &Entry) -> bool {
    let is_known = match &entry.state {
        EntryState::Fixed { verified_at, .. } => verified_at.is_some(),
        EntryState::Skipped { .. } | EntryState::Parked { .. } => true,
        EntryState::Waiting { .. } | EntryState::InTask => false,
    };
    is_known && entry.fix_awaited.is_some()
}

/// What became of fixes of one task that a first step waits for, so far as that is known; those of which nothing can be known are given
/// up after this time.
pub(crate) fn judged(document: &TargetDocument, give_up_after: Duration, now: Timestamp) -> Option<Judged> {
    let is_given_up = |entry: &Entry| {
        let fixed_at = match &entry.state {
            EntryState::Fixed { at, verified_at: None } => Some(*at),
            _ => None,
        };
        entry.fix_awaited.is_some() && fixed_at.is_some_and(|at| at + give_up_after <= now)
    };
    let is_over = |entry: &&Entry| is_judged(entry) || is_given_up(entry);
    let known = document.resources.values().find(is_over).and_then(|entry| entry.fix_awaited.as_ref());
    let task = known.or_else(|| document.forgotten_fixes.keys().next())?.clone();
    let target = &document.target;
    let reference = target.policy_definition_reference_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let subscription = target.subscription().clone();
    let (settled, failed, given_up) = (Vec::new(), Vec::new(), Vec::new());
    let mut judged = Judged { task, reference, subscription, settled, failed, given_up };
    judged.settled.extend(document.forgotten_fixes.get(&judged.task).into_iter().flatten());
    for (id, entry) in document.resources.iter().filter(|(_, entry)| is_over(entry)) {
        if entry.fix_awaited.as_ref() != Some(&judged.task) {
            continue;
        }
        let list = match &entry.state {
            EntryState::Parked { reason, .. } if is_of_the_policy(*reason) => &mut judged.failed,
            EntryState::Fixed { verified_at: None, .. } => &mut judged.given_up,
            _ => &mut judged.settled,
        };
        list.push(IdDigest::from(id));
    }
    Some(judged)
}

/// No step waits for these any more.
pub(crate) fn no_longer_awaited(document: &mut TargetDocument, judged: &Judged) {
    document.forgotten_fixes.remove(&judged.task);
    let of_task = document.resources.iter_mut().filter(|(_, entry)| entry.fix_awaited.as_ref() == Some(&judged.task));
    for (id, entry) in of_task {
        let digest = IdDigest::from(id);
        if judged.all().any(|known| *known == digest) {
            entry.fix_awaited = None;
        }
    }
}
