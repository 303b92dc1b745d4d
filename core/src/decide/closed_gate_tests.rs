//! A gate that another target's answer has closed, told at every point on the way to a task: nothing is begun behind it,
//! and what was begun is given up with nothing counted.

use crate::document::{ETag, EntryState, SubscriptionDocument, TargetDocument, TaskName, Versioned};
use crate::fact::{ActiveTasks, Creation};
use crate::fixture::{facts, installation, now, pass_over, resource, seen, target, tuning};
use crate::message::{Finding, WakeUp};
use crate::time::Timestamp;
use crate::transition::observe::merge;

use super::idle::Idle;
use super::pass::Pass;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition, Write};

fn floor() -> Timestamp {
    now() + time::Duration::seconds(40)
}

/// The number of a task that is named now.
pub(crate) fn first() -> u64 {
    u64::try_from(now().unix_timestamp()).unwrap()
}

pub(crate) fn etag() -> ETag {
    ETag("1".to_owned())
}

/// A pass over a target with one due resource, played until `stop` holds for what is next.
pub(crate) fn pass(stop: impl Fn(&Next) -> bool) -> Pass {
    let mut document = TargetDocument::new(target());
    merge(&mut document, &seen(Finding::NonCompliant, 1, now() - time::Duration::hours(1)), &tuning(), now());
    document.resources.values_mut().for_each(|entry| entry.state = EntryState::Waiting { due: now() });
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    play(&mut pass, document, stop);
    pass
}

pub(crate) fn play(pass: &mut Pass, document: TargetDocument, stop: impl Fn(&Next) -> bool) {
    let claims = SubscriptionDocument::new(target().subscription().clone());
    for _ in 0..20 {
        let next = pass.next(&tuning(), now());
        if stop(&next) {
            return;
        }
        pass.observe(match next {
            Next::Load => Observed::Target(Box::new(Versioned { document: document.clone(), etag: Some(etag()) })),
            Next::LoadClaims => Observed::Claims(Versioned { document: claims.clone(), etag: None }),
            Next::Save(write) => Observed::Saved(write, etag()),
            Next::SaveClaims(claims) => Observed::ClaimsSaved(claims, etag()),
            other => answer(other),
        });
    }
    panic!("no end");
}

/// What Resource Manager answers where nothing is in the way.
pub(crate) fn answer(next: Next) -> Observed {
    Observed::Answer(match next {
        Next::Ask(Question::Facts) => Answer::Facts(facts()),
        Next::Ask(Question::ActiveTasks) => Answer::ActiveTasks(ActiveTasks::All(Vec::new())),
        Next::Ask(Question::Task(name)) => Answer::Task(name, None),
        Next::Ask(Question::Listed { .. }) => Answer::Listed(now(), Vec::new()),
        Next::Ask(Question::States(asked)) => Answer::States(asked, Vec::new()),
        other => panic!("not on the way to a task: {other:?}"),
    })
}

pub(crate) fn opens(next: &Next) -> bool {
    matches!(next, Next::Save(Write { transition: Transition::Opened, .. }))
}

#[test]
fn behind_a_closed_gate_no_question_is_asked_and_no_task_is_written_down() {
    let points: [fn(&Next) -> bool; 4] = [
        |next| matches!(next, Next::Ask(Question::Facts)),
        |next| matches!(next, Next::Ask(Question::ActiveTasks)),
        |next| matches!(next, Next::Ask(Question::States(_))),
        opens,
    ];
    for point in points {
        let mut pass = pass(point);
        pass.observe(Observed::Floor(floor()));
        let Next::SaveClaims(told) = pass.next(&tuning(), now()) else { panic!("all instances must learn of it") };
        assert_eq!((told.throttled_until, told.claims.len()), (Some(floor()), 0));
        pass.observe(Observed::ClaimsSaved(told, etag()));
        let Next::Save(Write { document, transition, .. }) = pass.next(&tuning(), now()) else { panic!("not idle") };
        assert_eq!(transition, Transition::Settled(Idle::Throttled));
        assert_eq!((document.wake_at, document.active, document.sequence), (Some(floor()), None, 0));
        assert_eq!(document.resources[&resource(1)].state, EntryState::Waiting { due: now() }, "it keeps its place");
    }
}

#[test]
fn a_floor_that_has_passed_holds_nothing() {
    let mut pass = pass(opens);
    pass.observe(Observed::Floor(now()));
    assert!(opens(&pass.next(&tuning(), now())));
}

#[test]
fn what_was_written_down_before_the_gate_closed_is_given_up_without_a_claim_of_its_own() {
    let mut pass = pass(|next| matches!(next, Next::SaveClaims(_)));
    pass.observe(Observed::Floor(floor()));
    let Next::Save(Write { document, transition, .. }) = pass.next(&tuning(), now()) else { panic!("not given up") };
    assert_eq!(
        (transition, &document.active, document.sequence),
        (Transition::Step, &None, first()),
        "its name is used up"
    );
    let entry = &document.resources[&resource(1)];
    assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: floor() }, 1));
}

#[test]
fn a_claim_is_given_back_when_the_gate_closes_before_the_task_is_asked_for() {
    let mut pass = pass(|next| matches!(next, Next::Create(..)));
    pass.observe(Observed::Floor(floor()));
    let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("not given up") };
    assert_eq!(write.document.active, None);
    pass.observe(Observed::Saved(write, etag()));
    let Next::SaveClaims(told) = pass.next(&tuning(), now()) else { panic!("the claim stays") };
    assert_eq!((told.throttled_until, told.claims.len()), (Some(floor()), 0));
}

#[test]
fn what_the_gate_held_is_not_taken_for_refused() {
    let held = Creation::Throttled(floor());
    let mut pass = pass(|next| matches!(next, Next::Create(..)));
    pass.observe(Observed::Creation(TaskName::new(&installation(), &target().hash(), first()), held));
    let Next::Save(Write { document, .. }) = pass.next(&tuning(), now()) else { panic!("not given up") };
    let entry = &document.resources[&resource(1)];
    assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: floor() }, 1), "no attempt is counted");
}
