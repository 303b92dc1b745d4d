//! Whoever is held by controls that are others now is woken, once and soon, and nobody else.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::control::AssignedControls;
use crate::document::metadata_of;
use crate::fact::Assignment;
use crate::fixture::{SUB, assignment, facts_of, now, target, tuning, waiting};

const OTHER: &str = "/subscriptions/186aecf4-23d6-4dfd-99a8-a5c6299f0322";

fn week() -> Timestamp {
    now() + Duration::from_secs(7 * 86_400)
}

fn held(by: Held) -> TargetDocument {
    let mut document = waiting(2);
    (document.held_under, document.wake_at) = (Some(by), Some(week()));
    document
}

fn listed(document: &TargetDocument) -> TargetSummary {
    let blob = format!("targets/{}/{}.json", document.target.subscription(), document.target.hash());
    TargetSummary::read(blob, &metadata_of(document))
}

/// Whether `sweep` wakes the target; it is then woken once and soon.
fn wakes(controls: &ControlsNow, document: &TargetDocument) -> bool {
    let page = [listed(document)];
    let wakes = !controls.to_ask_again(&page, now()).is_empty();
    if wakes {
        let by = document.held_under.clone().unwrap();
        let mut woken = document.clone();
        assert!(ask_again(&mut woken, &by, now()));
        assert!(woken.generation > document.generation && woken.wake_at.unwrap() <= now() + spread(&by));
        assert!(controls.to_ask_again(&[listed(&woken)], now()).is_empty() && !ask_again(&mut woken, &by, now()));
    }
    wakes
}

#[test]
fn what_other_settings_hold_is_woken_and_what_comes_by_itself_is_not() {
    let known = Tuning { max_per_day: Some(5), ..tuning() };
    let document = held(held_by_settings(&target(), None, &known));
    let of = |tuning: &Tuning| ControlsNow::new(tuning, None, now());
    assert!(!wakes(&of(&known), &document));
    for other in [
        Tuning { max_per_day: Some(50), ..known.clone() },
        Tuning { max_per_hour: Some(1), ..known.clone() },
        Tuning { first_steps: vec![7], ..known.clone() },
        Tuning { step_soak: Duration::from_secs(1), ..known.clone() },
        Tuning { verify_steps: !known.verify_steps, ..known.clone() },
        Tuning { change_window: crate::control::ChangeWindow::parse("07:00-08:00").unwrap(), ..known.clone() },
    ] {
        assert!(wakes(&of(&other), &document), "{other:?}");
    }
    let other = Tuning { max_per_day: None, ..known };
    let (mut soon, mut free) = (document.clone(), document);
    (soon.wake_at, free.held_under) = (Some(now()), None);
    assert!(!wakes(&of(&other), &soon) && !wakes(&of(&other), &free), "what else it waits for stays");
}

#[test]
fn what_an_assignment_said_of_itself_holds_until_it_says_something_else() {
    let facts = |most: Option<u32>| {
        let says = |most| AssignedControls { max_per_day: Some(most), ..AssignedControls::default() };
        facts_of(Assignment { controls: most.map(says).map(Arc::new), ..assignment() })
    };
    let document = held(held_by_settings(&target(), Some(&facts(Some(1))), &tuning()));
    let page = [listed(&document)];
    let looks = |controls: &ControlsNow, page: &[TargetSummary]| controls.to_look_at_said(page, now()).concat().len();
    assert_eq!(looks(&ControlsNow::new(&tuning(), None, now()), &page), 1, "one of them stands for all");
    let Some(Held::Settings(_, Some(said))) = &page[0].held_under else { panic!("{page:?}") };
    let wakes_for = |says: Option<&Facts>| {
        let mut controls = ControlsNow::new(&tuning(), None, now());
        controls.says(said, says);
        wakes(&controls, &document)
    };
    assert!(!wakes_for(None) && !wakes_for(Some(&facts(Some(1)))));
    assert!(wakes_for(Some(&facts(Some(2)))) && wakes_for(Some(&facts(None))), "nothing is said any more");
    let unreadable = Facts::without_assignment(Found::Unreadable("refused".into()), now());
    assert!(!wakes_for(Some(&unreadable)));
    let silent = held(held_by_settings(&target(), Some(&facts(None)), &tuning()));
    let mut controls = ControlsNow::new(&tuning(), None, now());
    assert_eq!(looks(&controls, &[listed(&silent)]), 0);
    controls.says(said, None);
    assert_eq!(
        looks(&controls, &page),
        0,
        "one is asked in a sweep, however many pages there are, and whatever it answers"
    );
    controls.says(said, Some(&facts(Some(2))));
    controls.says(said, None);
    assert!(wakes(&controls, &document), "what another lane of the sweep has read stays");
}

