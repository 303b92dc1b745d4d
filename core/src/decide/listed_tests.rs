//! A large wave asks for a list of what does not comply before it asks by name, once, and what it is told may be old.

use proptest::collection::btree_set;
use proptest::prelude::*;

use super::closed_gate_tests::play;
use super::judge::FEW;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition};
use crate::document::{Doubt, EntryState};
use crate::event::ComplianceState;
use crate::fact::{Effect, PolicyState};
use crate::fixture::{now, pass_over, resource, target, tuning, waiting};
use crate::message::WakeUp;

fn state(n: usize, seconds_after: i64, effect: &str) -> PolicyState {
    let at = Some(now() + time::Duration::seconds(seconds_after));
    let (resource, effect) = (resource(n).to_string(), Some(Effect::of(effect)));
    PolicyState { resource, state: ComplianceState::NonCompliant, at, effect, location: None }
}

proptest! {
    #[test]
    fn who_is_on_the_list_is_not_asked_for_by_name_and_all_others_are(
        count in 1_usize..120,
        on_the_list in btree_set(0_usize..150, 0..150),
    ) {
        let document = waiting(count);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Listed { .. } | Question::States(_))));
        let mut next = pass.next(&tuning(), now());
        prop_assert_eq!(matches!(next, Next::Ask(Question::Listed { .. })), count.min(100) > FEW);
        let mut told = 0;
        if let Next::Ask(Question::Listed { wave: wanted, .. }) = next {
            prop_assert_eq!(wanted.len(), count.min(100));
            told = wanted.iter().filter(|id| on_the_list.iter().any(|n| resource(*n) == **id)).count();
            let states = on_the_list.iter().map(|n| state(*n, 0, "modify")).collect();
            pass.observe(Observed::Answer(Answer::Listed(states)));
            next = pass.next(&tuning(), now());
        }
        if let Next::Ask(Question::States(asked)) = next {
            prop_assert_eq!(asked.len(), count.min(100) - told, "once for the list, and then by name");
            pass.observe(Observed::Answer(Answer::States(asked, Vec::new())));
            next = pass.next(&tuning(), now());
        }
        let Next::Save(write) = next else { panic!("no task: {next:?}") };
        prop_assert_eq!((write.transition, write.document.in_task().count()), (Transition::Opened, count.min(100)));
    }
}

#[test]
fn what_the_list_told_before_something_was_seen_keeps_nobody_from_a_task() {
    for (seconds_after, goes) in [(-1, true), (0, false), (1, false)] {
        let document = waiting(FEW + 1);
        let observed = document.resources[&resource(0)].observed_at;
        let after = (observed - now()).whole_seconds() + seconds_after;
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Listed { .. })));
        pass.observe(Observed::Answer(Answer::Listed(vec![state(0, after, "audit")])));
        let mut saved = None;
        for _ in 0..4 {
            match pass.next(&tuning(), now()) {
                Next::Ask(Question::States(asked)) => {
                    pass.observe(Observed::Answer(Answer::States(asked, Vec::new())));
                }
                Next::Save(write) => saved = Some(write.document),
                next => panic!("not on the way: {next:?}"),
            }
        }
        let entry = &saved.unwrap().resources[&resource(0)];
        assert_eq!(entry.state == EntryState::InTask, goes, "{seconds_after}: {entry:?}");
    }
}

#[test]
fn what_is_in_doubt_is_asked_by_name_however_much_it_is() {
    let mut document = waiting(100);
    for entry in document.resources.values_mut() {
        entry.doubt = Some(Doubt { ask_at: now(), asks: 0, compliant_at: Some(now()), deleted_at: None });
    }
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Listed { .. } | Question::States(_))));
    assert!(matches!(pass.next(&tuning(), now()), Next::Ask(Question::States(asked)) if asked.len() == 100));
}
