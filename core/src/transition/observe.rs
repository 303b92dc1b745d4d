//! Takes what was seen into what is known. Order is by the time of the evaluation, never by arrival; the same observation
//! twice changes nothing (what is not listed is counted each time, in `unlisted.seen`).

use crate::control::fleet::is_judged;
use crate::document::{Entry, EntryState, ParkReason, SkipReason, TargetDocument};
use crate::message::{Finding, Observation};
use crate::settings::Tuning;
use crate::time::{Moment, Timestamp};
use crate::transition::{counted, doubts, left_out, never, refixed};

use super::backoff::round_up;
use super::schedule::schedule;
use super::states::{first_due, park};

/// What became of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// The resource waits now: a new episode of non-compliance.
    Waiting,
    /// It waits beside those that are listed, which are too many.
    Unlisted,
    /// It waited already; only the time of the last evaluation is new.
    StillWaiting,
    /// The guard rails leave it out.
    LeftOut,
    /// No task remediates the policy of its target.
    NotRemediable,
    /// Not newer than what is known.
    Duplicate,
    /// Older than the fix that followed.
    Stale,
    /// Weighed when the task that has the resource ends.
    Remembered,
    /// The resource is parked; nothing until the park ends.
    WhileParked,
    /// Fixed too often: parked.
    Flapping,
    /// A fix is verified.
    Verified,
    /// An event says that it became compliant without a task, or has no state any more: the policy states are asked.
    ToConfirm,
    /// It became compliant or is gone, and nothing waited for it.
    Recovered,
    /// A resource that is compliant or gone, and of which nothing is known.
    Unknown,
    /// A batch run hands the target over.
    HandedOver,
    /// Another batch run has handed it over, and asks for something else: it comes again later.
    Later,
}

impl Merged {
    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Unlisted => "unlisted",
            Self::StillWaiting => "stillWaiting",
            Self::LeftOut => "leftOut",
            Self::NotRemediable => "notRemediable",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Remembered => "remembered",
            Self::WhileParked => "whileParked",
            Self::Flapping => "flapping",
            Self::Verified => "verified",
            Self::ToConfirm => "toConfirm",
            Self::Recovered => "recovered",
            Self::Unknown => "unknown",
            Self::HandedOver => "handedOver",
            Self::Later => "later",
        }
    }
}

/// Merges one observation into its target's document, and wakes the target earlier if need be.
pub fn merge(
    document: &mut TargetDocument,
    observation: &Observation,
    tuning: &Tuning,
    moment: impl Into<Moment>,
) -> Merged {
    let moment = moment.into();
    let now = moment.now;
    let at = observation.observed_at;
    let id = &observation.resource_id;
    if let Some(entry) = document.resources.get_mut(id) {
        // Nothing was seen in the future, whatever was written down: it would hide what is seen now.
        entry.observed_at = entry.observed_at.min(moment.latest() + tuning.clock_tolerance);
    }
    if begins_anew(document, observation) && observation.is_of_event() && never::count(document) {
        return Merged::NotRemediable;
    }
    let is_full = document.resources.len() >= tuning.most_entries;
    let left_out = if may_begin(document, observation) { left_out::reason(document, id, tuning) } else { None };
    let merged = match (document.resources.get_mut(id), observation.seen, left_out) {
        (None, Finding::Compliant | Finding::Deleted, _) => Merged::Unknown,
        (Some(entry), _, _) if is_known(entry, observation, tuning, now) => Merged::Duplicate,
        (_, Finding::NonCompliant, Some(reason)) => {
            left_out::leave_out(document, id, at, reason, tuning, now);
            Merged::LeftOut
        }
        (None, Finding::NonCompliant, None) if is_full => {
            counted::count(document, 1, first_due(at, tuning, now));
            Merged::Unlisted
        }
        (None, Finding::NonCompliant, None) => {
            let options = observation.options.of_chosen();
            let entry = Entry { options, ..Entry::waiting(at, first_due(at, tuning, now)) };
            document.resources.insert(id.clone(), entry);
            Merged::Waiting
        }
        (Some(entry), Finding::Compliant, _) => compliant(entry, at, now),
        (Some(entry), Finding::Deleted, _) => deleted(entry, at, now),
        (Some(entry), Finding::NonCompliant, None) => {
            let merged = non_compliant(entry, at, tuning, now);
            if merged == Merged::Waiting {
                entry.options = observation.options.of_chosen();
            }
            merged
        }
    };
    let is_evaluation = observation.seen != Finding::Deleted && document.parked.is_none();
    let is_evaluated = is_evaluation && let_go(document.resources.get_mut(id), observation, tuning, now);
    if let (true, None, Some(entry)) =
        (merged == Merged::Waiting || is_evaluated, &document.active, document.resources.get(id))
        && let EntryState::Waiting { due } = entry.state
        && document.wake_at.is_none_or(|wake_at| due < wake_at)
    {
        schedule(document, Some(due));
    }
    if let (Merged::ToConfirm, None) = (merged, &document.active)
        && let Some(doubt) = document.resources.get(id).and_then(|entry| entry.doubt.as_ref())
        && let ask_at = doubt.ask_at
        && document.wake_at.is_none_or(|at| ask_at < at)
    {
        schedule(document, Some(round_up(ask_at, tuning.coalesce_window)));
    }
    // A first step waits to hear of it.
    let soon = round_up(now, tuning.coalesce_window);
    if merged != Merged::Duplicate
        && document.active.is_none()
        && document.resources.get(id).is_some_and(is_judged)
        && document.wake_at.is_none_or(|wake_at| soon < wake_at)
    {
        schedule(document, Some(soon));
    }
    merged
}

