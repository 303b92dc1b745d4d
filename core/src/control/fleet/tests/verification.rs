//! First steps that wait until evaluations have confirmed their fixes.

use super::*;

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
