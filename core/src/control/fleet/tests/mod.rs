//! First steps, pace, breaker: what they let go, however tasks come out.

mod approvals;
mod judged_again;
mod verification;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{Asked, BreakerRule, Entered, Entry, Given, Judged, Limits, Room, Taken, close, enter, room};
use crate::control::Allowance;
use crate::document::{Breaker, FleetDocument, OpenBreaker, TaskName, Unreported};
use crate::fixture::{installation, now, target};
use crate::id::{IdDigest, ResourceId};
use crate::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);

const RULE: BreakerRule = BreakerRule { failures: 0.5, park_for: HOUR };

fn limits(steps: &[u32], per_hour: Option<u32>, per_day: Option<u32>) -> Limits {
    Limits {
        steps: steps.to_vec(),
        soak: HOUR,
        verify: false,
        unverified_for: Duration::from_secs(8 * 86_400),
        per_hour,
        per_day,
        approvals: None,
    }
}

fn asked(subscription: usize) -> Asked {
    Asked {
        assignment: target().policy_assignment_id,
        reference: String::new(),
        subscription: format!("00000000-0000-4000-8000-{subscription:012}").parse().unwrap(),
        policy: "modify 1".to_owned(),
        terms: Given::default(),
    }
}

fn digest(n: usize) -> IdDigest {
    let id: ResourceId =
        format!("{}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s{n}", crate::fixture::SUB)
            .parse()
            .unwrap();
    IdDigest::from(&id)
}

fn task(n: u64) -> TaskName {
    TaskName::new(&installation(), &target().hash(), n)
}

fn book(n: u64, subscription: usize, resources: &[IdDigest], limits: &Limits) -> Entry {
    let (asked, resources) = (asked(subscription), resources.to_vec());
    Entry::Book(Box::new(Taken { task: task(n), asked, resources, limits: limits.clone() }))
}

fn ended(n: u64, tried: &[IdDigest], given_back: &[IdDigest]) -> Entry {
    let (tried, given_back) = (tried.to_vec(), given_back.to_vec());
    Entry::Report(
        Unreported { task: task(n), is_void: false, tried, given_back, fixed: 0, failed: 0, fixes: Vec::new() },
        RULE,
    )
}

fn void(n: u64) -> Entry {
    let (tried, given_back) = (Vec::new(), Vec::new());
    Entry::Report(
        Unreported { task: task(n), is_void: true, tried, given_back, fixed: 0, failed: 0, fixes: Vec::new() },
        RULE,
    )
}

fn fleet() -> FleetDocument {
    FleetDocument::new("a".to_owned())
}

#[test]
fn a_step_lets_so_many_in_and_the_next_begins_when_it_has_soaked() {
    let (limits, mut fleet) = (limits(&[1, 2], None, None), fleet());
    let ids: Vec<_> = (0..5).map(digest).collect();
    let at = |hours: u32| now() + HOUR * hours;
    let may = |fleet: &FleetDocument, hours| room(fleet, &asked(1), &ids, &limits, at(hours));
    assert_eq!(may(&fleet, 0), Room::Some(vec![ids[0]]));
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..2], &limits), at(0)), Entered::NoRoom);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..1], &limits), at(0)), Entered::Yes);
    assert_eq!(room(&fleet, &asked(1), &ids[1..], &limits, at(9)), Room::FirstSteps(None), "it is under way");
    assert_eq!(may(&fleet, 9), Room::Some(vec![ids[0]]), "a retry is no new one");
    enter(&mut fleet, &ended(1, &ids[..1], &[]), at(10));
    assert_eq!(room(&fleet, &asked(1), &ids[1..], &limits, at(10)), Room::FirstSteps(Some(at(11))));
    assert_eq!(room(&fleet, &asked(1), &ids[1..], &limits, at(11)), Room::Some(ids[1..3].to_vec()));
    assert_eq!(enter(&mut fleet, &book(2, 1, &ids[1..3], &limits), at(11)), Entered::Yes);
    enter(&mut fleet, &ended(2, &ids[1..3], &[]), at(12));
    assert_eq!(room(&fleet, &asked(1), &ids[3..], &limits, at(13)), Room::Some(ids[3..].to_vec()), "no step is left");
}

