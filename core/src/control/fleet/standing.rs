//! How first steps and paces stand, as a person is told.

use serde::Serialize;

use crate::document::FleetDocument;
use crate::id::AssignmentId;
use crate::time::Timestamp;

use super::admission::{DAY, HOUR, next_step, pace, steps, used};
use super::limits::Limits;
use super::verification::is_awaiting;

/// How the first steps of a policy stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepStanding {
    /// The reference in an initiative; empty where a single policy is assigned.
    pub reference: String,
    /// The effect and the major version of the policy; empty where they are not known.
    pub policy: String,
    /// Which step is taken, from 1 on; one more than there are: all are over.
    pub step: usize,
    /// How many resources it lets in, and subscriptions; none: the steps are over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// How many it has let in.
    pub let_in: usize,
    /// Whether it lets no more in.
    pub is_full: bool,
    /// Whether some of them are in tasks.
    pub under_way: bool,
    /// How many fixes it waits to see confirmed.
    pub unverified: usize,
    /// When the next step begins, where that is known.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

/// How the pace of an assignment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaceStanding {
    /// The assignment.
    pub assignment: AssignmentId,
    /// Resources in tasks that were opened in the last hour.
    pub hour: u32,
    /// The same of the last day.
    pub day: u32,
    /// When there is room again, where there is none.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub room_at: Option<Timestamp>,
}

/// How the first steps of all policies of the document stand under these limits.
#[must_use]
pub fn step_standings(document: &FleetDocument, limits: &Limits, at: Timestamp) -> Vec<StepStanding> {
    let of_one = |key: &String| {
        let (policy, reference) = key.split_once('/')?;
        let of = (reference, policy);
        let steps = steps(document, of, limits, at);
        let size = limits.steps.get(steps.step).copied();
        let is_full = size.is_some_and(|_| super::admission::is_full(&steps, limits));
        let own = document.bookings.values().filter(|booking| super::admission::is_of(booking, of, &steps));
        Some(StepStanding {
            reference: reference.to_owned(),
            policy: policy.to_owned(),
            step: steps.step + 1,
            size,
            let_in: steps.let_in.len(),
            is_full,
            under_way: own.count() > 0,
            unverified: if is_awaiting(&steps, limits, at) { steps.unverified.len() } else { 0 },
            next: if is_full { next_step(document, of, &steps, limits, at) } else { None },
        })
    };
    document.steps.keys().filter_map(of_one).collect()
}

/// How the paces of all assignments of the document stand under these limits; those of which nothing was begun for a day are left out.
#[must_use]
pub fn pace_standings(document: &FleetDocument, limits: &Limits, at: Timestamp) -> Vec<PaceStanding> {
    let of_one = |assignment: &AssignmentId| {
        let [hour, day] = [HOUR, DAY].map(|span| used(document, assignment, span, at));
        let room_at = pace(document, assignment, limits, at).err();
        PaceStanding { assignment: assignment.clone(), hour, day, room_at }
    };
    document.paces.keys().map(of_one).filter(|standing| standing.day > 0).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Given;
    use super::super::{Asked, Entered, Entry, Taken, enter};
    use super::*;
    use crate::document::{TaskName, Unreported};
    use crate::fixture::{installation, now, resource, target};
    use crate::id::IdDigest;

    #[test]
    fn a_person_is_told_which_step_is_taken_and_how_much_of_the_hour_and_the_day_is_used() {
        let soak = Duration::from_secs(3_600);
        let limits = Limits {
            steps: vec![1, 10],
            soak,
            verify: false,
            unverified_for: Duration::from_secs(8 * 86_400),
            per_hour: Some(2),
            per_day: Some(9),
            approvals: None,
        };
        let mut fleet = FleetDocument::new("a".to_owned());
        assert!(step_standings(&fleet, &limits, now()).is_empty() && pace_standings(&fleet, &limits, now()).is_empty());
        let (assignment, subscription) = (target().policy_assignment_id, target().subscription().clone());
        let (reference, policy) = ("r".to_owned(), "Modify 1".to_owned());
        let asked = Asked { assignment, reference, subscription, policy, terms: Given::default() };
        let task = |n| TaskName::new(&installation(), &target().hash(), n);
        let book = |fleet: &mut FleetDocument, n: usize, at| {
            let (asked, resources, limits) = (asked.clone(), vec![IdDigest::from(&resource(n))], limits.clone());
            let taken = Taken { task: task(n as u64), asked, resources, limits };
            assert_eq!(enter(fleet, &Entry::Book(Box::new(taken)), at), Entered::Yes);
        };
        let ended = |fleet: &mut FleetDocument, n: usize, at| {
            let tried = vec![IdDigest::from(&resource(n))];
            let (task, given_back, fixes) = (task(n as u64), Vec::new(), Vec::new());
            let unreported = Unreported { task, is_void: false, tried, given_back, fixed: 1, failed: 0, fixes };
            let rule = super::super::BreakerRule { failures: 0.5, park_for: soak };
            enter(fleet, &Entry::Report(unreported, rule), at);
        };
        let told = |fleet: &FleetDocument, at| {
            let [step] = step_standings(fleet, &limits, at).try_into().unwrap();
            (step.step, step.size, step.let_in, step.is_full, step.under_way, step.next)
        };
        book(&mut fleet, 1, now());
        assert_eq!(told(&fleet, now()), (1, Some(1), 1, true, true, None));
        ended(&mut fleet, 1, now());
        let later = now() + soak;
        assert_eq!(told(&fleet, now()), (1, Some(1), 1, true, false, Some(later)));
        assert_eq!(told(&fleet, later), (2, Some(10), 0, false, false, None));
        book(&mut fleet, 2, now() + soak);
        let pace = |at| {
            let standings = pace_standings(&fleet, &limits, at);
            standings.iter().map(|pace| (pace.hour, pace.day, pace.room_at)).collect::<Vec<_>>()
        };
        // A span of five minutes counts as long as any of it does.
        let end = now() + soak + Duration::from_secs(300);
        assert_eq!(pace(later), [(2, 2, Some(end))]);
        assert_eq!(pace(later + soak * 2), [(0, 2, None)]);
        assert!(pace(later + soak * 26).is_empty());
    }
}