/// Targets that assignments hold, so many each.
fn held_by_assignments(assignments: u32, targets: u32) -> Vec<TargetSummary> {
    let said = |n: u32| Some(Said { assignment: short_digest(&(n % assignments).to_string()), digest: "x".to_owned() });
    let one = |n: u32| TargetSummary {
        blob: format!("targets/s/{n}.json"),
        ..listed(&held(Held::Settings("s".into(), said(n))))
    };
    (0..assignments * targets).map(one).collect()
}

#[test]
fn of_those_that_an_assignment_holds_one_stands_for_all_and_each_in_its_turn() {
    let page = held_by_assignments(2, 5);
    let mut looked = std::collections::BTreeSet::new();
    for sweep in 0..160 {
        let looks =
            ControlsNow::new(&tuning(), None, now()).to_look_at_said(&page, now() + Duration::from_secs(900 * sweep));
        assert_eq!(looks.concat().len(), 2, "one of each assignment");
        looked.extend(looks.concat().iter().map(|summary| summary.blob.clone()));
    }
    assert_eq!(looked.len(), 10);
}

#[test]
fn each_assignment_has_its_turn_among_few_whatever_comes_before_it() {
    let page = held_by_assignments(800, 2);
    let mut had = std::collections::BTreeSet::new();
    for sweep in 0..16 {
        let [in_turn, others] =
            ControlsNow::new(&tuning(), None, now()).to_look_at_said(&page, now() + Duration::from_secs(900 * sweep));
        assert!(in_turn.len() + others.len() == 800 && in_turn.len() < 100, "{}", in_turn.len());
        had.extend(in_turn.iter().filter_map(|summary| summary.held_under.clone().map(|held| format!("{held:?}"))));
    }
    assert_eq!(had.len(), 800);
}

#[derive(Debug, Clone)]
struct Given {
    name: &'static str,
    scope: Option<String>,
    /// Minutes from now.
    at: i64,
    until: i64,
    revoked: bool,
}

fn given() -> impl Strategy<Value = Given> {
    let scopes = vec![None, Some(SUB.to_owned()), Some(format!("{SUB}/resourceGroups/rg")), Some(OTHER.to_owned())];
    let name = prop::sample::select(vec!["a", "A", "b"]);
    (name, prop::sample::select(scopes), -60i64..60, -60i64..120, any::<bool>())
        .prop_map(|(name, scope, at, until, revoked)| Given { name, scope, at, until, revoked })
}

fn known(given: &[Given]) -> KnownApprovals {
    let minutes = |count| now() + time::Duration::minutes(count);
    let approval = |(n, given): (usize, &Given)| {
        let mut new = Approval::new(format!("a{n}").parse().unwrap(), 1, minutes(given.at), minutes(given.until));
        new.revoked = given.revoked.then(|| crate::document::Revoked { by: None, at: now(), reason: None });
        new.scope = given.scope.as_ref().map(|scope| scope.parse().unwrap());
        new.assignment = Some(given.name.parse().unwrap());
        new
    };
    let approvals = given.iter().enumerate().map(approval).collect();
    KnownApprovals { approvals: Arc::new(approvals), plans: Arc::default(), asked: Duration::ZERO }
}

proptest! {
    /// What covers a target that awaits an approval wakes it, unless it was known when it came to rest; and no approval wakes it twice.
    #[test]
    fn an_approval_that_covers_what_waits_wakes_it_once(
        before in prop::collection::vec(given(), 0..4), after in prop::collection::vec(given(), 0..4),
    ) {
        let (old, new) = (known(&before), known(&[before.clone(), after].concat()));
        let document = held(held_for_approval(&target(), Some(&old), &tuning(), now()));
        let at_all = |known: &KnownApprovals| known.covering(&target(), None, now()).iter().map(|(one, _)| one.at).max();
        let names = |known: &KnownApprovals| {
            let is_named = |one: &&Approval| one.stands(now()) && matches!(one.assignment.as_ref().map(|a| a.name()), Some("a"));
            let is_here = |one: &&Approval| {
                one.scope.as_ref().is_none_or(|scope| scope.subscription() == target().subscription())
            };
            let newest = known.approvals.iter().filter(is_named).filter(is_here).map(|one| one.at).max();
            newest.max(at_all(known))
        };
        let controls = ControlsNow::new(&tuning(), Some(&new), now());
        let woken = wakes(&controls, &document);
        if at_all(&new) > names(&old) {
            prop_assert!(woken, "{:?} {:?}", old.approvals, new.approvals);
        }
        if names(&new) == names(&old) {
            prop_assert!(!woken);
        }
        let again = held(held_for_approval(&target(), Some(&new), &tuning(), now()));
        prop_assert!(!wakes(&controls, &again), "it knows of all");
        prop_assert!(!wakes(&ControlsNow::new(&tuning(), None, now()), &document), "what is not known wakes nobody");
    }
}
