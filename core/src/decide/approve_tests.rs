//! The mode `approve`: planned for as in plan mode until an approval covers the target, and then as far as that goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::control::KnownApprovals;
use crate::document::{
    Approval, ApprovedPlan, EntryState, FleetDocument, PlanDigest, Revoked, SubscriptionDocument, TargetDocument,
    Versioned,
};
use crate::fact::Creation;
use crate::fixture::{facts, nothing_paused, now, pass_over, resource, target, tuning, waiting};
use crate::message::WakeUp;
use crate::settings::{Mode, Tuning};

use serde_json::json;

use super::closed_gate_tests::{answer, etag};
use super::idle::Idle;
use super::pass::Pass;
use super::step::{Next, Observed, Transition, Write};

fn approving() -> Tuning {
    Tuning { mode: Mode::Approve, ..tuning() }
}

fn approval(max: u32) -> Approval {
    let until = now() + time::Duration::hours(1);
    let mut approval = Approval::new("a1".parse().unwrap(), max, now(), until);
    approval.assignment = "a".parse().ok();
    approval
}

type Plans = BTreeMap<PlanDigest, Arc<ApprovedPlan>>;

fn known(approvals: Vec<Approval>, plans: Plans) -> Observed {
    // They count for as long as a test runs.
    Observed::Approvals(KnownApprovals {
        approvals: Arc::new(approvals),
        plans: Arc::new(plans),
        asked: nothing_paused().asked,
    })
}

/// A pass that has read the documents.
fn begun(document: &TargetDocument) -> Pass {
    let mut pass = pass_over(&WakeUp::new(target(), document.generation));
    let claims = SubscriptionDocument::new(target().subscription().clone());
    pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
    pass.observe(Observed::Target(Box::new(Versioned { document: document.clone(), etag: Some(etag()) })));
    pass
}

/// Goes on under these approvals until the pass rests, or a plan is shown and it then rests; what was asked for on the way.
fn rests(document: &TargetDocument, approvals: &[Approval]) -> (Idle, Vec<usize>, usize, TargetDocument) {
    rests_with(document, approvals, Plans::new())
}

fn rests_with(
    document: &TargetDocument,
    approvals: &[Approval],
    plans: Plans,
) -> (Idle, Vec<usize>, usize, TargetDocument) {
    let mut pass = begun(document);
    let (mut created, mut shown) = (Vec::new(), 0);
    let mut fleet = FleetDocument::new("a".to_owned());
    for _ in 0..200 {
        let next = pass.next(&approving(), now());
        pass.observe(match next {
            Next::LoadApprovals => known(approvals.to_vec(), plans.clone()),
            Next::LoadFleet => Observed::Fleet(Arc::new(fleet.clone())),
            Next::Enter(entry) => {
                let entered = crate::control::fleet::enter(&mut fleet, &entry, now());
                Observed::Entered(entry.task().clone(), entered)
            }
            Next::Show(plan) => {
                shown += 1;
                Observed::Shown(plan.digest())
            }
            Next::Create(task, _) => {
                created.push(task.resources.len());
                Observed::Creation(task.name, Creation::Accepted)
            }
            Next::Save(Write { document, transition: Transition::Settled(why), .. }) => {
                return (why, created, shown, *document);
            }
            Next::Save(write) => Observed::Saved(write, etag()),
            Next::SaveClaims(claims) => Observed::ClaimsSaved(claims, etag()),
            other => answer(other),
        });
    }
    panic!("no end");
}

#[test]
fn without_an_approval_the_plan_is_shown_and_everything_waits() {
    let revoked = Some(Revoked { by: None, at: now(), reason: None });
    let changed = |change: &dyn Fn(&mut Approval)| {
        let mut one = approval(9);
        change(&mut one);
        vec![one]
    };
    for approvals in [
        vec![],
        changed(&|one| one.revoked.clone_from(&revoked)),
        changed(&|one| one.until = now()),
        changed(&|one| one.assignment = Some("b".parse().unwrap())),
    ] {
        let (why, created, shown, document) = rests(&waiting(3), &approvals);
        assert_eq!((why, created, shown), (Idle::AwaitingApproval, vec![], 1), "{approvals:?}");
        let waits = |state: &EntryState| matches!(state, EntryState::Waiting { .. });
        assert!(document.resources.values().all(|entry| waits(&entry.state) && entry.attempt == 1));
    }
}

#[test]
fn an_approval_lets_so_many_go_and_no_more() {
    for (max, size) in [(2, 2), (3, 3), (9, 3)] {
        let (why, created, shown, _) = rests(&waiting(3), &[approval(max)]);
        assert_eq!((why, created, shown), (Idle::TaskRunning, vec![size], 0));
    }
}

#[test]
fn what_was_read_of_approvals_half_a_minute_ago_lets_nothing_go() {
    let mut pass = begun(&waiting(1));
    let moment = crate::time::Moment::from(now());
    let asked = moment.running - Duration::from_secs(30);
    pass.observe(Observed::Approvals(KnownApprovals {
        approvals: Arc::new(vec![approval(1)]),
        plans: Arc::default(),
        asked,
    }));
    assert_eq!(pass.next(&approving(), moment), Next::LoadApprovals);
}

#[test]
fn a_plan_lets_go_what_it_names_while_the_facts_are_those_that_it_was_made_on() {
    let file = |facts: String| {
        let resources = [resource(0).to_string(), resource(7).to_string()];
        let of = json!({
            "target": target().hash().to_string(), "assignment": target().policy_assignment_id.to_string(), "facts": facts,
            "tasks": [{ "kind": "listed", "resources": resources }],
        });
        json!({ "version": 1, "kind": "plan", "targets": [of] }).to_string().into_bytes()
    };
    for (digest, expected) in [
        (facts().digest(), (Idle::TaskRunning, vec![1], 0)),
        ("of other facts".to_owned(), (Idle::AwaitingApproval, vec![], 1)),
    ] {
        let file = file(digest);
        let mut one = approval(9);
        (one.assignment, one.plan) = (None, Some(PlanDigest::of(&file)));
        let plans = [(PlanDigest::of(&file), Arc::new(ApprovedPlan::read(&file).unwrap()))];
        let (why, created, shown, _) = rests_with(&waiting(3), &[one.clone()], plans.into());
        assert_eq!((why, created, shown), expected);
        assert_eq!(rests(&waiting(3), &[one]).0, Idle::AwaitingApproval, "the plan is not there");
    }
}
