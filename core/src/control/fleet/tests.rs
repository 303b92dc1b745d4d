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

/// What an assignment asks for that has these parameters since then.
fn given(assignment: &str, digest: &str, hours: u32) -> Asked {
    let home =
        "/providers/microsoft.management/managementgroups/mg/providers/microsoft.authorization/policyassignments";
    let given = Given { digest: digest.to_owned(), at: Some(now() + HOUR * hours) };
    Asked { assignment: format!("{home}/{assignment}").parse().unwrap(), terms: given, ..asked(1) }
}

#[test]
fn where_parameters_change_that_assignment_begins_anew_alone_and_whoever_knows_older_ones_begins_nothing() {
    let (limits, mut fleet) = (limits(&[1], None, None), fleet());
    let tasks = std::cell::Cell::new(0_u64);
    let does = |fleet: &mut FleetDocument, asked: &Asked, hours: u32| {
        let all: Vec<_> = (0..3).map(digest).collect();
        let Room::Some(chosen) = room(fleet, asked, &all, &limits, now() + HOUR * hours) else { return 0 };
        tasks.set(tasks.get() + 1);
        let tasks = tasks.get();
        let taken =
            Taken { task: task(tasks), asked: asked.clone(), resources: chosen.clone(), limits: limits.clone() };
        assert_eq!(enter(fleet, &Entry::Book(Box::new(taken)), now() + HOUR * hours), Entered::Yes);
        enter(fleet, &ended(tasks, &chosen, &[]), now() + HOUR * hours);
        chosen.len()
    };
    // The steps are over.
    assert_eq!([does(&mut fleet, &given("a", "one", 0), 0), does(&mut fleet, &given("a", "one", 0), 1)], [1, 3]);
    assert_eq!(does(&mut fleet, &given("b", "other", 0), 1), 3, "another of the name goes on where they are");
    let changed = given("a", "two", 2);
    assert_eq!(does(&mut fleet, &changed, 2), 1, "it begins anew");
    assert_eq!(does(&mut fleet, &given("a", "one", 0), 2), 1, "whoever read it before the change is in the same step");
    assert_eq!(
        [does(&mut fleet, &given("b", "other", 0), 2), does(&mut fleet, &given("b", "other", 9), 2)],
        [3, 3],
        "and is alone"
    );
    assert_eq!(does(&mut fleet, &changed, 4), 3, "its step is over");
    assert_eq!(does(&mut fleet, &given("a", "one", 5), 5), 1, "back is a change as well");
    assert_eq!(fleet.steps.len(), 2, "what it had alone before is forgotten");
    assert_eq!(
        does(&mut fleet, &Asked { terms: Given::default(), ..given("a", "", 6) }, 9),
        3,
        "where nothing is told nothing begins anew"
    );
}

#[test]
fn what_was_booked_does_not_go_when_it_would_not_be_let_in_any_more() {
    let (limits, ids) = (limits(&[2, 9], None, None), [digest(1), digest(2)]);
    let booked = || {
        let mut fleet = fleet();
        assert_eq!(enter(&mut fleet, &book(1, 1, &ids, &limits), now()), Entered::Yes);
        fleet
    };
    let again = |fleet: &mut FleetDocument, asked: Asked, at| {
        let taken = Taken { task: task(1), asked, resources: ids.to_vec(), limits: limits.clone() };
        enter(fleet, &Entry::Book(Box::new(taken)), at)
    };
    assert_eq!(again(&mut booked(), asked(1), now() + HOUR), Entered::Yes);
    assert_eq!(again(&mut booked(), asked(1), now() + HOUR * 24), Entered::NoRoom, "its pace was another day's");
    let other = Asked { policy: "modify 2".to_owned(), ..asked(1) };
    assert_eq!(again(&mut booked(), other, now()), Entered::NoRoom, "another policy begins with its own first step");
    let mut stopped = booked();
    let open = OpenBreaker { since: now(), until: now() + HOUR, failed: 9, of: 9, subscriptions: BTreeSet::new() };
    stopped.breakers.insert(String::new(), Breaker { open: Some(open), ..Breaker::default() });
    assert_eq!(again(&mut stopped, asked(1), now()), Entered::NoRoom, "a breaker has opened");
    close(&mut stopped, "", None);
    assert_eq!(again(&mut stopped, asked(1), now()), Entered::NoRoom, "and after it all begins with the first step");
}

