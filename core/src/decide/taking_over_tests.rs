//! An opening that another left: whoever takes it over looks at what runs by now, and whether it may still go out.

use crate::document::{
    Absence, ActiveTask, EntryState, Extent, SubscriptionDocument, TargetDocument, TaskName, TaskPhase, Versioned,
};
use crate::fact::{ActiveTasks, ListedTask, TaskState};
use crate::fixture::{in_task, installation, look_at, now, policy, policy_with, resource, seen, status, target};
use crate::message::{Seen, WakeUp};
use crate::settings::Policy;
use crate::transition::observe::merge;
use crate::transition::open::grace;
use crate::wave::conflicts::claim;

use super::closed_gate_tests::{etag, facts, play};
use super::pass::Reconciliation;
use super::step::{Meaning, Next, Observed, Question, Rest, Write};

/// A look that has taken over a task that Resource Manager does not know, and now asks what else runs.
fn taken_over() -> Reconciliation {
    taken_over_with(|_| {})
}

fn taken_over_with(change: impl Fn(&mut ActiveTask)) -> Reconciliation {
    let opened_at = now() - time::Duration::hours(1);
    let mut document = TargetDocument::new(target());
    merge(&mut document, &seen(Seen::NonCompliant, 1, opened_at), &policy(), opened_at);
    document.resources.values_mut().for_each(|entry| entry.state = EntryState::InTask);
    document.sequence = 1;
    let name = TaskName::new(&installation(), &target().hash(), 1);
    let mut active = ActiveTask::new(name, Extent::Resources, TaskPhase::Opening, opened_at, opened_at);
    active.absence = Some(Absence::Seen);
    change(&mut active);
    document.active = Some(active);
    let mut look = look_at(&WakeUp::new(target(), document.generation));
    play(&mut look, document, |next| matches!(next, Next::Ask(Question::Facts)));
    look
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

/// What the look does with the task that it took over, when it has asked all that it asks.
fn end(mut look: Reconciliation, policy: &Policy, others: &[ListedTask]) -> Next {
    loop {
        look.observe(match look.next(policy, now()) {
            Next::Ask(Question::Facts) => Observed::Facts(facts()),
            Next::Ask(Question::ActiveTasks) => Observed::ActiveTasks(ActiveTasks::All(others.to_vec())),
            next => return next,
        });
    }
}

/// The document when the task was given up at last: somebody may have asked for it, so it is looked for until two graces later.
fn given_up(look: Reconciliation, policy: &Policy, others: &[ListedTask]) -> TargetDocument {
    let mut look_now = look.clone();
    let Next::Save(write) = end(look, policy, others) else { panic!("not given up") };
    let active = write.document.active.clone().expect("it keeps its name");
    assert!(active.giving_up.is_some());
    look_now.observe(Observed::Saved(write, etag()));
    let until = active.opened_at + grace(&active, policy) * 2;
    let early = look_now.next(policy, until - time::Duration::seconds(1));
    let Next::Save(Write { meaning, .. }) = early else { panic!("no rest: {early:?}") };
    assert_eq!(meaning, Meaning::Settled(Rest::OpeningElsewhere));
    let mut later = look_at(&WakeUp::new(target(), look_now.document().unwrap().generation));
    later.observe(Observed::Claims(Versioned {
        document: SubscriptionDocument::new(target().subscription().clone()),
        etag: None,
    }));
    let document = look_now.document().unwrap().clone();
    later.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let Next::Ask(Question::Task(name)) = later.next(policy, until) else { panic!("not looked for") };
    let mut there = later.clone();
    there.observe(Observed::Task(name.clone(), Some(status(TaskState::Active))));
    let Next::Save(write) = there.next(policy, until) else { panic!("not taken in") };
    assert!(write.document.active.is_some_and(|active| active.phase == TaskPhase::Open && active.giving_up.is_none()));
    later.observe(Observed::Task(name.clone(), None));
    let Next::Save(write) = later.next(policy, until) else { panic!("no rest") };
    assert_eq!(write.meaning, Meaning::Settled(Rest::OpeningElsewhere), "one look is not enough");
    let at_last = until + grace(&active, policy);
    let mut last = look_at(&WakeUp::new(target(), write.document.generation));
    last.observe(Observed::Claims(Versioned {
        document: SubscriptionDocument::new(target().subscription().clone()),
        etag: None,
    }));
    last.observe(Observed::Target(Box::new(Versioned { document: *write.document, etag: Some(etag()) })));
    last.observe(Observed::Task(name, None));
    let Next::Save(write) = last.next(policy, at_last) else { panic!("not given up") };
    assert_eq!(write.document.active, None);
    *write.document
}

#[test]
fn it_is_given_up_when_a_person_has_begun_a_task_on_its_resource() {
    let document = given_up(taken_over(), &policy(), &[by_hand(1)]);
    let entry = &document.resources[&resource(1)];
    assert!(matches!(entry.state, EntryState::Waiting { .. }) && entry.attempt == 1, "{entry:?}");
}

#[test]
fn it_goes_on_to_its_claim_beside_a_task_that_touches_something_else() {
    let Next::SaveClaims(claims) = end(taken_over(), &policy(), &[by_hand(2)]) else { panic!("no claim") };
    assert_eq!(claims.claims[&target().hash()].task, TaskName::new(&installation(), &target().hash(), 1));
}

#[test]
fn where_the_claim_stands_it_keeps_its_name_and_waits_for_what_a_person_has_begun_since() {
    let mut look = taken_over();
    let document = look.document().unwrap().clone();
    let mut claims = SubscriptionDocument::new(target().subscription().clone());
    claims.claims.insert(target().hash(), claim(document.active.as_ref().unwrap(), &document));
    look.observe(Observed::Claims(Versioned { document: claims, etag: Some(etag()) }));
    look.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    let goes_on = end(look.clone(), &policy(), &[by_hand(2)]);
    assert!(matches!(goes_on, Next::Put(..)), "{goes_on:?}");
    let Next::Save(Write { document, meaning, .. }) = end(look, &policy(), &[by_hand(1)]) else { panic!("no rest") };
    assert_eq!(meaning, Meaning::Settled(Rest::Blocked));
    assert!(document.active.is_some());
    assert_eq!(document.wake_at, Some(now() + policy().check_interval_max));
}

#[test]
fn what_is_excluded_since_then_is_given_up_and_decided_anew() {
    let excluded = policy_with("EXCLUDE_ASSIGNMENTS", "*");
    assert_eq!(given_up(taken_over(), &excluded, &[]).resources[&resource(1)].attempt, 1);
    let stays = end(taken_over(), &policy(), &[]);
    assert!(matches!(stays, Next::SaveClaims(_)), "nothing has changed: {stays:?}");
}

#[test]
fn a_task_for_the_whole_scope_is_never_asked_for_later() {
    let look = taken_over_with(|active| active.extent = Extent::Whole { count: 1 });
    given_up(look, &policy(), &[]);
}

#[test]
fn each_request_without_an_answer_doubles_the_grace_and_after_eight_an_attempt_is_used_up() {
    let most = 8;
    let grace_of = |unanswered| {
        let look = taken_over_with(|active| active.unanswered = unanswered);
        let active = look.document().unwrap().active.clone().unwrap();
        assert_eq!(active.opened_at, now(), "taken over now");
        active.check_at - now()
    };
    assert_eq!([grace_of(0), grace_of(1), grace_of(2)], [60, 120, 240].map(time::Duration::seconds));
    assert_eq!(grace_of(most), policy().check_interval_max);
    let look = taken_over_with(|active| active.unanswered = most);
    let document = given_up(look, &policy(), &[]);
    let entry = &document.resources[&resource(1)];
    assert_eq!(entry.attempt, 2);
    assert!(entry.last_failure.as_ref().unwrap().words.contains("never answered"), "{entry:?}");
    let goes_on = end(taken_over_with(|active| active.unanswered = most - 1), &policy(), &[]);
    assert!(matches!(goes_on, Next::SaveClaims(_)), "{goes_on:?}");
}

#[test]
fn a_task_that_may_have_been_asked_for_is_asked_for_again_only_after_two_owners_did_not_find_it() {
    let opened_at = now() - time::Duration::hours(1);
    for (absence, asks) in [(None, false), (Some(Absence::Seen), true), (Some(Absence::Before), false)] {
        let mut document = in_task(1);
        document.active =
            document.active.map(|active| ActiveTask { phase: TaskPhase::Opening, opened_at, absence, ..active });
        let mut look = look_at(&WakeUp::new(target(), document.generation));
        let is_decided = |next: &Next| match next {
            Next::Ask(Question::Facts) => true,
            Next::Save(write) => write.meaning == Meaning::Settled(Rest::OpeningElsewhere),
            _ => false,
        };
        play(&mut look, document, is_decided);
        match look.next(&policy(), now()) {
            Next::Save(write) => {
                assert!(!asks, "{absence:?}");
                assert_eq!(write.document.active.unwrap().absence, Some(Absence::Seen));
            }
            _ => assert!(asks, "{absence:?}"),
        }
    }
}
