//! What was booked, or let in once, does not go where that would not be so any more.

use super::*;

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
