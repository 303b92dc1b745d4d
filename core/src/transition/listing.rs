//! A target with more waiting resources than its document lists. What comes beyond the limit is only counted; the policy states
//! of the scope tell later which resources they were, and the next ones are listed when there is room.

use std::collections::HashSet;

use crate::document::{Entry, EntryState, StatesCursor, TargetDocument, Unlisted};
use crate::event::ComplianceState;
use crate::fact::{Deployment, DeploymentStatus, PolicyState, ScopeStates, Unread};
use crate::id::ResourceId;
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::{handover, left_out, of_run};

use super::counted::count;

/// Lists what the states of the scope show to be non-compliant, as far as they were read and there is room. When all were read
/// and nothing is left to be listed, the target lists everything again. `counted` tells how many were before the states were
/// asked for: they say nothing of what came since.
pub(crate) fn list(document: &mut TargetDocument, list: &ScopeStates, counted: u64, tuning: &Tuning, now: Timestamp) {
    let Some(unlisted) = document.unlisted.clone() else { return };
    let of_run = unlisted.of_run.as_ref();
    let is_taken = |state: &&PolicyState| of_run.is_none_or(|run| of_run::takes(run, state));
    let ids = list.states.iter().filter(|state| state.state == ComplianceState::NonCompliant).filter(is_taken);
    let revived = of_run.map(|run| handover::revive(document, run, list, tuning, now)).unwrap_or_default();
    let ids = ids.filter_map(|state| Some((state.at?, state.resource.parse().ok()?)));
    let mut missing: Vec<(Timestamp, ResourceId)> =
        ids.filter(|(_, id)| !document.resources.contains_key(id)).collect();
    missing.sort_unstable();
    missing.dedup();
    let is_left_out = |(_, id): &mut (Timestamp, ResourceId)| tuning.guard_rails.forbid_resource(id).is_some();
    let forbidden: Vec<_> = missing.extract_if(.., is_left_out).collect();
    let all = missing.len();
    missing.retain(|(at, _)| unlisted.is_news(*at, now));
    if let Some(run) = of_run {
        missing.truncate(run.left().saturating_sub(revived));
    }
    make_room(document, missing.len(), list, tuning);
    let room = tuning.most_entries.saturating_sub(document.resources.len());
    // What was evaluated before a task that may have fixed it stays to be seen.
    let listed = missing.len().min(room);
    let left = match of_run.map(|run| run.left().saturating_sub(revived)) {
        Some(most) => all.min(most).saturating_sub(listed),
        None => all - listed,
    };
    for (at, id) in missing.iter().take(room).cloned() {
        // Nothing was evaluated in the future: what is seen now must count.
        let at = at.min(now + tuning.clock_tolerance);
        document.resources.insert(id, of_run::entry(of_run, at, tuning, now));
    }
    let left_out = leave_out(document, &forbidden, unlisted.reading.as_ref(), tuning, now);
    let came = unlisted.seen.saturating_sub(counted);
    let found = unlisted.reading.as_ref().map_or(0, |reading| reading.found) + all as u64;
    let (seen, reading) = match &list.unread {
        Unread::Nothing if list.from.is_none() => (left as u64 + came, None),
        // Between the parts the list may have moved: only a reading that finds nothing is the last.
        Unread::Nothing => (found.max(came), None),
        Unread::From(next) => {
            let reading = next.clone().map(|next| StatesCursor { next, found: found.max(came), left_out });
            (unlisted.seen.max(1), reading)
        }
    };
    let wait = match &list.unread {
        _ if missing.len() > room => tuning.check_interval_max,
        // What could be told of it is the same until something of it is fixed.
        Unread::From(None) if list.from.is_none() => tuning.check_interval_max,
        Unread::From(_) => tuning.check_interval_min,
        Unread::Nothing => tuning.backoff_cap,
    };
    document.states_refused = false;
    let mut unlisted = unlisted;
    if let Some(run) = &mut unlisted.of_run {
        run.listed = run.listed.saturating_add(u32::try_from(listed + revived).unwrap_or(u32::MAX));
    }
    let is_done = seen == 0 || unlisted.of_run.as_ref().is_some_and(|run| run.left() == 0);
    document.unlisted = match is_done {
        false => Some(Unlisted { due: now + wait, seen, reading, ..unlisted }),
        true => unlisted.of_run.map(|run| run.beside).filter(|beside| *beside > 0).map(|seen| Unlisted {
            due: now + tuning.check_interval_min,
            seen,
            evaluated_after: unlisted.evaluated_after,
            reading: None,
            of_run: None,
        }),
    };
}

