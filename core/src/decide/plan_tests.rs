//! What plan mode shows is what act mode writes, whatever leaves and whatever is in the way; and where act mode cannot tell yet, plan
//! mode shows nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::{EntryState, SkipReason, SubscriptionDocument, TargetDocument, Versioned};
use crate::event::ComplianceState;
use crate::fact::{ActiveTasks, Assignment, Effect, Facts, PolicyState};
use crate::fixture::{assignment, facts, facts_of, now, pass_over, resource, target, tuning, tuning_with, waiting};
use crate::id::ResourceId;
use crate::message::WakeUp;
use crate::policy::IdentityChange;
use crate::settings::{Mode, Tuning};

use super::closed_gate_tests::etag;
use super::idle::Idle;
use super::pass::Pass;
use super::plan::Plan;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition};

/// Plays a pass in which resource 2 turns out to be compliant, until a task is written down or shown, or nothing more is done; the
/// hardship strikes once the documents are read. With the last document that was written.
fn play(document: &TargetDocument, tuning: &Tuning, hardship: Option<&Observed>) -> (Next, TargetDocument) {
    play_with(&facts(), document, tuning, hardship)
}

pub(super) fn play_with(
    facts: &Facts,
    document: &TargetDocument,
    tuning: &Tuning,
    hardship: Option<&Observed>,
) -> (Next, TargetDocument) {
    play_on(&mut pass_over(&WakeUp::new(target(), document.generation)), facts, document, tuning, hardship)
}

fn play_on(
    pass: &mut Pass,
    facts: &Facts,
    document: &TargetDocument,
    tuning: &Tuning,
    hardship: Option<&Observed>,
) -> (Next, TargetDocument) {
    let mut document = document.clone();
    let claims = SubscriptionDocument::new(target().subscription().clone());
    for _ in 0..40 {
        if pass.document().is_some() {
            hardship.into_iter().for_each(|observed| pass.observe(observed.clone()));
        }
        let next = pass.next(tuning, now());
        let state = |id: &ResourceId| {
            let is_good = *id == resource(2);
            let state = if is_good { ComplianceState::Compliant } else { ComplianceState::NonCompliant };
            PolicyState {
                resource: id.to_string(),
                state,
                at: Some(now()),
                effect: Some(Effect::Remediable),
                location: None,
            }
        };
        pass.observe(match next {
            Next::Load => Observed::Target(Box::new(Versioned { document: document.clone(), etag: Some(etag()) })),
            Next::LoadClaims => Observed::Claims(Versioned { document: claims.clone(), etag: None }),
            Next::SaveClaims(claims) => Observed::ClaimsSaved(claims, etag()),
            Next::Ask(Question::Facts | Question::FactsSince(_)) => Observed::Answer(Answer::Facts(facts.clone())),
            Next::Ask(Question::ActiveTasks) => Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new()))),
            Next::Ask(Question::Listed { .. }) => Observed::Answer(Answer::Listed(now(), Vec::new())),
            Next::Ask(Question::States(ids)) => {
                let states = ids.iter().map(state).collect();
                Observed::Answer(Answer::States(ids, states))
            }
            Next::Save(write) if write.transition == Transition::Step => {
                document = (*write.document).clone();
                Observed::Saved(write, etag())
            }
            end => return (end, document),
        });
    }
    panic!("no end");
}

/// The resources of a document that were skipped, and why.
fn skipped(document: &TargetDocument) -> BTreeMap<ResourceId, SkipReason> {
    let reason = |state: &EntryState| match state {
        EntryState::Skipped { reason, .. } => Some(*reason),
        _ => None,
    };
    document.resources.iter().filter_map(|(id, entry)| Some((id.clone(), reason(&entry.state)?))).collect()
}

fn plan_of(document: &TargetDocument, tuning: &Tuning, hardship: Option<&Observed>) -> Option<Plan> {
    match play(document, &Tuning { mode: Mode::Plan, ..tuning.clone() }, hardship).0 {
        Next::Show(plan) => Some(*plan),
        _ => None,
    }
}

#[test]
fn the_plan_that_is_shown_is_the_one_that_is_written_in_one_write() {
    let document = waiting(5);
    for tuning in [tuning(), tuning_with("EXCLUDE_SCOPES", resource(1).as_str()), tuning_with("EXCLUDE_SCOPES", "*")] {
        let plan = plan_of(&document, &tuning, None).unwrap();
        let leaving: BTreeMap<_, _> = plan.skipped.into_iter().map(|out| (out.resource, out.reason)).collect();
        match play(&document, &tuning, None) {
            (Next::Save(write), before) if write.transition == Transition::Opened => {
                assert_eq!(before, document, "nothing was written before");
                assert_eq!(skipped(&write.document), leaving);
                let task = plan.task.unwrap();
                assert_eq!(write.document.in_task().cloned().collect::<Vec<_>>(), task.resources);
                assert_eq!(write.document.active.unwrap().request, Some(task.request));
            }
            (_, written) => {
                assert_eq!((plan.task, skipped(&written)), (None, leaving), "all of it leaves");
                assert_eq!(skipped(&written).len(), 5);
            }
        }
    }
}

