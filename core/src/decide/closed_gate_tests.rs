//! A gate that another target's answer has closed, told at every point on the way to a task: nothing is begun behind it,
//! and what was begun is given up with nothing counted.

use crate::document::{ETag, EntryState, SubscriptionDocument, TargetDocument, TaskName, Versioned};
use crate::fact::{ActiveTasks, AssignedPolicy, Assignment, Facts, Found, Put};
use crate::fixture::{installation, look_at, now, policy, resource, seen, target};
use crate::message::{Seen, WakeUp};
use crate::time::Timestamp;
use crate::transition::observe::merge;

use super::pass::Reconciliation;
use super::step::{Meaning, Next, Observed, Question, Rest, Write};

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

pub(crate) fn facts() -> Facts {
    let assignment = Assignment {
        id: target().policy_assignment_id.to_string(),
        policy: AssignedPolicy::Definition("d".to_owned()),
        has_identity: true,
        is_enforced: true,
        not_scopes: Vec::new(),
        instance: None,
    };
    Facts { assignment: Found::There(assignment), references: None, siblings: Vec::new(), read_at: now() }
}

/// A look at a target with one due resource, played until `stop` holds for what is next.
pub(crate) fn look(stop: impl Fn(&Next) -> bool) -> Reconciliation {
    let mut document = TargetDocument::new(target());
    merge(&mut document, &seen(Seen::NonCompliant, 1, now() - time::Duration::hours(1)), &policy(), now());
    document.resources.values_mut().for_each(|entry| entry.state = EntryState::Waiting { due: now() });
    let mut look = look_at(&WakeUp::new(target(), document.generation));
    play(&mut look, document, stop);
    look
}

pub(crate) fn play(look: &mut Reconciliation, document: TargetDocument, stop: impl Fn(&Next) -> bool) {
    let claims = SubscriptionDocument::new(target().subscription().clone());
    for _ in 0..20 {
        let next = look.next(&policy(), now());
        if stop(&next) {
            return;
        }
        look.observe(match next {
            Next::Load => Observed::Target(Box::new(Versioned { document: document.clone(), etag: Some(etag()) })),
            Next::LoadClaims => Observed::Claims(Versioned { document: claims.clone(), etag: None }),
            Next::Ask(Question::Facts) => Observed::Facts(facts()),
            Next::Ask(Question::ActiveTasks) => Observed::ActiveTasks(ActiveTasks::All(Vec::new())),
            Next::Ask(Question::Task(name)) => Observed::Task(name, None),
            Next::Ask(Question::States(asked)) => Observed::States(asked, Vec::new()),
            Next::Save(write) => Observed::Saved(write, etag()),
            Next::SaveClaims(claims) => Observed::ClaimsSaved(claims, etag()),
            other => panic!("not on the way to a task: {other:?}"),
        });
    }
    panic!("no end");
}

pub(crate) fn opens(next: &Next) -> bool {
    matches!(next, Next::Save(Write { meaning: Meaning::Opened, .. }))
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
        let mut look = look(point);
        look.observe(Observed::Floor(floor()));
        let Next::SaveClaims(told) = look.next(&policy(), now()) else { panic!("all instances must learn of it") };
        assert_eq!((told.throttled_until, told.claims.len()), (Some(floor()), 0));
        look.observe(Observed::ClaimsSaved(told, etag()));
        let Next::Save(Write { document, meaning, .. }) = look.next(&policy(), now()) else { panic!("no rest") };
        assert_eq!(meaning, Meaning::Settled(Rest::Throttled));
        assert_eq!((document.wake_at, document.active, document.sequence), (Some(floor()), None, 0));
        assert_eq!(document.resources[&resource(1)].state, EntryState::Waiting { due: now() }, "it keeps its place");
    }
}

#[test]
fn a_floor_that_has_passed_holds_nothing() {
    let mut look = look(opens);
    look.observe(Observed::Floor(now()));
    assert!(opens(&look.next(&policy(), now())));
}

#[test]
fn what_was_written_down_before_the_gate_closed_is_given_up_without_a_claim_of_its_own() {
    let mut look = look(|next| matches!(next, Next::SaveClaims(_)));
    look.observe(Observed::Floor(floor()));
    let Next::Save(Write { document, meaning, .. }) = look.next(&policy(), now()) else { panic!("not given up") };
    assert_eq!((meaning, &document.active, document.sequence), (Meaning::Step, &None, first()), "its name is used up");
    let entry = &document.resources[&resource(1)];
    assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: floor() }, 1));
}

#[test]
fn a_claim_is_given_back_when_the_gate_closes_before_the_task_is_asked_for() {
    let mut look = look(|next| matches!(next, Next::Put(..)));
    look.observe(Observed::Floor(floor()));
    let Next::Save(write) = look.next(&policy(), now()) else { panic!("not given up") };
    assert_eq!(write.document.active, None);
    look.observe(Observed::Saved(write, etag()));
    let Next::SaveClaims(told) = look.next(&policy(), now()) else { panic!("the claim stays") };
    assert_eq!((told.throttled_until, told.claims.len()), (Some(floor()), 0));
}

#[test]
fn what_the_gate_held_is_not_taken_for_refused() {
    let held = Put::Throttled(floor());
    let mut look = look(|next| matches!(next, Next::Put(..)));
    look.observe(Observed::Put(TaskName::new(&installation(), &target().hash(), first()), held));
    let Next::Save(Write { document, .. }) = look.next(&policy(), now()) else { panic!("not given up") };
    let entry = &document.resources[&resource(1)];
    assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: floor() }, 1), "no attempt is counted");
}
