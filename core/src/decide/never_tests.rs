//! A target that no task can remediate asks for nothing but its facts, once a day, and goes on when they say otherwise.

use std::sync::Arc;
use std::time::Duration;

use crate::control::KnownApprovals;
use crate::document::{NotRemediable, TargetDocument};
use crate::fact::{Effect, Facts, Found};
use crate::fixture::{facts, nothing_paused, now, resource, target, tuning, waiting};
use crate::policy::Resolved;
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;

use super::idle::Idle;
use super::plan_tests::play_with;
use super::step::{Next, Observed, Transition};

fn audit() -> Facts {
    Facts { effect: Some(Resolved::Known(Effect::Other("audit".to_owned()))), ..facts() }
}

/// The document when the pass rests, or what it does instead.
fn rests(facts: &Facts, document: &TargetDocument) -> Result<TargetDocument, Next> {
    match play_with(facts, document, &tuning(), None).0 {
        Next::Save(write) if write.transition == Transition::Settled(Idle::NothingDue) => Ok(*write.document),
        other => Err(other),
    }
}

#[test]
fn a_policy_that_audits_is_noted_and_nothing_is_asked_about_its_resources() {
    let rested = rests(&audit(), &waiting(5)).unwrap();
    let noted = rested.not_remediable.clone().unwrap();
    assert_eq!((rested.resources.len(), noted.seen, noted.since), (0, 5, now()));
    assert_eq!((rested.wake_at, noted.look_at > now()), (None, true), "who looks again is chosen when it is time");
    // Plan mode, which takes nothing away, shows what would leave.
    let planning = Tuning { mode: Mode::Plan, ..tuning() };
    let Next::Show(plan) = play_with(&audit(), &waiting(5), &planning, None).0 else { panic!("no plan") };
    assert_eq!(plan.skipped.len(), 5);
    // Where a part of it may have another effect, each resource's state tells.
    let in_part = Facts { effect: Some(Resolved::PerResource), ..facts() };
    let opened = rests(&in_part, &waiting(5)).unwrap_err();
    assert!(matches!(opened, Next::Save(ref write) if write.transition == Transition::Opened), "{opened:?}");
}

fn noted(look_at: Timestamp) -> TargetDocument {
    let mut document = waiting(0);
    let (effect, facts_digest) = ("audit".to_owned(), String::new());
    document.not_remediable =
        Some(NotRemediable { effect, facts_digest, since: now(), looked_at: now(), look_at, seen: 40 });
    document
}

#[test]
fn what_act_mode_noted_is_looked_at_again_where_tasks_must_be_approved_and_not_where_they_are_only_planned() {
    let due = noted(now() - Duration::from_secs(1));
    let remediable = Facts { effect: Some(Resolved::Known(Effect::Remediable)), ..facts() };
    let nothing = KnownApprovals { approvals: Arc::default(), plans: Arc::default(), asked: nothing_paused().asked };
    let nothing = Observed::Approvals(nothing);
    for (mode, looks) in [(Mode::Act, true), (Mode::Approve, true), (Mode::Plan, false)] {
        let played = |facts: &Facts| play_with(facts, &due, &Tuning { mode, ..tuning() }, Some(&nothing));
        let Next::Save(still) = played(&audit()).0 else { panic!("it rests") };
        assert!(still.document.not_remediable.unwrap().look_at > now(), "{mode:?}: nobody is woken for it for ever");
        assert_eq!(played(&remediable).1.not_remediable.is_none(), looks, "{mode:?}");
    }
}

#[test]
fn once_a_day_the_facts_say_whether_it_is_still_so() {
    let due = noted(now() - Duration::from_secs(1));
    let denies = Facts { effect: Some(Resolved::Known(Effect::Other("deny".to_owned()))), ..facts() };
    let unread = Facts { effect: None, ..facts() };
    let refused = Facts::without_assignment(Found::Unreadable(String::new()), now());
    for (facts, effect) in [(audit(), "audit"), (denies, "deny"), (unread, "audit"), (refused, "audit")] {
        let rested = rests(&facts, &due).unwrap();
        let still = rested.not_remediable.unwrap();
        assert_eq!((still.effect.as_str(), still.seen, still.since), (effect, 40, now()));
        assert!(still.look_at > now() && rested.wake_at.is_none());
    }
    let gone = rests(&Facts::without_assignment(Found::Gone, now()), &due).unwrap();
    assert_eq!((gone.not_remediable, gone.wake_at), (None, None));
    let before = noted(now() + Duration::from_secs(60));
    assert_eq!(rests(&facts(), &before).unwrap().not_remediable, before.not_remediable, "not before its time");
    let remediable = Facts { effect: Some(Resolved::Known(Effect::Remediable)), ..facts() };
    let (next, written) = play_with(&remediable, &due, &tuning(), None);
    assert!(matches!(next, Next::Ask(_)), "the policy states tell which they were: {next:?}");
    assert_eq!((written.not_remediable, written.unlisted.map(|unlisted| unlisted.seen)), (None, Some(40)));
    assert!(!written.resources.contains_key(&resource(0)) && written.target == target());
}