#[test]
fn a_step_counts_subscriptions_as_well_and_another_policy_begins_anew() {
    let (limits, mut fleet) = (limits(&[2, 9], None, None), fleet());
    for n in 0..2 {
        assert_eq!(enter(&mut fleet, &book(n, n as usize, &[digest(n as usize)], &limits), now()), Entered::Yes);
    }
    assert_eq!(room(&fleet, &asked(7), &[digest(7)], &limits, now()), Room::FirstSteps(None));
    for n in 0..2 {
        enter(&mut fleet, &ended(n, &[digest(n as usize)], &[]), now());
    }
    let later = now() + HOUR;
    assert_eq!(
        room(&fleet, &asked(7), &[digest(7), digest(8)], &limits, later),
        Room::Some(vec![digest(7), digest(8)])
    );
    enter(&mut fleet, &book(9, 7, &[digest(7)], &limits), later);
    // Each version begins small, one that cannot be read as well, and neither begins another anew.
    for policy in ["modify 2", ""] {
        let other = Asked { policy: policy.to_owned(), ..asked(7) };
        let three = [digest(7), digest(8), digest(9)];
        assert_eq!(room(&fleet, &other, &three, &limits, later), Room::Some(three[..2].to_vec()));
        let taken = Taken {
            task: task(20 + policy.len() as u64),
            asked: other,
            resources: three[..2].to_vec(),
            limits: limits.clone(),
        };
        assert_eq!(enter(&mut fleet, &Entry::Book(Box::new(taken)), later), Entered::Yes);
    }
    let all: Vec<_> = (7..16).map(digest).collect();
    assert_eq!(room(&fleet, &asked(7), &all, &limits, later), Room::Some(all.clone()), "its second step goes on");
}

#[test]
fn an_outcome_that_was_lost_holds_its_own_step_for_a_week_and_no_other() {
    let (limits, mut fleet) = (limits(&[1, 9], None, None), fleet());
    assert_eq!(enter(&mut fleet, &book(1, 1, &[digest(1)], &limits), now()), Entered::Yes);
    let week = now() + HOUR * (7 * 24);
    // Another reference goes on booking the same resource.
    let other = Asked { reference: "other".to_owned(), ..asked(1) };
    let taken = Taken { task: task(2), asked: other, resources: vec![digest(1)], limits: limits.clone() };
    enter(&mut fleet, &Entry::Book(Box::new(taken)), week);
    assert_eq!(room(&fleet, &asked(1), &[digest(2)], &limits, week), Room::FirstSteps(Some(week + HOUR)));
    assert_eq!(room(&fleet, &asked(1), &[digest(2)], &limits, week + HOUR), Room::Some(vec![digest(2)]));
}

#[test]
fn what_is_entered_again_counts_once_and_what_was_never_sent_counts_for_nothing() {
    let (limits, mut fleet) = (limits(&[2], Some(2), None), fleet());
    let ids = [digest(0), digest(1)];
    for _ in 0..3 {
        assert_eq!(enter(&mut fleet, &book(1, 1, &ids, &limits), now()), Entered::Yes);
    }
    assert_eq!(
        room(&fleet, &asked(1), &[digest(2)], &limits, now()),
        Room::Pace(crate::time::parse_time("2026-11-21T08:05:00Z").unwrap())
    );
    for _ in 0..2 {
        enter(&mut fleet, &void(1), now());
    }
    assert_eq!(
        room(&fleet, &asked(1), &[digest(2), digest(3)], &limits, now()),
        Room::Some(vec![digest(2), digest(3)])
    );
    assert!(fleet.bookings.is_empty() && fleet.steps["modify 1/"].let_in.is_empty());
    // A retry that was never sent does not free the place of the first try.
    let steps = Limits { per_hour: None, ..limits };
    enter(&mut fleet, &book(2, 1, &ids, &steps), now());
    enter(&mut fleet, &ended(2, &ids, &[]), now());
    enter(&mut fleet, &book(3, 1, &ids[..1], &steps), now());
    enter(&mut fleet, &void(3), now());
    assert_eq!(fleet.steps["modify 1/"].let_in.len(), 2);
}

#[test]
fn what_came_out_otherwise_gives_its_place_to_another_at_most_as_often_as_the_step_is_large() {
    let (limits, mut fleet) = (limits(&[2, 9], None, None), fleet());
    for n in 0..2 {
        assert_eq!(enter(&mut fleet, &book(n, 1, &[digest(n as usize)], &limits), now()), Entered::Yes);
        enter(&mut fleet, &ended(n, &[], &[digest(n as usize)]), now());
    }
    let (two, three) = ([digest(2)], [digest(3)]);
    enter(&mut fleet, &book(2, 1, &two, &limits), now());
    enter(&mut fleet, &ended(2, &[], &two), now());
    enter(&mut fleet, &book(3, 1, &three, &limits), now());
    enter(&mut fleet, &ended(3, &[], &three), now());
    assert_eq!(room(&fleet, &asked(1), &[digest(4)], &limits, now()), Room::FirstSteps(Some(now() + HOUR)));
}

/// Waves of one policy that are booked at some times, each with some resources; what was accepted, by time.
fn accepted(waves: &[(u32, usize)], limits: &Limits) -> (FleetDocument, Vec<(Timestamp, usize)>) {
    let (mut fleet, mut taken, mut at) = (fleet(), Vec::new(), now());
    for (n, (seconds, count)) in waves.iter().enumerate() {
        at += Duration::from_secs(u64::from(*seconds));
        let ids: Vec<_> = (0..*count).map(|place| digest(100 * n + place)).collect();
        if let Room::Some(chosen) = room(&fleet, &asked(n), &ids, limits, at) {
            let entry = book(n as u64, n, &chosen, limits);
            assert_eq!(enter(&mut fleet, &entry, at), Entered::Yes);
            assert_eq!(enter(&mut fleet, &entry, at), Entered::Yes);
            taken.push((at, chosen.len()));
        }
    }
    (fleet, taken)
}

