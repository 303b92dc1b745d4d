//! What the policy states are asked apart from any wave: whether a fix that no event verified made its resource compliant, and
//! whether an event is right that says so of a resource which waits, or that there is no state of it any more. Events can be posted by whoever has the key, so that they
//! make the worker look, and nothing more. Pure.

use std::time::Duration;

use crate::document::{Doubt, Entry, EntryState, LastFailure, ParkReason, SkipReason, TargetDocument};
use crate::event::ComplianceState;
use crate::fact::PolicyState;
use crate::id::ResourceId;
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::backoff::round_up;
use super::states::{first_due, park};

/// Resources that are asked about in one pass: a question of few calls, as for a wave.
const MOST: usize = 100;
/// So many fixes of one time after the other are asked about together: in each such part of the wait one pass is enough.
const PARTS: u32 = 24;
/// What an event says is asked about so often, at pauses that double; by then the next evaluation has told.
const ASKS: u32 = 12;
const LONGEST: Duration = Duration::from_secs(86_400);

/// The doubt about a fix of that time: asked about after `VERIFY_AFTER`, and never later than it would be forgotten.
pub(crate) fn of_fix(at: Timestamp, tuning: &Tuning) -> Doubt {
    let wait = tuning.verify_after.min(tuning.flap_window);
    Doubt { ask_at: round_up(at + wait, wait / PARTS), asks: 0, compliant_at: None, deleted_at: None }
}

/// The doubt about an event that says that a resource which waits was compliant then.
pub(crate) fn of_event(at: Timestamp, now: Timestamp) -> Doubt {
    Doubt { ask_at: now, asks: 0, compliant_at: Some(at), deleted_at: None }
}

/// The doubt about an event that says that the policy state of this resource was deleted then. What waits is asked about when it
/// is due: before that nothing is done for it, and by then the states show it.
pub(crate) fn of_deletion(entry: &Entry, at: Timestamp, now: Timestamp) -> Doubt {
    let ask_at = match &entry.state {
        EntryState::Waiting { due } => (*due).max(now),
        EntryState::InTask | EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => now,
    };
    Doubt { ask_at, asks: 0, compliant_at: None, deleted_at: Some(at) }
}

/// The resources whose time to be asked about has come, longest due first.
pub(crate) fn due(document: &TargetDocument, now: Timestamp) -> Vec<ResourceId> {
    let doubted = document.resources.iter().filter_map(|(id, entry)| Some((open(entry)?.ask_at, id)));
    let mut due: Vec<_> = doubted.filter(|(at, _)| *at <= now).collect();
    due.sort_unstable();
    due.into_iter().take(MOST).map(|(_, id)| id.clone()).collect()
}

/// When the next resource is to be asked about.
pub(crate) fn next(document: &TargetDocument) -> Option<Timestamp> {
    document.resources.values().filter_map(|entry| Some(open(entry)?.ask_at)).min()
}

/// The doubt that there still is about the entry.
fn open(entry: &Entry) -> Option<&Doubt> {
    let doubt = entry.doubt.as_ref()?;
    let is_open = match &entry.state {
        EntryState::Fixed { verified_at, .. } => verified_at.is_none(),
        EntryState::Waiting { .. } | EntryState::Parked { .. } => doubt.compliant_at.or(doubt.deleted_at).is_some(),
        EntryState::InTask | EntryState::Skipped { .. } => false,
    };
    is_open.then_some(doubt)
}

/// Takes in what the policy states say of a resource that was asked about.
pub(crate) fn settle(entry: &mut Entry, state: Option<&PolicyState>, tuning: &Tuning, now: Timestamp) {
    let Some(doubt) = open(entry).cloned() else { return };
    let is_fixed = matches!(entry.state, EntryState::Fixed { .. });
    if let (false, Some(at)) = (is_fixed, doubt.deleted_at) {
        return settle_deletion(entry, doubt, state, at, tuning, now);
    }
    let told = state.and_then(|state| Some((&state.state, state.at?.min(now))));
    let (is_fix, since) = match (&entry.state, doubt.compliant_at) {
        (EntryState::Fixed { at, .. }, _) => (true, *at),
        (_, Some(at)) => (false, at),
        (_, None) => return,
    };
    // Whether a fix is in vain is judged by what was evaluated after it; an event by the evaluation that it tells of.
    let is_good = |state: &ComplianceState| matches!(state, ComplianceState::Compliant | ComplianceState::Exempt);
    let told = told.filter(|(state, at)| if is_fix && !is_good(state) { *at > since } else { *at >= since });
    match (told, &mut entry.state) {
        (Some((ComplianceState::Compliant | ComplianceState::Exempt, at)), EntryState::Fixed { verified_at, .. }) => {
            *verified_at = Some(at);
            entry.doubt = None;
        }
        (Some((ComplianceState::NonCompliant, at)), EntryState::Fixed { .. }) => {
            did_not_help(entry, since, at, tuning, now)
        }
        (Some((ComplianceState::Compliant, _)), _) => leave(entry, SkipReason::Compliant, now),
        (Some((ComplianceState::Exempt, _)), _) => leave(entry, SkipReason::Exempt, now),
        (Some((ComplianceState::NonCompliant, _)), _) => entry.doubt = None,
        (Some((ComplianceState::Other(_), _)) | None, _) => entry.doubt = ask_later(doubt, is_fix, tuning, now),
    }
}

