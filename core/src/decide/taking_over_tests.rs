//! An opening that another left: whoever takes it over looks at what runs by now, and whether it may still go out.

use crate::document::{
    Absence, ActiveTask, EntryState, SubscriptionDocument, TargetDocument, TaskKind, TaskName, TaskPhase, Versioned,
};
use crate::fact::{ActiveTasks, ListedTask, TaskState};
use crate::fixture::{
    facts, in_task, installation, new_task, now, pass_over, resource, seen, status, target, tuning, tuning_with,
};
use crate::message::{Finding, WakeUp};
use crate::settings::{ActBy, Tuning};
use crate::transition::observe::merge;
use crate::transition::open::grace;
use crate::wave::conflicts::claim;

use super::closed_gate_tests::{etag, play};
use super::idle::Idle;
use super::pass::Pass;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition, Write};

/// A pass that has taken over a task that Resource Manager does not know, and now asks what else runs.
fn taken_over() -> Pass {
    taken_over_with(|_| {})
}

fn taken_over_with(change: impl Fn(&mut ActiveTask)) -> Pass {
    let opened_at = now() - time::Duration::hours(1);
    let mut document = TargetDocument::new(target());
    merge(&mut document, &seen(Finding::NonCompliant, 1, opened_at), &tuning(), opened_at);
    document.resources.values_mut().for_each(|entry| entry.state = EntryState::InTask);
    document.sequence = 1;
    let name = TaskName::new(&installation(), &target().hash(), 1);
    let mut active = ActiveTask::new(name, TaskKind::Listed, TaskPhase::Opening, opened_at, opened_at);
    active.request = Some(new_task(1, 1).request);
    active.absence = Some(Absence::Seen);
    change(&mut active);
    document.active = Some(active);
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    play(&mut pass, document, |next| matches!(next, Next::Ask(Question::Facts)));
    pass
}

fn by_hand(n: usize) -> ListedTask {
    ListedTask {
        name: "by-hand".to_owned(),
        scope: target().scope.to_string(),
        assignment: "another".to_owned(),
        reference: String::new(),
        resources: Some([resource(n).to_string()].into()),
        state: TaskState::Active,
    }
}

/// What the pass does with the task that it took over, when it has asked all that it asks.
fn end(mut pass: Pass, tuning: &Tuning, others: &[ListedTask]) -> Next {
    loop {
        pass.observe(match pass.next(tuning, now()) {
            Next::Ask(Question::Facts) => Observed::Answer(Answer::Facts(facts())),
            Next::Ask(Question::ActiveTasks) => {
                Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(others.to_vec())))
            }
            next => return next,
        });
    }
}

/// The document when the task was given up at last: somebody may have asked for it, so it is looked for until two graces later.
fn given_up(pass: Pass, tuning: &Tuning, others: &[ListedTask]) -> TargetDocument {
    let mut look_now = pass.clone();
    let Next::Save(write) = end(pass, tuning, others) else { panic!("not given up") };
    let active = write.document.active.clone().expect("it keeps its name");
    assert!(active.giving_up.is_some());
    look_now.observe(Observed::Saved(write, etag()));
    let until = active.opened_at + grace(&active, tuning) * 2;
    let early = look_now.next(tuning, until - time::Duration::seconds(1));
    let Next::Save(Write { transition, .. }) = early else { panic!("not idle: {early:?}") };
    assert_eq!(transition, Transition::Settled(Idle::OpeningElsewhere));
    let mut later = pass_over(&WakeUp::new(target(), look_now.document().unwrap().generation));
    later.observe(Observed::Claims(Versioned {
        document: SubscriptionDocument::new(target().subscription().clone()),
        etag: None,
    }));
    let document = look_now.document().unwrap().clone();
    later.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let Next::Ask(Question::Task(name)) = later.next(tuning, until) else { panic!("not looked for") };
    let mut there = later.clone();
    there.observe(Observed::Answer(Answer::Task(name.clone(), Some(status(TaskState::Active)))));
    let Next::Save(write) = there.next(tuning, until) else { panic!("not taken in") };
    assert!(write.document.active.is_some_and(|active| active.phase == TaskPhase::Open && active.giving_up.is_none()));
    later.observe(Observed::Answer(Answer::Task(name.clone(), None)));
    let Next::Save(write) = later.next(tuning, until) else { panic!("not idle") };
    assert_eq!(write.transition, Transition::Settled(Idle::OpeningElsewhere), "one look is not enough");
    let at_last = until + grace(&active, tuning);
    let mut last = pass_over(&WakeUp::new(target(), write.document.generation));
    last.observe(Observed::Claims(Versioned {
        document: SubscriptionDocument::new(target().subscription().clone()),
        etag: None,
    }));
    last.observe(Observed::Target(Box::new(Versioned { document: *write.document, etag: Some(etag()) })));
    last.observe(Observed::Answer(Answer::Task(name, None)));
    let Next::Save(write) = last.next(tuning, at_last) else { panic!("not given up") };
    assert_eq!(write.document.active, None);
    *write.document
}