proptest! {
    #[test]
    fn no_hour_and_no_day_holds_more_than_it_may_and_there_is_room_again_when_it_is_said(
        waves in prop::collection::vec((0_u32..5_000, 1_usize..20), 1..40), per_hour in 1_u32..30, per_day in 1_u32..60,
    ) {
        let limits = limits(&[], Some(per_hour), Some(per_day));
        let (fleet, taken) = accepted(&waves, &limits);
        for (end, _) in &taken {
            for (span, most) in [(HOUR, per_hour), (HOUR * 24, per_day)] {
                let within: usize = taken.iter().filter(|(at, _)| *at <= *end && *at > *end - span).map(|(_, n)| n).sum();
                prop_assert!(within <= most as usize);
            }
        }
        let last = taken.last().map_or(now(), |(at, _)| *at);
        if let Room::Pace(until) = room(&fleet, &asked(0), &[digest(9_999)], &limits, last) {
            prop_assert!(until > last);
            let is_room = matches!(room(&fleet, &asked(0), &[digest(9_999)], &limits, until), Room::Some(_));
            prop_assert!(is_room);
        }
    }
}

/// A wrong policy over 5,000 resources in 200 subscriptions, with the defaults: all ask every minute, tasks take ten minutes.
#[test]
fn a_wrong_policy_touches_11_resources_in_its_first_two_hours_and_111_in_its_first_three() {
    let (limits, mut fleet) = (limits(&[1, 10, 100], None, Some(1_000)), fleet());
    let mut waiting: Vec<Vec<IdDigest>> = (0..200).map(|s| (0..25).map(|n| digest(1_000 * s + n)).collect()).collect();
    type Running = (u32, usize, Vec<IdDigest>);
    let (mut running, mut touched) = (BTreeMap::<u64, Running>::new(), Vec::new());
    let mut name = 0;
    for minute in 0..26 * 60_u32 {
        let at = now() + Duration::from_secs(60) * minute;
        let done: Vec<_> = running.iter().filter(|(_, (ends, ..))| *ends <= minute).map(|(n, _)| *n).collect();
        for n in done {
            let (_, _, ids) = running.remove(&n).unwrap();
            enter(&mut fleet, &ended(n, &ids, &[]), at);
        }
        for (subscription, waiting) in waiting.iter_mut().enumerate() {
            if waiting.is_empty() || running.values().any(|(_, s, _)| *s == subscription) {
                continue;
            }
            if let Room::Some(chosen) = room(&fleet, &asked(subscription), waiting, &limits, at) {
                name += 1;
                assert_eq!(enter(&mut fleet, &book(name, subscription, &chosen, &limits), at), Entered::Yes);
                waiting.retain(|id| !chosen.contains(id));
                touched.push((minute, chosen.len()));
                running.insert(name, (minute + 10, subscription, chosen));
            }
        }
    }
    let within = |hours: u32| -> usize { touched.iter().filter(|(at, _)| *at < hours * 60).map(|(_, n)| n).sum() };
    assert_eq!((within(1), within(2), within(3), within(24)), (1, 11, 111, 1_000));
    assert!(within(26) > 1_000, "a full budget is used up, and the next day goes on");
}

#[test]
fn an_open_breaker_lets_nothing_go_and_then_begins_with_the_first_step() {
    let (limits, mut fleet) = (limits(&[1, 20], None, None), fleet());
    let ids: Vec<_> = (0..20).map(digest).collect();
    let at = |hours: u32| now() + HOUR * hours;
    let report = |n: u64, failed: usize| {
        let (tried, given_back) = (ids.clone(), Vec::new());
        Entry::Report(
            Unreported { task: task(n), is_void: false, tried, given_back, fixed: 0, failed, fixes: Vec::new() },
            RULE,
        )
    };
    enter(&mut fleet, &book(1, 1, &ids[..1], &limits), at(0));
    enter(&mut fleet, &report(1, 1), at(0));
    assert_eq!(enter(&mut fleet, &book(2, 1, &ids[..12], &limits), at(2)), Entered::Yes, "the second step");
    enter(&mut fleet, &report(2, 12), at(2));
    assert_eq!(room(&fleet, &asked(1), &ids, &limits, at(2)), Room::PolicyFails(at(3)));
    assert_eq!(enter(&mut fleet, &book(3, 1, &ids[..1], &limits), at(2)), Entered::NoRoom);
    assert_eq!(room(&fleet, &asked(1), &ids, &limits, at(3)), Room::Some(ids[..1].to_vec()), "the first step");
    assert_eq!(enter(&mut fleet, &book(3, 1, &ids[..1], &limits), at(3)), Entered::Yes);
    assert!(!fleet.has_open_breaker());
    assert_eq!(fleet.steps.values().map(|steps| steps.step).collect::<Vec<_>>(), [0]);
}