/// No state is left: the resource is gone, or the assignment does not concern it any more. One that is older than the deletion is
/// not gone yet, or was not what was deleted: the next evaluation tells.
fn settle_deletion(
    entry: &mut Entry,
    doubt: Doubt,
    state: Option<&PolicyState>,
    deleted_at: Timestamp,
    tuning: &Tuning,
    now: Timestamp,
) {
    match state {
        None => leave(entry, SkipReason::ResourceGone, now),
        Some(state) if state.at.is_none_or(|at| at < deleted_at) => {
            entry.doubt = ask_later(doubt, false, tuning, now);
        }
        Some(PolicyState { state: ComplianceState::Compliant, .. }) => leave(entry, SkipReason::Compliant, now),
        Some(PolicyState { state: ComplianceState::Exempt, .. }) => leave(entry, SkipReason::Exempt, now),
        Some(PolicyState { state: ComplianceState::NonCompliant | ComplianceState::Other(_), .. }) => {
            entry.doubt = None;
        }
    }
}

fn ask_later(doubt: Doubt, is_fix: bool, tuning: &Tuning, now: Timestamp) -> Option<Doubt> {
    let doubled = tuning.check_interval_min.checked_mul(2_u32.saturating_pow(doubt.asks)).unwrap_or(LONGEST);
    let wait = if is_fix { tuning.verify_after.min(tuning.flap_window) } else { doubled.min(LONGEST) };
    (is_fix || doubt.asks < ASKS).then(|| Doubt { ask_at: now + wait, asks: doubt.asks.saturating_add(1), ..doubt })
}

fn leave(entry: &mut Entry, reason: SkipReason, now: Timestamp) {
    entry.doubt = None;
    entry.state = EntryState::skipped(reason, now);
}

