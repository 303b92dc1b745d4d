//! A large wave asks for a list of what does not comply before it asks by name, once, and what it is told may be old.

use proptest::collection::btree_set;
use proptest::prelude::*;

use super::closed_gate_tests::play;
use super::judge::FEW;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition};
use crate::document::{Doubt, Entry, LastFailure};
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
            pass.observe(Observed::Answer(Answer::Listed(now(), states)));
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
fn the_list_answers_for_those_alone_of_which_nothing_was_seen_since_and_that_it_says_can_be_remediated() {
    for (list, evaluated, effect, answers) in [
        (-1, -1, "modify", false),
        (-1, 0, "modify", true),
        (-1, 1, "modify", true),
        (0, -1, "modify", true),
        (1, -9_999, "modify", true),
        (1, 0, "audit", false),
        (1, 1, "deny", false),
    ] {
        let document = waiting(FEW + 1);
        let observed = document.resources[&resource(0)].observed_at;
        let after = (observed - now()).whole_seconds() + evaluated;
        let since = observed + time::Duration::seconds(list);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Listed { .. })));
        pass.observe(Observed::Answer(Answer::Listed(since, vec![state(0, after, effect)])));
        let Next::Ask(Question::States(asked)) = pass.next(&tuning(), now()) else { panic!("by name") };
        assert_eq!(asked.contains(&resource(0)), !answers, "{list} {evaluated} {effect}");
    }
}

#[test]
fn a_list_does_not_answer_for_what_a_task_has_had() {
    let changes: [fn(&mut Entry); 3] = [
        |entry| entry.attempt = 2,
        |entry| entry.waits = 1,
        |entry| entry.last_failure = Some(LastFailure { words: "not its turn".to_owned(), ..LastFailure::default() }),
    ];
    for change in changes {
        let mut document = waiting(FEW + 1);
        change(document.resources.get_mut(&resource(0)).unwrap());
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Listed { .. })));
        let later = now() + time::Duration::seconds(60);
        pass.observe(Observed::Answer(Answer::Listed(later, (0..=FEW).map(|n| state(n, 60, "modify")).collect())));
        let Next::Ask(Question::States(asked)) = pass.next(&tuning(), now()) else { panic!("by name") };
        assert_eq!(asked, [resource(0)]);
    }
}

#[test]
fn what_may_comply_since_is_no_matter_of_a_list_even_where_its_question_is_still_to_come() {
    let mut document = waiting(FEW + 20);
    for n in 0..10 {
        let later = now() + std::time::Duration::from_secs(60);
        let doubt = Doubt { ask_at: later, asks: 1, compliant_at: Some(now()), deleted_at: None };
        document.resources.get_mut(&resource(n)).unwrap().doubt = Some(doubt);
    }
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Listed { .. })));
    let Next::Ask(Question::Listed { wave, .. }) = pass.next(&tuning(), now()) else { panic!("no list") };
    assert_eq!(wave.len(), FEW + 10);
    pass.observe(Observed::Answer(Answer::Listed(now(), (0..FEW + 20).map(|n| state(n, 3_600, "modify")).collect())));
    let Next::Ask(Question::States(asked)) = pass.next(&tuning(), now()) else { panic!("by name") };
    assert_eq!(asked.len(), 10);
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
