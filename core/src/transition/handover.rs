//! A batch run hands over a target of which very many resources do not comply: how many is known, not which. They are found in the
//! policy states of its scope as what is counted and not listed is found, so far as the run asks for them.

use crate::document::{EntryState, OfRun, TargetDocument, Unlisted};
use crate::event::ComplianceState;
use crate::fact::ScopeStates;
use crate::id::ResourceId;
use crate::message::{Finding, Handover, Observation, RunOptions};
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;
use crate::transition::left_out;
use crate::wave::allowed::forbids_all;

use super::backoff::round_up;
use super::observe::{Merged, merge};
use super::of_run::takes;
use super::schedule::schedule;

/// So many runs are remembered.
const REMEMBERED: usize = 16;

/// Takes a handover in. One run hands a target over once; two that ask for different things do so one after the other, and one that
/// asks for nothing else, as a scan does, joins whatever is there.
pub(crate) fn hand_over(document: &mut TargetDocument, handover: &Handover, tuning: &Tuning, now: Timestamp) -> Merged {
    if document.runs.contains(&handover.origin) {
        return Merged::Duplicate;
    }
    let rail = forbids_all(&document.target, &tuning.guard_rails).filter(|_| tuning.mode == Mode::Act);
    if let Some(rail) = rail {
        remember(document, handover);
        // Counted before, they are the same again.
        let seen = if document.excluded.is_some() { 0 } else { handover.count };
        left_out::count(document, seen, Some(rail), Some(&tuning.guard_rails.digest()), now);
        return Merged::LeftOut;
    }
    let new = OfRun { run_id: handover.origin.clone(), options: handover.options.clone(), listed: 0, beside: 0 };
    match &mut document.unlisted {
        // All of it is listed as it is; who began that makes no difference.
        Some(unlisted) if new.takes_all() && options_of(unlisted) == new.options => {
            unlisted.seen = unlisted.seen.max(handover.count);
        }
        // It asks for no more than what events count: what the run leaves is looked for when the run's are listed.
        Some(unlisted) if new.options.is_default() => match &mut unlisted.of_run {
            Some(run) if !run.takes_all() => run.beside = run.beside.max(handover.count),
            Some(_) | None => unlisted.seen = unlisted.seen.max(handover.count),
        },
        Some(_) => return Merged::Later,
        None => {
            let (due, seen) = (round_up(now, tuning.coalesce_window), handover.count);
            let of_run = Some(new);
            document.unlisted = Some(Unlisted { due, seen, evaluated_after: None, reading: None, of_run });
            if document.active.is_none() && document.wake_at.is_none_or(|wake_at| due < wake_at) {
                schedule(document, Some(due));
            }
        }
    }
    remember(document, handover);
    Merged::HandedOver
}

fn options_of(unlisted: &Unlisted) -> RunOptions {
    unlisted.of_run.as_ref().map(|run| run.options.clone()).unwrap_or_default()
}

fn remember(document: &mut TargetDocument, handover: &Handover) {
    if document.runs.len() >= REMEMBERED {
        document.runs.remove(0);
    }
    document.runs.push(handover.origin.clone());
}

/// Takes in what the run finds of resources that have an entry: what was given up or skipped for a reason that is over waits again,
/// and so does what was fixed before. How many.
pub(crate) fn revive(
    document: &mut TargetDocument,
    run: &OfRun,
    list: &ScopeStates,
    tuning: &Tuning,
    now: Timestamp,
) -> usize {
    let mut revived = 0;
    for state in &list.states {
        let known = state.resource.parse::<ResourceId>().ok().filter(|id| document.resources.contains_key(id));
        let (Some(id), Some(at)) = (known, state.at) else { continue };
        if state.state != ComplianceState::NonCompliant || !takes(run, state) || revived >= run.left() {
            continue;
        }
        let is_settled = document.resources.get(&id).is_some_and(|entry| match entry.state {
            EntryState::Waiting { .. } | EntryState::InTask => false,
            EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => true,
        });
        if !is_settled {
            continue;
        }
        let (assignment, reference) =
            (document.target.policy_assignment_id.clone(), document.target.policy_definition_reference_id.clone());
        let at = at.replace_nanosecond(0).unwrap_or(at).min(now + tuning.clock_tolerance);
        let mut seen = Observation::of_event(Finding::NonCompliant, id, assignment, reference, at);
        seen.origin = run.run_id.to_string();
        seen.options = run.options.of_chosen();
        revived += usize::from(merge(document, &seen, tuning, now) == Merged::Waiting);
    }
    revived
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