#[test]
fn it_is_given_up_when_a_person_has_begun_a_task_on_its_resource() {
    let document = given_up(taken_over(), &tuning(), &[by_hand(1)]);
    let entry = &document.resources[&resource(1)];
    assert!(matches!(entry.state, EntryState::Waiting { .. }) && entry.attempt == 1, "{entry:?}");
}

#[test]
fn it_goes_on_to_its_claim_beside_a_task_that_touches_something_else() {
    let Next::SaveClaims(claims) = end(taken_over(), &tuning(), &[by_hand(2)]) else { panic!("no claim") };
    assert_eq!(claims.claims[&target().hash()].task, TaskName::new(&installation(), &target().hash(), 1));
}

#[test]
fn where_the_claim_stands_it_keeps_its_name_and_waits_for_what_a_person_has_begun_since() {
    let mut pass = taken_over();
    let document = pass.document().unwrap().clone();
    let mut claims = SubscriptionDocument::new(target().subscription().clone());
    claims.claims.insert(target().hash(), claim(document.active.as_ref().unwrap(), &document));
    pass.observe(Observed::Claims(Versioned { document: claims, etag: Some(etag()) }));
    pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let goes_on = end(pass.clone(), &tuning(), &[by_hand(2)]);
    assert!(matches!(goes_on, Next::Create(..)), "{goes_on:?}");
    let Next::Save(Write { document, transition, .. }) = end(pass, &tuning(), &[by_hand(1)]) else {
        panic!("not idle")
    };
    assert_eq!(transition, Transition::Settled(Idle::Blocked));
    assert!(document.active.is_some());
    assert_eq!(document.wake_at, Some(now() + tuning().check_interval_max));
}

#[test]
fn what_is_excluded_since_then_is_given_up_and_decided_anew() {
    let excluded = tuning_with("EXCLUDE_ASSIGNMENTS", "*");
    assert_eq!(given_up(taken_over(), &excluded, &[]).resources[&resource(1)].attempt, 1);
    let stays = end(taken_over(), &tuning(), &[]);
    assert!(matches!(stays, Next::SaveClaims(_)), "nothing has changed: {stays:?}");
}

#[test]
fn a_task_for_the_whole_scope_is_never_asked_for_later() {
    let pass = taken_over_with(|active| active.kind = TaskKind::WholeScope { count: 1 });
    given_up(pass, &tuning(), &[]);
}

#[test]
fn each_request_without_an_answer_doubles_the_grace_and_after_eight_an_attempt_is_used_up() {
    let most = 8;
    let grace_of = |unanswered| {
        let pass = taken_over_with(|active| active.unanswered = unanswered);
        let active = pass.document().unwrap().active.clone().unwrap();
        assert_eq!(active.opened_at, now(), "taken over now");
        active.check_at - now()
    };
    assert_eq!([grace_of(0), grace_of(1), grace_of(2)], [60, 120, 240].map(time::Duration::seconds));
    assert_eq!(grace_of(most), tuning().check_interval_max);
    let pass = taken_over_with(|active| active.unanswered = most);
    let document = given_up(pass, &tuning(), &[]);
    let entry = &document.resources[&resource(1)];
    assert_eq!(entry.attempt, 2);
    assert!(entry.last_failure.as_ref().unwrap().words.contains("never answered"), "{entry:?}");
    let goes_on = end(taken_over_with(|active| active.unanswered = most - 1), &tuning(), &[]);
    assert!(matches!(goes_on, Next::SaveClaims(_)), "{goes_on:?}");
}

#[test]
fn a_task_that_may_have_been_asked_for_is_asked_for_again_only_after_two_owners_did_not_find_it() {
    let opened_at = now() - time::Duration::hours(1);
    for (absence, asks) in [(None, false), (Some(Absence::Seen), true), (Some(Absence::Before), false)] {
        let mut document = in_task(1);
        document.active =
            document.active.map(|active| ActiveTask { phase: TaskPhase::Opening, opened_at, absence, ..active });
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        let is_decided = |next: &Next| match next {
            Next::Ask(Question::Facts) => true,
            Next::Save(write) => write.transition == Transition::Settled(Idle::OpeningElsewhere),
            _ => false,
        };
        play(&mut pass, document, is_decided);
        match pass.next(&tuning(), now()) {
            Next::Save(write) => {
                assert!(!asks, "{absence:?}");
                assert_eq!(write.document.active.unwrap().absence, Some(Absence::Seen));
            }
            _ => assert!(asks, "{absence:?}"),
        }
    }
}

#[test]
fn where_its_assignment_may_not_act_any_more_others_do_not_wait_for_what_it_has_claimed() {
    let mut tuning = tuning();
    tuning.act.by = ActBy::Metadata;
    let document = given_up(taken_over(), &tuning, &[]);
    assert!(matches!(document.resources[&resource(1)].state, EntryState::Waiting { .. }));
}

#[test]
fn what_was_not_counted_when_it_was_decided_is_decided_anew_under_limits() {
    let document = given_up(taken_over(), &Tuning { first_steps: vec![1], ..tuning() }, &[]);
    assert!(matches!(document.resources[&resource(1)].state, EntryState::Waiting { .. }));
}
