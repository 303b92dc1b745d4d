//! A target that no task can remediate asks for nothing but its facts, once a day, and goes on when they say otherwise.

use std::time::Duration;

use crate::document::{NotRemediable, TargetDocument};
use crate::fact::{Effect, Facts, Found};
use crate::fixture::{facts, now, resource, target, tuning, waiting};
use crate::policy::Resolved;
use crate::settings::{Mode, Tuning};

use super::idle::Idle;
use super::plan_tests::play_with;
use super::step::{Next, Transition};

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

#[test]
fn once_a_day_the_facts_say_whether_it_is_still_so() {
    let noted = |look_at| {
        let mut document = waiting(0);
        let (effect, facts_digest) = ("audit".to_owned(), String::new());
        document.not_remediable =
            Some(NotRemediable { effect, facts_digest, since: now(), looked_at: now(), look_at, seen: 40 });
        document
    };
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