#[test]
fn a_plan_that_became_another_while_it_was_shown_is_shown_too() {
    let planning = Tuning { mode: Mode::Plan, ..tuning() };
    let mut pass = pass_over(&WakeUp::new(target(), waiting(1).generation));
    let mut shown = Vec::new();
    // While the first is shown, others wait too.
    for document in [waiting(1), waiting(5)] {
        let (next, _) = play_on(&mut pass, &facts(), &document, &planning, None);
        let Next::Show(plan) = next else { panic!("{next:?}") };
        assert!(!plan.is_known);
        shown.push(plan.digest());
        pass.observe(Observed::Shown(plan.digest()));
        let (next, _) = play_on(&mut pass, &facts(), &document, &planning, None);
        let Next::Save(write) = next else { panic!("what was shown is shown again: {next:?}") };
        assert_eq!(write.document.plan_shown.as_ref(), shown.last());
        pass.observe(Observed::Conflict);
    }
    assert_ne!(shown[0], shown[1]);
}

#[test]
fn a_target_that_would_be_parked_loses_the_same_in_both_modes_and_in_one_write() {
    let without_identity = facts_of(Assignment { has_identity: false, ..assignment() });
    for excluded in [&[1][..], &[1, 3], &[]] {
        let pattern = excluded.iter().map(|n| resource(*n).to_string()).collect::<Vec<_>>().join(",");
        let acting = if pattern.is_empty() { tuning() } else { tuning_with("EXCLUDE_SCOPES", &pattern) };
        let planning = Tuning { mode: Mode::Plan, ..acting.clone() };
        let Next::Show(plan) = play_with(&without_identity, &waiting(5), &planning, None).0 else { panic!("no plan") };
        let leaving: BTreeMap<_, _> = plan.skipped.into_iter().map(|out| (out.resource, out.reason)).collect();
        assert!(plan.task.is_none() && leaving.len() > excluded.len(), "one turns out to be compliant");
        let (_, written) = play_with(&without_identity, &waiting(5), &acting, None);
        assert_eq!(skipped(&written), leaving);
        assert_eq!(written.parked.map(|park| park.reason), plan.cause.map(|cause| cause.reason));
    }
}

#[test]
fn where_nothing_can_be_asked_no_plan_is_shown_though_some_leave_by_the_guard_rails() {
    let excluding = tuning_with("EXCLUDE_SCOPES", resource(1).as_str());
    let planning = Tuning { mode: Mode::Plan, ..excluding };
    let closed = Observed::Floor(now() + Duration::from_secs(40));
    for (hardship, why) in [(closed, Idle::Throttled), (Observed::OutOfTime, Idle::OutOfTime)] {
        let (next, written) = play(&waiting(5), &planning, Some(&hardship));
        let Next::Save(write) = next else { panic!("{next:?}") };
        assert_eq!((write.transition, &write.document.resources), (Transition::Settled(why), &written.resources));
        assert_eq!(skipped(&write.document), BTreeMap::new(), "plan mode takes nothing away");
    }
}

#[test]
fn a_policy_that_changes_identities_reads_on_soon_until_the_list_of_tasks_is_whole() {
    let mut document = waiting(5);
    for entry in document.resources.values_mut() {
        entry.state = EntryState::Waiting { due: now() - Duration::from_secs(86_400) };
    }
    let changing = Facts { identity: IdentityChange::Changes, ..facts() };
    let partial = Observed::Answer(Answer::ActiveTasks(ActiveTasks::Some(Vec::new())));
    let (next, written) = play_with(&changing, &document, &tuning(), Some(&partial));
    let Next::Save(write) = next else { panic!("{next:?}") };
    assert_eq!(write.transition, Transition::Settled(Idle::TaskListAwaited));
    assert_eq!(write.document.resources, written.resources, "nothing is lost");
    assert!(write.document.wake_at.unwrap() <= now() + Duration::from_secs(30), "{:?}", write.document.wake_at);
    for (facts, hardship) in [(&changing, None), (&facts(), Some(&partial))] {
        let (next, _) = play_with(facts, &document, &tuning(), hardship);
        assert!(matches!(next, Next::Save(ref write) if write.transition == Transition::Opened), "{next:?}");
    }
}