/// The deployment succeeded, and an evaluation after it finds the resource as it was: a new episode, and no endless row of them.
fn did_not_help(entry: &mut Entry, fixed_at: Timestamp, seen: Timestamp, tuning: &Tuning, now: Timestamp) {
    entry.begin_anew(seen);
    entry.fixes.retain(|fix| *fix + tuning.flap_window > now);
    let words =
        format!("a deployment succeeded at {fixed_at}, and the evaluation of {seen} finds the resource non-compliant");
    entry.state = if entry.fixes.len() >= usize::try_from(tuning.flap_limit).unwrap_or(usize::MAX) {
        park(ParkReason::FixDidNotHelp, None, words.clone(), tuning, now)
    } else {
        EntryState::Waiting { due: first_due(seen, tuning, now) }
    };
    entry.last_failure = Some(LastFailure { words, ..LastFailure::default() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, resource, tuning};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn state(state: ComplianceState, at: Timestamp) -> PolicyState {
        PolicyState { resource: resource(0).to_string(), state, at: Some(at), effect: None, location: None }
    }

    fn fixed(fixes: usize) -> Entry {
        let at = now() - s(3_600);
        let state = EntryState::Fixed { at, verified_at: None };
        Entry { fixes: vec![at; fixes], doubt: Some(of_fix(at, &tuning())), state, ..Entry::waiting(at - s(60), at) }
    }

    #[test]
    fn only_an_evaluation_after_the_fix_tells_whether_it_helped() {
        for (offset, good_told, told) in [(-3_601_i64, false, false), (-3_600, true, false), (-3_599, true, true)] {
            let at = now() + time::Duration::seconds(offset);
            for good in [ComplianceState::Compliant, ComplianceState::Exempt] {
                let mut entry = fixed(1);
                settle(&mut entry, Some(&state(good, at)), &tuning(), now());
                assert_eq!(entry.doubt.is_none(), good_told, "{offset}");
            }
            let mut entry = fixed(1);
            settle(&mut entry, Some(&state(ComplianceState::NonCompliant, at)), &tuning(), now());
            assert_eq!(matches!(entry.state, EntryState::Waiting { .. }), told, "{offset}");
        }
    }

    #[test]
    fn a_fix_that_helps_never_is_parked_after_the_flap_limit() {
        let bad = state(ComplianceState::NonCompliant, now() - s(60));
        for (fixes, parked) in [(2, false), (3, true)] {
            let mut entry = fixed(fixes);
            settle(&mut entry, Some(&bad), &tuning(), now());
            let is_parked = matches!(entry.state, EntryState::Parked { reason: ParkReason::FixDidNotHelp, .. });
            assert_eq!((is_parked, entry.attempt, entry.doubt), (parked, 1, None));
        }
    }

    #[test]
    fn a_fix_of_which_nothing_is_told_is_asked_about_again() {
        for told in [None, Some(state(ComplianceState::Other("Conflict".to_owned()), now()))] {
            let mut entry = fixed(1);
            settle(&mut entry, told.as_ref(), &tuning(), now());
            let doubt = entry.doubt.unwrap();
            assert_eq!((doubt.asks, doubt.ask_at), (1, now() + tuning().verify_after));
        }
    }

    #[test]
    fn an_event_is_believed_when_the_policy_state_says_the_same() {
        let waiting = || Entry { doubt: Some(of_event(now() - s(60), now())), ..Entry::waiting(now() - s(60), now()) };
        for (told, left, doubted) in [
            (Some(state(ComplianceState::Compliant, now() - s(60))), true, false),
            (Some(state(ComplianceState::Compliant, now() - s(61))), false, true),
            (Some(state(ComplianceState::NonCompliant, now() - s(60))), false, false),
            (None, false, true),
        ] {
            let mut entry = waiting();
            settle(&mut entry, told.as_ref(), &tuning(), now());
            let skipped = matches!(entry.state, EntryState::Skipped { reason: SkipReason::Compliant, .. });
            assert_eq!((skipped, entry.doubt.is_some()), (left, doubted), "{told:?}");
        }
        let (mut entry, mut asks, mut time) = (waiting(), 0, now());
        while let Some(doubt) = entry.doubt.clone() {
            time = doubt.ask_at;
            settle(&mut entry, None, &tuning(), time);
            asks += 1;
        }
        assert!(asks < 20 && time > now() + s(8 * 3_600), "it is asked about for a day, {asks} times");
    }

    #[test]
    fn a_deletion_is_believed_when_no_state_is_left_and_what_waits_meanwhile_goes_into_no_wave() {
        let deleted = now() - s(60);
        for waits in [true, false] {
            let waiting = |time| {
                let mut entry = Entry::waiting(now() - s(120), now());
                if !waits {
                    entry.state = park(ParkReason::Locked, None, String::new(), &tuning(), time);
                }
                entry.doubt = Some(of_deletion(&entry, deleted, time));
                entry
            };
            let unread = PolicyState { at: None, ..state(ComplianceState::NonCompliant, now()) };
            for (told, reason, doubted) in [
                (None, Some(SkipReason::ResourceGone), false),
                (Some(state(ComplianceState::NonCompliant, now() - s(61))), None, true),
                (Some(unread), None, true),
                (Some(state(ComplianceState::NonCompliant, deleted)), None, false),
                (Some(state(ComplianceState::Other("Conflict".to_owned()), deleted)), None, false),
                (Some(state(ComplianceState::Compliant, deleted)), Some(SkipReason::Compliant), false),
                (Some(state(ComplianceState::Exempt, deleted)), Some(SkipReason::Exempt), false),
            ] {
                let mut entry = waiting(now());
                settle(&mut entry, told.as_ref(), &tuning(), now());
                let left = match entry.state {
                    EntryState::Skipped { reason, .. } => Some(reason),
                    _ => None,
                };
                assert_eq!((left, entry.doubt.is_some()), (reason, doubted), "{told:?}");
                let mut document = TargetDocument::new(crate::fixture::target());
                document.resources.insert(resource(0), entry);
                let goes = crate::wave::due::Due::all(&document, now()).count() == 1;
                assert_eq!(goes, waits && reason.is_none() && !doubted, "{told:?}");
                assert!(
                    document.earliest_due().is_none_or(|due| goes || due > now()),
                    "it is not looked at in a circle"
                );
            }
            let (mut entry, mut asks, mut time) = (waiting(now()), 0, now());
            let old = state(ComplianceState::NonCompliant, deleted - s(1));
            while let Some(doubt) = entry.doubt.clone() {
                time = doubt.ask_at;
                settle(&mut entry, Some(&old), &tuning(), time);
                asks += 1;
            }
            assert!(asks < 20 && time > now() + s(8 * 3_600), "a state that stays counts after a day, {asks} times");
        }
    }
}