/// Whether the observation is of a resource that neither waits nor is in a task. What a batch run tells, though, comes from policy states
/// that have an effect of their own.
fn begins_anew(document: &TargetDocument, observation: &Observation) -> bool {
    let stands = document.resources.get(&observation.resource_id).map(|entry| &entry.state);
    observation.seen == Finding::NonCompliant
        && !matches!(stands, Some(EntryState::Waiting { .. } | EntryState::InTask))
}

/// Whether the observation may begin an episode, so that the guard rails have their say. What waits is judged when it is due.
fn may_begin(document: &TargetDocument, observation: &Observation) -> bool {
    let begins = |entry: &Entry| match &entry.state {
        EntryState::Waiting { .. } | EntryState::InTask => false,
        EntryState::Fixed { at, .. } => observation.observed_at > *at,
        EntryState::Parked { .. } | EntryState::Skipped { .. } => true,
    };
    observation.seen == Finding::NonCompliant && document.resources.get(&observation.resource_id).is_none_or(begins)
}

/// Whether the observation is not newer than what is known. What a run tells again counts where it may be judged differently now.
fn is_known(entry: &Entry, observation: &Observation, tuning: &Tuning, now: Timestamp) -> bool {
    let revives = || match &entry.state {
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Fixed { .. } => false,
        EntryState::Parked { until, .. } => *until <= now,
        EntryState::Skipped { reason, rails_digest, .. } => match reason {
            SkipReason::Compliant
            | SkipReason::Exempt
            | SkipReason::NotApplicable
            | SkipReason::Protected
            | SkipReason::Conflicting
            | SkipReason::AssignmentGone
            | SkipReason::ReferenceGone
            | SkipReason::ResourceGone => true,
            SkipReason::AssignmentExcluded
            | SkipReason::AssignmentNotIncluded
            | SkipReason::ScopeExcluded
            | SkipReason::TypeExcluded
            | SkipReason::NotEnforced => rails_digest.as_ref() != Some(&tuning.guard_rails.digest()),
            SkipReason::NotRemediable | SkipReason::NotInScope | SkipReason::NotSelected => false,
        },
    };
    let at = observation.observed_at;
    if observation.seen == Finding::Deleted {
        // What is cut to seconds may be of the very evaluation that it ends.
        let known_at = entry.doubt.as_ref().and_then(|doubt| doubt.deleted_at);
        return at < entry.observed_at || known_at.is_some_and(|known_at| at <= known_at);
    }
    let is_of_run = observation.seen == Finding::NonCompliant && !observation.is_of_event();
    at < entry.observed_at || (at == entry.observed_at && !(is_of_run && revives()))
}

