//! Whether it is the policy that fails, and not one resource after the other: the same failure of so many, or of all there are. Then
//! the target is parked once, with the count, and what had failed waits with the rest. Of the causes only those are the policy's own
//! that nothing else explains: what a lock, a missing role or another operation does has a class of its own.

use std::collections::HashMap;

use crate::document::{EntryState, FailureClass, ParkReason, TargetCause, TargetDocument};
use crate::id::ResourceId;
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::named::cause;
use super::park_target::park_target;
use super::states::parked_at;

/// So many failures of one cause are the policy's, whatever else there is.
const MANY: usize = 10;
/// So many are, where there is nothing else.
const ALL: usize = 3;

/// Failures that have one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonCause<'a> {
    /// Those that failed so.
    pub resources: Vec<&'a ResourceId>,
    /// The service's words for the first of them.
    pub words: &'a str,
}

/// The most frequent cause of these failures, each with the service's words.
#[must_use]
pub fn common_cause<'a>(failures: impl Iterator<Item = (&'a ResourceId, &'a str)>) -> Option<CommonCause<'a>> {
    let mut by_cause: HashMap<String, CommonCause<'a>> = HashMap::new();
    for (id, words) in failures {
        let common = || CommonCause { resources: Vec::new(), words };
        by_cause.entry(cause(words, id)).or_insert_with(common).resources.push(id);
    }
    by_cause.into_values().max_by_key(|common| (common.resources.len(), std::cmp::Reverse(common.resources[0])))
}

/// Whether so many failures of one cause are the policy's own, where so many others work. `are_all`: there is nothing else.
#[must_use]
pub fn is_of_policy(failed: usize, works: usize, are_all: bool) -> bool {
    works <= failed && (failed >= MANY || (are_all && failed >= ALL))
}

