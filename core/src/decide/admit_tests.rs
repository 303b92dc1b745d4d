//! A window that is closed, or closes, at every point on the way to a task, and before whatever else is sent.

use std::sync::Arc;
use std::time::Duration;

use crate::control::{Controls, KnownControls};
use crate::document::{
    ActiveTask, ControlsDocument, EntryState, GivingUp, Pause, PauseOf, SubscriptionDocument, TaskPhase, Versioned,
};
use crate::fact::TaskState;
use crate::fixture::{
    in_task, new_task, nothing_paused, now, pass_over, resource, status, target, tuning, tuning_with, waiting,
};
use crate::message::WakeUp;
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;

use super::closed_gate_tests::{etag, opens, pass, play};
use super::idle::Idle;
use super::pass::Pass;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition, Write};

/// It is 07:00.
fn closed() -> Tuning {
    tuning_with("CHANGE_WINDOW", "20:00-06:00")
}

fn hours(n: i64) -> time::Duration {
    time::Duration::hours(n)
}

/// Where the pass rests under these settings, and until when.
fn rests(pass: &mut Pass, tuning: &Tuning) -> (Idle, Option<Timestamp>) {
    for _ in 0..10 {
        match pass.next(tuning, now()) {
            Next::Save(Write { document, transition: Transition::Settled(why), .. }) => return (why, document.wake_at),
            Next::Save(write) => pass.observe(Observed::Saved(write, etag())),
            Next::SaveClaims(claims) => pass.observe(Observed::ClaimsSaved(claims, etag())),
            other => panic!("not at rest: {other:?}"),
        }
    }
    panic!("no end");
}

#[test]
fn outside_the_window_nothing_is_asked_and_one_wake_up_is_set_for_its_opening() {
    let points: [fn(&Next) -> bool; 5] = [
        |next| matches!(next, Next::Ask(Question::Facts)),
        |next| matches!(next, Next::Ask(Question::ActiveTasks)),
        |next| matches!(next, Next::Ask(Question::States(_))),
        opens,
        |next| matches!(next, Next::Create(..)),
    ];
    for point in points {
        let mut pass = pass(point);
        let (why, wake_at) = rests(&mut pass, &closed());
        assert_eq!(why, Idle::OutsideWindow);
        let delay = wake_at.unwrap() - (now() + hours(13));
        assert!((time::Duration::ZERO..=time::Duration::minutes(10)).contains(&delay), "{delay}");
        let document = pass.document().unwrap();
        assert_eq!(document.active, None);
        let entry = &document.resources[&resource(1)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1), "it keeps its place");
        assert!(pass.claims().unwrap().claims.is_empty());
    }
}

#[test]
fn what_was_taken_over_outside_the_window_may_have_been_sent_and_keeps_its_claim_until_it_was_looked_for() {
    let mut document = in_task(1);
    let name = new_task(1, 1).name;
    let (opened_at, absence) = (now() - hours(1), Some(crate::document::Absence::Seen));
    let active = document.active.take().unwrap();
    document.active = Some(ActiveTask {
        name,
        phase: TaskPhase::Opening,
        opened_at,
        absence,
        request: Some(new_task(1, 1).request),
        ..active
    });
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    play(&mut pass, document, |next| matches!(next, Next::SaveClaims(_) | Next::Ask(Question::Facts)));
    let Next::Save(Write { document, .. }) = pass.next(&closed(), now()) else { panic!("not given up") };
    assert_eq!(document.active.unwrap().giving_up, Some(GivingUp::Wait));
}

#[test]
fn a_task_must_be_on_its_way_before_the_window_closes() {
    let pass = pass(|next| matches!(next, Next::Create(..)));
    let until = |tuning: &Tuning| match pass.next(tuning, now()) {
        Next::Create(_, until) => until - Duration::try_from(now() - Timestamp::UNIX_EPOCH).unwrap(),
        other => panic!("not created: {other:?}"),
    };
    let always = until(&tuning());
    assert_eq!(until(&tuning_with("CHANGE_WINDOW", "06:00-08:00")), always);
    let seconds = |n| now() + Duration::from_secs(n);
    // It is 07:00:00 by one clock of storage's and may be 07:59:58 by the other.
    let moment = crate::time::Moment { stored_before: seconds(3_598), ..now().into() };
    let Next::Create(_, late) = pass.next(&tuning_with("CHANGE_WINDOW", "06:00-08:00"), moment) else { panic!() };
    assert_eq!(late, moment.running + Duration::from_secs(2));
}