fn non_compliant(entry: &mut Entry, at: Timestamp, tuning: &Tuning, now: Timestamp) -> Merged {
    // What is evaluated later has a state again.
    entry.doubt.take_if(|doubt| doubt.deleted_at.is_some_and(|deleted_at| deleted_at < at));
    match &entry.state {
        EntryState::InTask => {
            entry.observed_at = at;
            entry.seen_in_task = Some(at);
            Merged::Remembered
        }
        EntryState::Waiting { .. } => {
            entry.observed_at = at;
            Merged::StillWaiting
        }
        EntryState::Fixed { at: fixed_at, .. } if at <= *fixed_at => Merged::Stale,
        EntryState::Parked { until, .. } if *until > now => {
            entry.observed_at = at;
            Merged::WhileParked
        }
        EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => {
            new_episode(entry, at, tuning, now);
            if matches!(entry.state, EntryState::Parked { .. }) { Merged::Flapping } else { Merged::Waiting }
        }
    }
}

/// Lets a resource go that waited for an evaluation as new as this. Whether it did.
fn let_go(entry: Option<&mut Entry>, seen: &Observation, tuning: &Tuning, now: Timestamp) -> bool {
    entry.is_some_and(|entry| entry.evaluated(seen.observed_at, round_up(now, tuning.coalesce_window)))
}

fn compliant(entry: &mut Entry, at: Timestamp, now: Timestamp) -> Merged {
    entry.observed_at = at;
    match &mut entry.state {
        EntryState::Fixed { at: fixed_at, verified_at } if at >= *fixed_at => {
            verified_at.get_or_insert(at);
            entry.doubt = None;
            Merged::Verified
        }
        EntryState::Waiting { .. } | EntryState::Parked { .. } => {
            entry.doubt = Some(doubts::of_event(at, now));
            Merged::ToConfirm
        }
        EntryState::InTask => {
            // The task's own outcome says more; an older doubt is settled, though.
            entry.seen_in_task = None;
            Merged::Remembered
        }
        // There is nothing to let in any more.
        EntryState::Skipped { reason, .. } if reason.is_guard_rail() => {
            entry.state = EntryState::skipped(SkipReason::Compliant, now);
            Merged::Recovered
        }
        EntryState::Fixed { .. } | EntryState::Skipped { .. } => Merged::Stale,
    }
}

/// Its policy state is gone. What is fixed or left alone needs nothing; of what waits the policy states tell the rest.
fn deleted(entry: &mut Entry, at: Timestamp, now: Timestamp) -> Merged {
    match &entry.state {
        EntryState::Waiting { .. } | EntryState::Parked { .. } => {
            entry.doubt = Some(doubts::of_deletion(entry, at, now));
            Merged::ToConfirm
        }
        // The task's own outcome says more; where it says nothing of the resource, this is asked.
        EntryState::InTask => {
            entry.doubt = Some(doubts::of_deletion(entry, at, now));
            Merged::Remembered
        }
        EntryState::Skipped { reason, .. } if reason.is_guard_rail() => {
            entry.state = EntryState::skipped(SkipReason::ResourceGone, now);
            Merged::Recovered
        }
        EntryState::Fixed { .. } | EntryState::Skipped { .. } => Merged::Stale,
    }
}

/// A resource that was settled is non-compliant again, as seen at `at`.
pub(crate) fn new_episode(entry: &mut Entry, at: Timestamp, tuning: &Tuning, now: Timestamp) {
    entry.begin_anew(at);
    entry.fixes.retain(|fixed_at| *fixed_at + tuning.flap_window > now);
    entry.undoing.take_if(|_| entry.fixes.is_empty());
    let flapping = entry.fixes.len() >= usize::try_from(tuning.flap_limit).unwrap_or(usize::MAX);
    entry.state = if flapping {
        let words =
            format!("fixed {} times within {}", entry.fixes.len(), humantime::format_duration(tuning.flap_window));
        let parked = park(ParkReason::Flapping, None, words, tuning, now);
        match (parked, &entry.undoing) {
            (EntryState::Parked { reason, class, words, until, .. }, Some(both)) => {
                EntryState::Parked { reason, class, words, hint: refixed::hint(both), until }
            }
            (parked, _) => parked,
        }
    } else {
        EntryState::Waiting { due: first_due(at, tuning, now) }
    };
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
