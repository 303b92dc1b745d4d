//! What a pass looked up of a task says nothing of the time after another has written: that one may have created the task, or seen its
//! end. However the pass comes to read the document again, it asks again.

use crate::document::{ActiveTask, SubscriptionDocument, TargetDocument, TaskPhase, Versioned};
use crate::fact::{ActiveTasks, DeploymentList, TaskState};
use crate::fixture::{facts, in_task, now, pass_over, status, target, tuning};
use crate::message::WakeUp;
use crate::wave::conflicts::claim;

use super::closed_gate_tests::etag;
use super::pass::Pass;
use super::question::{Answer, Question};
use super::step::{Next, Observed};

/// The ways in which a pass comes to read the target's document again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Its write of the target's document lost.
    Conflict,
    /// Its write of the subscription's document lost.
    ClaimsConflict,
    /// It read the subscription's document anew, since an answer had taken long.
    Refreshed,
}

const WAYS: [Way; 3] = [Way::Conflict, Way::ClaimsConflict, Way::Refreshed];

fn active_since(hours: i64, change: impl Fn(&mut ActiveTask)) -> TargetDocument {
    let mut document = in_task(1);
    let active = document.active.as_mut().unwrap();
    (active.opened_at, active.check_at) = (now() - time::Duration::hours(hours), now());
    change(active);
    document
}

fn claims_of(document: &TargetDocument) -> SubscriptionDocument {
    let mut claims = SubscriptionDocument::new(target().subscription().clone());
    claims.claims.insert(target().hash(), claim(document.active.as_ref().unwrap(), document));
    claims
}

/// Plays the pass over these documents until `stop` holds, and gives what is next then.
fn play(
    pass: &mut Pass,
    claims: &SubscriptionDocument,
    document: &TargetDocument,
    stop: impl Fn(&Next) -> bool,
) -> Next {
    for _ in 0..20 {
        let next = pass.next(&tuning(), now());
        if stop(&next) {
            return next;
        }
        pass.observe(match next {
            Next::LoadClaims => Observed::Claims(Versioned { document: claims.clone(), etag: Some(etag()) }),
            Next::Load => Observed::Target(Box::new(Versioned { document: document.clone(), etag: Some(etag()) })),
            Next::Ask(Question::Facts) => Observed::Answer(Answer::Facts(facts())),
            Next::Ask(Question::ActiveTasks) => Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new()))),
            Next::Ask(Question::Task(name)) => Observed::Answer(Answer::Task(name, None)),
            Next::Save(write) => Observed::Saved(write, etag()),
            Next::SaveClaims(claims) => Observed::ClaimsSaved(claims, etag()),
            next => return next,
        });
    }
    panic!("no end")
}

/// What is next when the pass has read both documents again, in this way.
fn read_anew(mut pass: Pass, way: Way, document: &TargetDocument) -> Next {
    let claims = claims_of(document);
    pass.observe(match way {
        Way::Conflict => Observed::Conflict,
        Way::ClaimsConflict => Observed::ClaimsConflict,
        Way::Refreshed => Observed::Claims(Versioned { document: claims.clone(), etag: Some(etag()) }),
    });
    play(&mut pass, &claims, document, |next| !matches!(next, Next::LoadClaims | Next::Load | Next::SaveClaims(_)))
}

#[test]
fn what_was_not_there_before_another_created_it_is_asked_for_again() {
    let left = active_since(1, |active| {
        active.phase = TaskPhase::Opening;
        active.absence = Some(crate::document::Absence::Seen);
    });
    let open = active_since(1, |active| active.phase = TaskPhase::Open);
    let mut pass = pass_over(&WakeUp::new(target(), left.generation));
    let nothing = SubscriptionDocument::new(target().subscription().clone());
    // It took the opening over, did not find the task, and is about to do what comes next.
    let goes_on = play(&mut pass, &nothing, &left, |next| matches!(next, Next::Ask(Question::Facts)));
    assert!(matches!(goes_on, Next::Ask(Question::Facts)), "{goes_on:?}");
    for way in WAYS {
        let next = read_anew(pass.clone(), way, &open);
        assert!(
            matches!(next, Next::Ask(Question::Task(_))),
            "{way:?}: a running task was taken for deleted: {next:?}"
        );
    }
}

#[test]
fn what_had_ended_is_not_taken_in_when_another_has_taken_a_part_of_it_in() {
    let open = active_since(1, |_| {});
    let name = open.active.as_ref().unwrap().name.clone();
    let mut pass = pass_over(&WakeUp::new(target(), open.generation));
    play(&mut pass, &claims_of(&open), &open, |next| matches!(next, Next::Ask(Question::Task(_))));
    pass.observe(Observed::Answer(Answer::Task(name.clone(), Some(status(TaskState::Complete)))));
    let list = DeploymentList { from: None, deployments: Vec::new(), next: None };
    pass.observe(Observed::Answer(Answer::Deployments(name, list)));
    let taken_in = pass.next(&tuning(), now());
    assert!(matches!(taken_in, Next::Save(_)), "by itself it would be taken in: {taken_in:?}");
    let written = active_since(1, |active| active.missing_since = Some(now()));
    for way in WAYS {
        let next = read_anew(pass.clone(), way, &written);
        assert!(matches!(next, Next::Ask(Question::Task(_))), "{way:?}: {next:?}");
    }
}

#[test]
fn where_nobody_has_touched_the_task_it_is_not_asked_for_twice() {
    let open = active_since(1, |_| {});
    let mut pass = pass_over(&WakeUp::new(target(), open.generation));
    play(&mut pass, &claims_of(&open), &open, |next| matches!(next, Next::Ask(Question::Task(_))));
    let name = open.active.as_ref().unwrap().name.clone();
    pass.observe(Observed::Answer(Answer::Task(name, Some(status(TaskState::Active)))));
    let next = read_anew(pass, Way::Refreshed, &open);
    assert!(matches!(next, Next::Save(_)), "{next:?}");
}