/// Leaves out what was found and the guard rails forbid, so that it can be let in later. How many were found without an entry,
/// by this part of the reading and those before it: together they are what is counted, or the reading has missed some.
fn leave_out(
    document: &mut TargetDocument,
    forbidden: &[(Timestamp, ResourceId)],
    reading: Option<&StatesCursor>,
    tuning: &Tuning,
    now: Timestamp,
) -> u64 {
    let mut found = reading.map_or(0, |reading| reading.left_out);
    for (at, id) in forbidden {
        match tuning.guard_rails.forbid_resource(id) {
            Some(reason) if left_out::has_room(document, tuning) => {
                left_out::leave_out(document, id, *at, reason, tuning, now);
            }
            Some(_) | None => found += 1,
        }
    }
    let counted = document.excluded.as_ref().map_or(0, |excluded| excluded.seen);
    let digest = tuning.guard_rails.digest();
    left_out::count(document, found.saturating_sub(counted), None, Some(&digest), now);
    // As many may have been counted by other guard rails, and be others.
    if let Some(excluded) = document.excluded.as_mut().filter(|_| found > 0) {
        excluded.also_by(Some(&digest));
    }
    found
}

/// Resource Manager refuses to tell the policy states: what is counted stays counted, and is asked for again.
pub(crate) fn refused(document: &mut TargetDocument, tuning: &Tuning, now: Timestamp) {
    document.states_refused = true;
    if let Some(unlisted) = &mut document.unlisted {
        unlisted.due = now + tuning.backoff_cap;
        unlisted.reading = None;
    }
}

/// What a task for the whole scope did to resources that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UnlistedOutcome {
    /// It fixed so many.
    pub(crate) fixed: usize,
    /// It fixed so many not, for which there is no room.
    pub(crate) unfixed: usize,
}

/// A task for the whole scope may have taken resources that are not listed. Those that failed are listed as in the task, so that
/// they are tried again, as far as there is room; the others are counted, and their next evaluation tells of them.
pub(crate) fn list_failures(
    document: &mut TargetDocument,
    deployments: &[Deployment],
    tuning: &Tuning,
    now: Timestamp,
) -> UnlistedOutcome {
    let mut beyond = UnlistedOutcome::default();
    for deployment in deployments {
        let Ok(id) = deployment.resource.parse::<ResourceId>() else { continue };
        if document.resources.contains_key(&id) {
            continue;
        }
        match deployment.status {
            DeploymentStatus::Succeeded => beyond.fixed += 1,
            DeploymentStatus::Failed { .. } if document.resources.len() < tuning.most_entries => {
                let entry = Entry::waiting(deployment.ended.unwrap_or(now), now);
                document.resources.insert(id, Entry { state: EntryState::InTask, ..entry });
            }
            DeploymentStatus::Failed { .. } => {
                beyond.unfixed += 1;
                count(document, 1, now + tuning.backoff_cap);
            }
            DeploymentStatus::Open => {}
        }
    }
    beyond
}

/// A task for the whole scope has ended, which may have fixed what is not listed: only states that are newer count from now on.
pub(crate) fn whole_scope_done(document: &mut TargetDocument, tuning: &Tuning, now: Timestamp) {
    if let Some(unlisted) = &mut document.unlisted {
        unlisted.due = now + tuning.backoff_cap;
        unlisted.evaluated_after = Some(now);
        unlisted.reading = None;
    }
}