#[test]
fn a_place_that_another_task_holds_is_not_given_away() {
    let (limits, mut fleet) = (limits(&[1, 9], None, None), fleet());
    let same = [digest(1)];
    for n in 1..=2 {
        assert_eq!(enter(&mut fleet, &book(n, 1, &same, &limits), now()), Entered::Yes);
    }
    enter(&mut fleet, &void(1), now());
    assert_eq!(room(&fleet, &asked(2), &[digest(2)], &limits, now()), Room::FirstSteps(None), "the second runs");
    enter(&mut fleet, &void(2), now());
    assert_eq!(
        room(&fleet, &asked(2), &[digest(2)], &limits, now()),
        Room::Some(vec![digest(2)]),
        "nor kept by nobody"
    );
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

/// What became of a task that fixed these, none of which an evaluation has confirmed yet.
fn fixed(n: u64, ids: &[IdDigest]) -> Entry {
    let (tried, fixes) = (ids.to_vec(), ids.to_vec());
    let unreported =
        Unreported { task: task(n), is_void: false, tried, given_back: Vec::new(), fixed: ids.len(), failed: 0, fixes };
    Entry::Report(unreported, RULE)
}

/// What became of those fixes: confirmed, in vain, and not to be known.
fn judged(n: u64, [settled, failed, given_up]: [&[IdDigest]; 3]) -> Entry {
    let Asked { reference, subscription, .. } = asked(1);
    let (settled, failed, given_up) = (settled.to_vec(), failed.to_vec(), given_up.to_vec());
    Entry::Judge(Judged { task: task(n), reference, subscription, settled, failed, given_up }, RULE)
}

#[test]
fn with_verify_steps_the_next_step_waits_until_evaluations_have_confirmed_the_fixes() {
    let limits = Limits { verify: true, ..limits(&[2, 9], None, None) };
    let ids: Vec<_> = (0..4).map(digest).collect();
    let at = |hours: u32| now() + HOUR * hours;
    let may = |fleet: &FleetDocument, hours| room(fleet, &asked(1), &ids[2..], &limits, at(hours));
    let open = Room::Some(ids[2..].to_vec());
    let begun = || {
        let mut fleet = fleet();
        enter(&mut fleet, &book(1, 1, &ids[..2], &limits), at(0));
        for _ in 0..2 {
            assert_eq!(enter(&mut fleet, &fixed(1, &ids[..2]), at(1)), Entered::Awaited, "also when it is repeated");
        }
        assert_eq!(may(&fleet, 30), Room::FirstSteps(None), "nothing is confirmed");
        fleet
    };
    for known in [[&ids[..1], &[], &ids[1..2]], [&[], &ids[..2], &[]], [&ids[..2], &[], &[]]] {
        let mut fleet = begun();
        let half = known.map(|ids| ids.get(..1).unwrap_or_default());
        if half.iter().map(|ids| ids.len()).sum::<usize>() == 1 {
            enter(&mut fleet, &judged(1, half), at(2));
            assert_eq!(may(&fleet, 30), Room::FirstSteps(None), "one is not known yet");
        }
        enter(&mut fleet, &judged(2, known), at(2));
        assert_eq!(may(&fleet, 30), Room::FirstSteps(None), "that was another task's");
        enter(&mut fleet, &judged(1, known), at(30));
        assert_eq!(may(&fleet, 30), open);
    }
    let mut fleet = begun();
    enter(&mut fleet, &judged(1, [&ids[..2], &[], &[]]), at(1));
    assert_eq!(may(&fleet, 1), Room::FirstSteps(Some(at(2))), "it soaks all the same");
    // A retry in the same place is waited for anew, and what comes of it counts.
    let mut fleet = begun();
    enter(&mut fleet, &judged(1, [&ids[..1], &[], &[]]), at(2));
    enter(&mut fleet, &book(2, 1, &ids[1..2], &limits), at(3));
    assert_eq!(enter(&mut fleet, &fixed(2, &ids[1..2]), at(4)), Entered::Awaited);
    enter(&mut fleet, &judged(1, [&ids[1..2], &[], &[]]), at(5));
    assert_eq!(may(&fleet, 30), Room::FirstSteps(None), "the older fix says nothing of the newer");
    enter(&mut fleet, &judged(2, [&ids[1..2], &[], &[]]), at(6));
    assert_eq!(may(&fleet, 30), open);
    // A document that was lost holds the step for no longer than any target waits, and a step is not waited for where nobody asks for it.
    let fleet = begun();
    assert_eq!((may(&fleet, 8 * 24), may(&fleet, 8 * 24 + 1)), (Room::FirstSteps(None), open.clone()));
    let tuning = crate::fixture::tuning();
    let (limits_of, longest) = (Limits::of(&tuning, None), tuning.flap_window.max(tuning.verify_after * 2));
    assert!(limits_of.unverified_for > longest, "{limits_of:?}");
    let unasked = Limits { verify: false, ..limits.clone() };
    assert_eq!(room(&fleet, &asked(1), &ids[2..], &unasked, at(2)), open);
}

#[test]
fn fixes_that_turn_out_to_be_in_vain_count_for_the_breaker_once() {
    let limits = Limits { verify: true, ..limits(&[20], None, None) };
    let ids: Vec<_> = (0..12).map(digest).collect();
    let mut fleet = fleet();
    enter(&mut fleet, &book(1, 1, &ids, &limits), now());
    enter(&mut fleet, &fixed(1, &[]), now());
    enter(&mut fleet, &book(2, 1, &ids, &limits), now());
    enter(&mut fleet, &fixed(2, &ids), now());
    for _ in 0..3 {
        enter(&mut fleet, &judged(2, [&[], &ids[..6], &[]]), now());
    }
    assert!(!fleet.has_open_breaker(), "six are not enough, however often it is repeated");
    enter(&mut fleet, &judged(2, [&[], &ids[6..], &[]]), now());
    assert!(fleet.has_open_breaker());
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

fn allowed(approval: &str, max: u32, hours: u32, only: Option<&[IdDigest]>) -> Allowance {
    let only = only.map(|only| only.iter().copied().collect());
    Allowance { approval: approval.parse().unwrap(), max, until: now() + HOUR * hours, only }
}

fn under(allowances: Vec<Allowance>) -> Limits {
    Limits { approvals: Some(allowances), ..limits(&[], None, None) }
}

#[test]
fn an_approval_lets_go_what_it_covers_until_it_is_used_up_or_over() {
    let ids: Vec<_> = (0..5).map(digest).collect();
    let (mut fleet, one) = (fleet(), under(vec![allowed("a", 3, 2, None)]));
    let may =
        |fleet: &FleetDocument, limits: &Limits, hours: u32| room(fleet, &asked(1), &ids, limits, now() + HOUR * hours);
    assert_eq!(may(&fleet, &under(Vec::new()), 0), Room::Unapproved);
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..3].to_vec()));
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..4], &one), now()), Entered::NoRoom);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..2], &one), now()), Entered::Yes);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..2], &one), now()), Entered::Yes, "the same again");
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..1].to_vec()));
    enter(&mut fleet, &book(2, 2, &ids[..1], &one), now());
    assert_eq!(may(&fleet, &one, 0), Room::ApprovalUsedUp);
    enter(&mut fleet, &void(2), now());
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..1].to_vec()), "nothing was taken");
    enter(&mut fleet, &ended(1, &ids[..2], &[]), now());
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..1].to_vec()), "a retry counts again");
    assert_eq!(may(&fleet, &one, 2), Room::ApprovalUsedUp, "it is over");
    let two = under(vec![allowed("a", 3, 2, None), allowed("b", 9, 2, Some(&ids[3..]))]);
    assert_eq!(may(&fleet, &two, 0), Room::Some(ids[3..].to_vec()), "the one that lets most go pays");
    let elsewhere = under(vec![allowed("b", 9, 2, Some(&[digest(9)]))]);
    assert_eq!(may(&fleet, &elsewhere, 0), Room::Unapproved);
}