/// Parks the target after a task that fixed so many and so many not, if what failed failed for a cause of the policy. That task must have
/// met it itself: what failed long ago says nothing of a policy that has worked since, or was not tried again.
pub(super) fn learn_of_policy(
    document: &mut TargetDocument,
    opened_at: Timestamp,
    (fixed, unfixed): (usize, usize),
    tuning: &Tuning,
    now: Timestamp,
) {
    if document.parked.is_some() || unfixed == 0 || fixed > unfixed {
        return;
    }
    let failures = document.resources.iter().filter_map(|(id, entry)| match &entry.state {
        EntryState::Parked { class: Some(FailureClass::Permanent), words, .. } => Some((id, words.as_str())),
        _ => None,
    });
    let Some(common) = common_cause(failures) else { return };
    let parked_at = |id: &&ResourceId| parked_at(&document.resources.get(*id)?.state, tuning);
    // The opening is dated by storage's clock, parks by this machine's.
    let since = opened_at - tuning.clock_tolerance;
    let met_now = common.resources.iter().filter(|id| parked_at(id).is_some_and(|at| at >= since)).count();
    if met_now == 0 || fixed > met_now {
        return;
    }
    // What was fixed since the first of them failed counts, also where no entry tells of it any more.
    let first = common.resources.iter().filter_map(parked_at).min();
    let since = document.history.iter().filter(|past| first.is_some_and(|first| past.ended_at >= first));
    let fixed_since: usize = since.map(|past| past.fixed).sum();
    let count = |is: fn(&EntryState) -> bool| document.resources.values().filter(|entry| is(&entry.state)).count();
    let works = count(|state| matches!(state, EntryState::Fixed { .. })).max(fixed_since + fixed);
    let there_are = count(|state| !matches!(state, EntryState::Skipped { .. }));
    let failed = common.resources.len();
    let are_all = document.unlisted.is_none() && there_are == failed;
    if !is_of_policy(failed, works, are_all) {
        return;
    }
    let words = format!("{failed} resources failed alike, {} among them: {}", common.resources[0], common.words);
    let failed: Vec<ResourceId> = common.resources.into_iter().cloned().collect();
    let class = Some(FailureClass::Permanent);
    park_target(document, &TargetCause { reason: ParkReason::PolicyFails, class, words, hint: None }, tuning, now);
    for id in failed {
        if let Some(entry) = document.resources.get_mut(&id) {
            entry.state = EntryState::Waiting { due: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ActiveTask, Entry};
    use crate::fact::{Deployment, DeploymentStatus, TaskState};
    use crate::fixture::{deployment, in_task, now, resource, status, tuning};
    use crate::transition::settle::settle;

    fn failed(n: usize, code: &str) -> Deployment {
        let message = format!("The resource {} cannot be made at line '{n}'.", resource(n));
        deployment(n, DeploymentStatus::Failed { code: code.to_owned(), message })
    }

    fn works(n: usize) -> Deployment {
        deployment(n, DeploymentStatus::Succeeded)
    }

    fn ended(resources: usize, deployments: &[Deployment]) -> TargetDocument {
        let mut document = in_task(resources);
        settle(&mut document, &status(TaskState::Failed), deployments, &tuning(), now());
        document
    }

    #[test]
    fn one_cause_of_ten_or_of_all_parks_the_target_once_and_what_failed_waits_with_it() {
        for (failures, fine, other, parked) in [
            (1, 0, 0, false),
            (2, 0, 0, false),
            (3, 0, 0, true),
            (9, 0, 0, true),
            (9, 0, 1, false),
            (9, 1, 0, false),
            (10, 0, 1, true),
            (10, 10, 0, true),
            (10, 11, 0, false),
            (40, 3, 5, true),
        ] {
            let (first, last) = (failures, failures + fine);
            let list: Vec<_> = (0..first)
                .map(|n| failed(n, "InvalidTemplate"))
                .chain((first..last).map(works))
                .chain((last..last + other).map(|n| failed(n, "SkuNotAvailable")))
                .collect();
            let document = ended(list.len(), &list);
            let park = document.parked.as_ref();
            let what = format!("{failures} {fine} {other}");
            assert_eq!(park.map(|park| park.reason), parked.then_some(ParkReason::PolicyFails), "{what}");
            assert!(park.is_none_or(|park| park.words.starts_with(&format!("{failures} resources failed alike"))));
            let count = |is: &dyn Fn(&Entry) -> bool| document.resources.values().filter(|entry| is(entry)).count();
            let waits = count(&|entry| entry.state == EntryState::Waiting { due: now() } && entry.attempt == 1);
            let alone = count(&|entry| matches!(entry.state, EntryState::Parked { .. }));
            let expected = if parked { (failures, other) } else { (0, failures + other) };
            assert_eq!((waits, alone), expected, "{what}");
        }
    }

    #[test]
    fn what_has_a_cause_of_its_own_says_nothing_of_the_policy() {
        for code in ["ScopeLocked", "RequestDisallowedByPolicy", "Conflict", "DeploymentQuotaExceeded"] {
            let list: Vec<_> = (0..12).map(|n| failed(n, code)).collect();
            assert_eq!(ended(12, &list).parked, None, "{code}");
        }
        let list: Vec<_> = (0..12).map(|n| failed(n, &format!("Code{}", char::from(b'a' + n as u8)))).collect();
        assert_eq!(ended(12, &list).parked, None, "each has its own");
    }

    #[test]
    fn failures_of_several_tasks_add_up_and_what_waits_or_is_not_listed_is_something_else() {
        let mut document = in_task(5);
        document.resources.get_mut(&resource(4)).unwrap().state = EntryState::Waiting { due: now() };
        let list: Vec<_> = (0..4).map(|n| failed(n, "InvalidTemplate")).collect();
        settle(&mut document, &status(TaskState::Failed), &list, &tuning(), now());
        assert_eq!(document.parked, None);
        document.resources.get_mut(&resource(4)).unwrap().state = EntryState::InTask;
        document.active = in_task(1).active;
        settle(&mut document, &status(TaskState::Failed), &[failed(4, "InvalidTemplate")], &tuning(), now());
        assert_eq!(document.parked.map(|park| park.reason), Some(ParkReason::PolicyFails));
    }

    #[test]
    fn what_failed_long_ago_is_no_cause_of_the_policy_when_a_task_meets_something_else() {
        let list: Vec<_> = (0..12).map(|n| failed(n, "InvalidTemplate")).chain((12..112).map(works)).collect();
        let mut document = ended(112, &list);
        assert_eq!(document.parked, None, "a hundred work");
        // What was fixed is forgotten after a while; then one more fails, for another reason or for the same one.
        document.resources.retain(|_, entry| !matches!(entry.state, EntryState::Fixed { .. }));
        let later = now() + tuning().flap_window;
        for code in ["SkuNotAvailable", "InvalidTemplate"] {
            let (mut document, one) = (document.clone(), in_task(1));
            document.resources.extend(one.resources.into_values().map(|entry| (resource(200), entry)));
            document.active = one.active.map(|active| ActiveTask { opened_at: later, ..active });
            let again = Deployment { ended: Some(later), ..failed(200, code) };
            settle(&mut document, &status(TaskState::Failed), &[again], &tuning(), later);
            assert!(matches!(document.resources[&resource(200)].state, EntryState::Parked { .. }), "{code}");
            assert_eq!(document.parked, None, "{code}: a hundred were fixed since");
        }
    }
}
