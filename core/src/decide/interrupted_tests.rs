//! Passes that cannot be brought to their end: what has an answer goes on, and a pass that was cut off is counted.

use crate::document::{SubscriptionDocument, TargetDocument, Versioned};
use crate::fact::{Creation, Unanswered};
use crate::fixture::{now, pass_over, resource, target, tuning, waiting};
use crate::id::ResourceId;
use crate::message::WakeUp;

use super::closed_gate_tests::{etag, opens, pass, play};
use super::idle::Idle;
use super::pass::Pass;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition, Write};

/// A pass over three due resources, of which the states of so many were told.
fn told(resources: &[usize]) -> Pass {
    let document = waiting(3);
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    play(&mut pass, document, |next| matches!(next, Next::Ask(Question::States(_))));
    if !resources.is_empty() {
        pass.observe(Observed::Answer(Answer::States(resources.iter().map(|n| resource(*n)).collect(), Vec::new())));
    }
    pass
}

fn interruptions() -> [Observed; 2] {
    [Observed::OutOfTime, Observed::Unanswered(Unanswered::default())]
}

#[test]
fn an_answer_for_some_resources_is_followed_by_the_question_for_the_others() {
    let others = vec![resource(0), resource(2)];
    assert_eq!(told(&[1]).next(&tuning(), now()), Next::Ask(Question::States(others)));
}

#[test]
fn when_no_more_can_be_asked_those_make_a_task_whose_states_were_told_and_the_others_keep_their_place() {
    for interruption in interruptions() {
        let mut pass = told(&[0, 2]);
        pass.observe(interruption);
        let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("no task") };
        assert_eq!(write.transition, Transition::Opened);
        let in_task: Vec<ResourceId> = write.document.in_task().cloned().collect();
        assert_eq!(in_task, [resource(0), resource(2)]);
        pass.observe(Observed::Saved(write, etag()));
        let Next::SaveClaims(claims) = pass.next(&tuning(), now()) else { panic!("no claim") };
        pass.observe(Observed::ClaimsSaved(claims, etag()));
        let Next::Create(task, _) = pass.next(&tuning(), now()) else { panic!("it is not asked for") };
        pass.observe(Observed::Creation(task.name, Creation::Accepted));
        let settled = Transition::Settled(Idle::TaskRunning);
        assert!(matches!(pass.next(&tuning(), now()), Next::Save(Write { transition, .. }) if transition == settled));
    }
}

#[test]
fn without_any_answer_the_target_rests() {
    for (interruption, rest) in interruptions().into_iter().zip([Idle::OutOfTime, Idle::Unanswered]) {
        let mut pass = told(&[]);
        pass.observe(interruption);
        let Next::Save(Write { document, transition, .. }) = pass.next(&tuning(), now()) else { panic!("not idle") };
        assert_eq!((transition, document.active), (Transition::Settled(rest), None));
    }
}

#[test]
fn claims_that_were_read_before_an_answer_are_read_anew_before_they_are_written() {
    let mut pass = told(&[0, 1, 2]);
    let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("no task") };
    let document = write.document.clone();
    pass.observe(Observed::Saved(write, etag()));
    assert_eq!(pass.refreshed(pass.next(&tuning(), now())), Next::LoadClaims);
    let claims = SubscriptionDocument::new(target().subscription().clone());
    pass.observe(Observed::Claims(Versioned { document: claims, etag: Some(etag()) }));
    assert_eq!(pass.refreshed(pass.next(&tuning(), now())), Next::Load);
    pass.observe(Observed::Target(Box::new(Versioned { document: *document, etag: Some(etag()) })));
    assert!(matches!(pass.refreshed(pass.next(&tuning(), now())), Next::SaveClaims(_)));
}

/// The first write of a pass whose wake-up was left behind, at a document of this generation.
fn left_behind(document: &TargetDocument, generation: u64) -> Next {
    let mut wake_up = WakeUp::new(target(), generation);
    wake_up.left_behind = true;
    let mut pass = pass_over(&wake_up);
    play(&mut pass, document.clone(), |next| !matches!(next, Next::Load | Next::LoadClaims));
    pass.next(&tuning(), now())
}

#[test]
fn a_wake_up_that_was_left_behind_counts_a_look_that_was_cut_off_unless_it_came_to_its_end() {
    let mut document = waiting(1);
    (document.generation, document.cut_off) = (7, 2);
    let Next::Save(Write { document: written, transition, .. }) = left_behind(&document, 7) else {
        panic!("not counted")
    };
    assert_eq!((transition, written.cut_off, written.generation), (Transition::Step, 3, 7));
    assert!(!matches!(left_behind(&document, 6), Next::Save(_)), "a look has ended since");
}

#[test]
fn a_look_whose_machine_stood_still_opens_nothing_by_what_it_read_before() {
    // Right before the task is written down, and right before it is asked for.
    for point in [opens as fn(&Next) -> bool, |next| matches!(next, Next::Create(..))] {
        let mut pass = pass(point);
        pass.observe(Observed::StoodStill);
        let mut asked = 0;
        let rest = loop {
            match pass.next(&tuning(), now()) {
                Next::Save(write) if matches!(write.transition, Transition::Settled(_)) => break write,
                Next::Save(write) => {
                    assert_eq!(write.document.active, None, "it is given up");
                    pass.observe(Observed::Saved(write, etag()));
                }
                Next::SaveClaims(claims) => pass.observe(Observed::ClaimsSaved(claims, etag())),
                next => panic!("{next:?}"),
            }
            asked += 1;
            assert!(asked < 5, "no end");
        };
        assert_eq!(rest.document.active, None);
    }
}