#[test]
fn what_an_approval_let_in_does_not_go_on_when_that_was_taken_back() {
    let ids: Vec<_> = (0..2).map(digest).collect();
    let (mut fleet, one) = (fleet(), under(vec![allowed("a", 3, 2, None)]));
    enter(&mut fleet, &book(1, 1, &ids, &one), now());
    let another = under(vec![allowed("b", 3, 2, None)]);
    for (limits, hours, entered) in
        [(&one, 1, Entered::Yes), (&another, 1, Entered::NoRoom), (&one, 2, Entered::NoRoom)]
    {
        assert_eq!(enter(&mut fleet, &book(1, 1, &ids, limits), now() + HOUR * hours), entered);
    }
    let unasked = limits(&[], None, None);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids, &unasked), now() + HOUR * 2), Entered::Yes, "nothing asks for it");
    enter(&mut fleet, &book(2, 1, &ids, &unasked), now());
    assert_eq!(enter(&mut fleet, &book(2, 1, &ids, &one), now()), Entered::NoRoom, "it was never approved");
}

proptest! {
    #[test]
    fn never_is_more_begun_than_an_approval_lets(
        entries in proptest::collection::vec((1..20_u64, 1..5_usize, 0..3_u8), 1..60),
        max in 1..12_u32,
    ) {
        let (mut fleet, limits) = (fleet(), under(vec![allowed("a", max, 1, None)]));
        // What came to be asked for, and never was void.
        let mut begun: BTreeMap<u64, usize> = BTreeMap::new();
        let mut reported = std::collections::BTreeSet::new();
        for (n, count, what) in entries {
            let ids: Vec<_> = (0..count).map(|place| digest(usize::try_from(n).unwrap() * 10 + place)).collect();
            match what {
                // A task has the same resources however often it is entered, and is not entered after its end.
                0 | 1 if !reported.contains(&n) => {
                    let count = *begun.get(&n).unwrap_or(&count);
                    if enter(&mut fleet, &book(n, 1, &ids[..count.min(ids.len())], &limits), now()) == Entered::Yes {
                        begun.entry(n).or_insert(count);
                    }
                }
                2 if begun.contains_key(&n) && reported.insert(n) => {
                    let is_void = n % 2 == 0;
                    enter(&mut fleet, &if is_void { void(n) } else { ended(n, &ids, &[]) }, now());
                    if is_void {
                        begun.remove(&n);
                    }
                }
                _ => {}
            }
            let sum: usize = begun.values().sum();
            prop_assert!(sum <= usize::try_from(max).unwrap(), "{sum} of {max}");
        }
    }
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