/// Forgets what is settled beyond doubt. A fix whose policy state is, or may be, still the old one stays.
fn make_room(document: &mut TargetDocument, wanted: usize, list: &ScopeStates, tuning: &Tuning) {
    let surplus = (document.resources.len() + wanted).saturating_sub(tuning.most_entries);
    let bad: HashSet<&str> = list.states.iter().map(|state| state.resource.as_str()).collect();
    let is_settled = |(id, entry): &(&ResourceId, &Entry)| match &entry.state {
        EntryState::Skipped { .. } => true,
        EntryState::Fixed { verified_at, .. } => {
            (list.is_complete() || verified_at.is_some()) && !bad.contains(id.as_str())
        }
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Parked { .. } => false,
    };
    let mut settled: Vec<_> = document.resources.iter().filter(is_settled).collect();
    // What is left out can come back: it goes last.
    settled.sort_by_key(|(_, entry)| entry.state.is_left_out());
    let forgotten: Vec<ResourceId> = settled.into_iter().take(surplus).map(|(id, _)| id.clone()).collect();
    forgotten.iter().for_each(|id| left_out::forget(document, id, tuning));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::TaskKind;
    use crate::fact::{Effect, PolicyState, TaskState};
    use crate::fixture::{deployment, failed, in_task, now, resource, seen, status, target, tuning};
    use crate::message::Finding;
    use crate::transition::observe::{Merged, merge};
    use crate::transition::settle::settle;
    use std::time::Duration;

    fn small() -> Tuning {
        Tuning { most_entries: 3, ..tuning() }
    }

    fn full() -> TargetDocument {
        let mut document = TargetDocument::new(target());
        let merged = (0..5).map(|n| merge(&mut document, &seen(Finding::NonCompliant, n, now()), &small(), now()));
        let merged: Vec<_> = merged.collect();
        assert_eq!(merged[..3], [Merged::Waiting; 3]);
        assert_eq!(merged[3..], [Merged::Unlisted; 2]);
        document
    }

    fn states(numbers: std::ops::Range<usize>, at: Timestamp) -> ScopeStates {
        let state = |n| PolicyState {
            resource: resource(n).to_string(),
            state: ComplianceState::NonCompliant,
            at: Some(at),
            effect: Some(Effect::Remediable),
            location: None,
        };
        let mut states = ScopeStates::unread(None);
        states.push(numbers.map(state).collect(), None);
        states
    }

    /// Those that were read from this link on; `next` leads to the rest.
    fn part(from: Option<&str>, numbers: std::ops::Range<usize>, next: Option<&str>) -> ScopeStates {
        let mut part = ScopeStates::unread(from.map(str::to_owned));
        part.push(states(numbers, now()).states, next.map(str::to_owned));
        part
    }

    fn list(document: &mut TargetDocument, states: &ScopeStates, tuning: &Tuning, now: Timestamp) {
        let counted = document.unlisted.as_ref().map_or(0, |unlisted| unlisted.seen);
        super::list(document, states, counted, tuning, now);
    }

    /// How many wait without being listed, where the reading goes on, and when.
    fn rest(document: &TargetDocument) -> Option<(u64, Option<&str>, Duration)> {
        let unlisted = document.unlisted.as_ref()?;
        let wait = (unlisted.due - now()).try_into().unwrap();
        Some((unlisted.seen, unlisted.reading.as_ref().map(|reading| reading.next.as_str()), wait))
    }

    #[test]
    fn what_has_no_room_is_counted_and_listed_when_there_is_room() {
        let mut document = full();
        assert_eq!((document.resources.len(), document.unlisted.as_ref().map(|u| u.seen)), (3, Some(2)));
        list(&mut document, &states(0..5, now()), &small(), now());
        assert_eq!(document.unlisted.as_ref().map(|u| (u.seen, u.due)), Some((2, now() + small().check_interval_max)));
        for n in [0, 1] {
            document.resources.get_mut(&resource(n)).unwrap().state =
                EntryState::Fixed { at: now(), verified_at: None };
        }
        // The state of one fix is not the old one any more, so there is room for one.
        list(&mut document, &states(1..5, now()), &small(), now());
        assert_eq!(document.resources.keys().cloned().collect::<Vec<_>>(), [1, 2, 3].map(resource));
        assert_eq!(document.unlisted.as_ref().map(|u| u.seen), Some(1));
        list(&mut document, &states(1..4, now()), &small(), now());
        assert_eq!(document.unlisted, None);
    }

    #[test]
    fn failures_of_a_task_for_the_whole_scope_are_listed_as_far_as_there_is_room_and_none_is_lost() {
        let mut document = in_task(1);
        document.active.as_mut().unwrap().kind = TaskKind::WholeScope { count: 6 };
        let mut deployments: Vec<_> = (0..5).map(|n| deployment(n, failed("ServerBusy"))).collect();
        deployments.push(deployment(5, DeploymentStatus::Succeeded));
        settle(&mut document, &status(TaskState::Failed), &deployments, &small(), now());
        assert_eq!(document.resources.keys().cloned().collect::<Vec<_>>(), [0, 1, 2].map(resource));
        assert!(document.resources.values().all(|entry| matches!(entry.state, EntryState::Waiting { .. })));
        let after = Some(Unlisted {
            due: now() + small().backoff_cap,
            seen: 2,
            evaluated_after: Some(now()),
            reading: None,
            of_run: None,
        });
        assert_eq!(document.unlisted, after);
        let told = document.history.last().map(|task| (task.fixed, task.unfixed));
        assert_eq!(told, Some((1, 5)));
        // Their states are of before the task: they are looked for again, and listed once they have been evaluated anew.
        document.resources.clear();
        list(&mut document, &states(3..5, now() - Duration::from_secs(60)), &small(), now());
        assert_eq!((document.resources.len(), document.unlisted.as_ref().map(|u| u.seen)), (0, Some(2)));
        list(&mut document, &states(3..5, now() + Duration::from_secs(60)), &small(), now());
        assert_eq!(document.resources.keys().cloned().collect::<Vec<_>>(), [3, 4].map(resource));
        assert_eq!(document.unlisted, None);
    }

    #[test]
    fn after_a_task_for_the_whole_scope_only_newer_states_count() {
        let mut document = full();
        whole_scope_done(&mut document, &small(), now());
        let mut unknown = document.clone();
        unknown.resources.clear();
        list(&mut unknown, &states(0..5, now()), &small(), now());
        assert_eq!((unknown.resources.len(), unknown.unlisted.as_ref().map(|u| u.seen)), (0, Some(5)));
        // A day later every resource has been evaluated again.
        list(&mut unknown, &states(0..3, now()), &small(), now() + Duration::from_secs(26 * 3_600));
        assert_eq!((unknown.resources.len(), unknown.unlisted), (3, None));
        document.resources.clear();
        list(&mut document, &states(0..2, now() + Duration::from_secs(1)), &small(), now());
        assert_eq!(document.resources.len(), 2);
    }

    #[test]
    fn what_came_of_a_long_list_is_listed_and_the_next_look_goes_on_where_this_one_stopped() {
        let (soon, later, rarely) = (small().check_interval_min, small().check_interval_max, small().backoff_cap);
        let mut document = full();
        document.resources.clear();
        list(&mut document, &part(None, 0..2, Some("2")), &small(), now());
        assert_eq!((document.resources.len(), rest(&document)), (2, Some((2, Some("2"), soon))));
        // There is room for one more; the others are left.
        list(&mut document, &part(Some("2"), 2..5, Some("5")), &small(), now());
        assert_eq!((document.resources.len(), rest(&document)), (3, Some((2, Some("5"), later))));
        list(&mut document, &part(Some("5"), 5..5, None), &small(), now());
        assert_eq!(rest(&document), Some((5, None, rarely)), "not the end: some were found");
        document.resources.clear();
        list(&mut document, &part(None, 3..5, Some("5")), &small(), now());
        assert_eq!(document.resources.keys().cloned().collect::<Vec<_>>(), [3, 4].map(resource), "none is lost");
        list(&mut document, &part(Some("5"), 5..5, None), &small(), now());
        assert!(document.unlisted.is_some());
        list(&mut document, &part(None, 3..4, Some("4")), &small(), now());
        list(&mut document, &part(Some("4"), 4..5, None), &small(), now());
        assert_eq!(document.unlisted, None, "all was read and nothing found");
    }

    #[test]
    fn a_link_that_leads_nowhere_any_more_begins_the_reading_anew() {
        let mut document = full();
        list(&mut document, &part(None, 0..2, Some("2")), &small(), now());
        let lost = ScopeStates { unread: Unread::From(None), ..ScopeStates::unread(Some("2".to_owned())) };
        assert!(!lost.is_unanswered() && !lost.is_complete());
        list(&mut document, &lost, &small(), now());
        assert_eq!(rest(&document), Some((2, None, small().check_interval_min)));
    }

    #[test]
    fn a_part_of_the_list_does_not_tell_that_a_fix_is_settled() {
        let fixed = |verified_at| {
            let mut document = full();
            document.resources.values_mut().for_each(|e| e.state = EntryState::Fixed { at: now(), verified_at });
            list(&mut document, &part(None, 3..5, Some("5")), &small(), now());
            document.resources.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(fixed(None), [0, 1, 2].map(resource));
        assert_eq!(fixed(Some(now())), [2, 3, 4].map(resource), "verified is settled");
    }

    #[test]
    fn what_came_while_the_states_were_read_keeps_the_target_from_forgetting_it() {
        let mut document = full();
        document.resources.clear();
        super::list(&mut document, &states(0..2, now()), 1, &small(), now());
        assert_eq!(rest(&document), Some((1, None, small().backoff_cap)));
        // The same between two parts.
        let mut document = full();
        document.resources.clear();
        list(&mut document, &part(None, 0..0, Some("5")), &small(), now());
        count(&mut document, 1, now());
        list(&mut document, &part(Some("5"), 5..5, None), &small(), now());
        assert!(document.unlisted.is_some());
    }
}
