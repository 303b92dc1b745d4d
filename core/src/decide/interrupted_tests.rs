//! Passes that cannot be brought to their end: what has an answer goes on, and a look that was cut off is counted.

use crate::document::{SubscriptionDocument, TargetDocument, Versioned};
use crate::fact::{Put, Unanswered};
use crate::fixture::{look_at, now, policy, resource, target, waiting};
use crate::id::ResourceId;
use crate::message::WakeUp;

use super::closed_gate_tests::{etag, look, opens, play};
use super::pass::Reconciliation;
use super::step::{Meaning, Next, Observed, Question, Rest, Write};

/// A look at three due resources, of which the states of so many were told.
fn told(resources: &[usize]) -> Reconciliation {
    let document = waiting(3);
    let mut look = look_at(&WakeUp::new(target(), document.generation));
    play(&mut look, document, |next| matches!(next, Next::Ask(Question::States(_))));
    if !resources.is_empty() {
        look.observe(Observed::States(resources.iter().map(|n| resource(*n)).collect(), Vec::new()));
    }
    look
}

fn interruptions() -> [Observed; 2] {
    [Observed::OutOfTime, Observed::Unanswered(Unanswered::default())]
}

#[test]
fn an_answer_for_some_resources_is_followed_by_the_question_for_the_others() {
    let others = vec![resource(0), resource(2)];
    assert_eq!(told(&[1]).next(&policy(), now()), Next::Ask(Question::States(others)));
}

#[test]
fn when_no_more_can_be_asked_those_make_a_task_whose_states_were_told_and_the_others_keep_their_place() {
    for interruption in interruptions() {
        let mut look = told(&[0, 2]);
        look.observe(interruption);
        let Next::Save(write) = look.next(&policy(), now()) else { panic!("no task") };
        assert_eq!(write.meaning, Meaning::Opened);
        let in_task: Vec<ResourceId> = write.document.in_task().cloned().collect();
        assert_eq!(in_task, [resource(0), resource(2)]);
        look.observe(Observed::Saved(write, etag()));
        let Next::SaveClaims(claims) = look.next(&policy(), now()) else { panic!("no claim") };
        look.observe(Observed::ClaimsSaved(claims, etag()));
        let Next::Put(task, _) = look.next(&policy(), now()) else { panic!("it is not asked for") };
        look.observe(Observed::Put(task.name, Put::Accepted));
        assert!(matches!(look.next(&policy(), now()), Next::Save(Write { meaning: Meaning::Step, .. })));
    }
}

#[test]
fn without_any_answer_the_target_rests() {
    for (interruption, rest) in interruptions().into_iter().zip([Rest::OutOfTime, Rest::Unanswered]) {
        let mut look = told(&[]);
        look.observe(interruption);
        let Next::Save(Write { document, meaning, .. }) = look.next(&policy(), now()) else { panic!("no rest") };
        assert_eq!((meaning, document.active), (Meaning::Settled(rest), None));
    }
}

#[test]
fn claims_that_were_read_before_an_answer_are_read_anew_before_they_are_written() {
    let mut look = told(&[0, 1, 2]);
    let Next::Save(write) = look.next(&policy(), now()) else { panic!("no task") };
    let document = write.document.clone();
    look.observe(Observed::Saved(write, etag()));
    assert_eq!(look.refreshed(look.next(&policy(), now())), Next::LoadClaims);
    let claims = SubscriptionDocument::new(target().subscription().clone());
    look.observe(Observed::Claims(Versioned { document: claims, etag: Some(etag()) }));
    assert_eq!(look.refreshed(look.next(&policy(), now())), Next::Load);
    look.observe(Observed::Target(Box::new(Versioned { document: *document, etag: Some(etag()) })));
    assert!(matches!(look.refreshed(look.next(&policy(), now())), Next::SaveClaims(_)));
}

/// The first write of a look whose wake-up was left behind, at a document of this generation.
fn left_behind(document: &TargetDocument, generation: u64) -> Next {
    let mut wake_up = WakeUp::new(target(), generation);
    wake_up.left_behind = true;
    let mut look = look_at(&wake_up);
    play(&mut look, document.clone(), |next| !matches!(next, Next::Load | Next::LoadClaims));
    look.next(&policy(), now())
}

#[test]
fn a_wake_up_that_was_left_behind_counts_a_look_that_was_cut_off_unless_it_came_to_its_end() {
    let mut document = waiting(1);
    (document.generation, document.cut_off) = (7, 2);
    let Next::Save(Write { document: written, meaning, .. }) = left_behind(&document, 7) else { panic!("not counted") };
    assert_eq!((meaning, written.cut_off, written.generation), (Meaning::Step, 3, 7));
    assert!(!matches!(left_behind(&document, 6), Next::Save(_)), "a look has ended since");
}

#[test]
fn a_look_whose_machine_stood_still_opens_nothing_by_what_it_read_before() {
    // Right before the task is written down, and right before it is asked for.
    for point in [opens as fn(&Next) -> bool, |next| matches!(next, Next::Put(..))] {
        let mut look = look(point);
        look.observe(Observed::StoodStill);
        let mut asked = 0;
        let rest = loop {
            match look.next(&policy(), now()) {
                Next::Save(write) if matches!(write.meaning, Meaning::Settled(_)) => break write,
                Next::Save(write) => {
                    assert_eq!(write.document.active, None, "it is given up");
                    look.observe(Observed::Saved(write, etag()));
                }
                Next::SaveClaims(claims) => look.observe(Observed::ClaimsSaved(claims, etag())),
                next => panic!("{next:?}"),
            }
            asked += 1;
            assert!(asked < 5, "no end");
        };
        assert_eq!(rest.document.active, None);
    }
}