#[test]
fn plan_mode_plans_on_and_what_runs_is_followed() {
    let planning = Tuning { mode: Mode::Plan, ..closed() };
    let shown = pass(opens);
    assert!(matches!(shown.next(&planning, now()), Next::Show(plan) if plan.task.is_some()));
    let document = in_task(1);
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    let claims = SubscriptionDocument::new(target().subscription().clone());
    pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
    pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let Next::SaveClaims(claims) = pass.next(&closed(), now()) else { panic!("no claim") };
    pass.observe(Observed::ClaimsSaved(claims, etag()));
    assert!(matches!(pass.next(&closed(), now()), Next::Ask(Question::Task(_))), "followed");
}

#[test]
fn under_a_pause_that_cancels_a_task_is_asked_to_end_and_its_resources_wait_for_the_end_of_the_pause() {
    let document = in_task(2);
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    let claims = SubscriptionDocument::new(target().subscription().clone());
    pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
    pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let mut paused = ControlsDocument::default();
    let of = PauseOf { scope: None, assignment: Some("a".to_owned()) };
    paused.pause(Pause { of, reason: None, by: None, at: now(), until: None, cancel_tasks: true });
    let KnownControls { asked, .. } = nothing_paused();
    pass.observe(Observed::Controls(KnownControls { controls: Arc::new(Controls::Read(paused)), asked }));
    let mut asked = 0;
    let document = loop {
        pass.observe(match pass.next(&tuning(), now()) {
            Next::SaveClaims(claims) => Observed::ClaimsSaved(claims, etag()),
            Next::Ask(Question::Task(name)) if asked == 0 => {
                Observed::Answer(Answer::Task(name, Some(status(TaskState::Active))))
            }
            Next::CancelTask(name) => {
                assert!(pass.document().unwrap().active.as_ref().unwrap().canceling, "written down before");
                asked += 1;
                Observed::TaskCanceled(name)
            }
            Next::Save(Write { document, transition: Transition::Settled(_), .. }) => break document,
            Next::Save(write) => Observed::Saved(write, etag()),
            other => panic!("not on the way: {other:?}"),
        });
    };
    assert_eq!(asked, 1, "once a pass");
    let mut ended = *document;
    crate::transition::settle::settle(&mut ended, &status(TaskState::Canceled), &[], &tuning(), now());
    for n in 0..2 {
        let entry = &ended.resources[&resource(n)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1), "no person canceled it");
    }
}

#[test]
fn very_many_go_in_waves_where_a_window_may_close() {
    use crate::wave::whole_scope::WholeScope;
    let document = waiting(301);
    assert!(WholeScope::of(&document, &tuning(), now()).is_some());
    assert!(WholeScope::of(&document, &tuning_with("CHANGE_WINDOW", "06:00-08:00"), now()).is_none());
}

#[test]
fn whoever_plans_is_told_what_would_hold_the_target_back_in_act() {
    let document = waiting(2);
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    let claims = SubscriptionDocument::new(target().subscription().clone());
    pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
    pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let plan = |tuning: Tuning| Tuning { mode: Mode::Plan, ..tuning };
    pass.observe(Observed::Controls(nothing_paused()));
    for (tuning, held) in [
        (plan(tuning()), None),
        (plan(closed()), Some(Idle::OutsideWindow)),
        (plan(tuning_with("ACT_ASSIGNMENTS", "other")), Some(Idle::PlanMode)),
    ] {
        assert_eq!(pass.held_in(Mode::Act, &tuning, now().into()), held);
    }
    let mut paused = ControlsDocument::default();
    let of = PauseOf { scope: None, assignment: None };
    paused.pause(Pause { of, reason: None, by: None, at: now(), until: None, cancel_tasks: false });
    let KnownControls { asked, .. } = nothing_paused();
    pass.observe(Observed::Controls(KnownControls { controls: Arc::new(Controls::Read(paused)), asked }));
    assert_eq!(pass.held_in(Mode::Act, &plan(tuning()), now().into()), Some(Idle::Paused));
}
