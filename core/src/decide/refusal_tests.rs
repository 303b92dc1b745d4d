//! What Resource Manager says to the request for a task, and what becomes of the wave; and who tries again what it refuses to all.

use std::sync::Arc;
use std::time::Duration;

use crate::control::{Controls, KnownControls};
use crate::document::{
    ControlsDocument, EntryState, ParkReason, Pause, PauseOf, ScopePark, SubscriptionDocument, TargetCause,
    TargetDocument, TaskName, Versioned,
};
use crate::fact::{CallKind, Creation};
use crate::fixture::{installation, nothing_paused, now, pass_over, resource, target, tuning, tuning_with, waiting};
use crate::message::WakeUp;

use super::closed_gate_tests::{etag, first, pass};
use super::idle::Idle;
use super::step::{Next, Observed, Transition};

/// The document after this outcome of the request for a task of one resource.
fn after(put: Creation) -> TargetDocument {
    let mut pass = pass(|next| matches!(next, Next::Create(..)));
    pass.observe(Observed::Creation(TaskName::new(&installation(), &target().hash(), first()), put));
    let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("not written") };
    assert_eq!(write.document.active, None);
    *write.document
}

#[test]
fn what_only_a_person_can_fix_parks_the_target_and_counts_no_attempt() {
    for reason in [ParkReason::WorkerLacksPermission, ParkReason::ReferenceMissing] {
        let document = after(Creation::Park(TargetCause { reason, class: None, words: String::new(), hint: None }));
        assert_eq!(document.parked.as_ref().map(|park| park.reason), Some(reason));
        let entry = &document.resources[&resource(1)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1));
    }
}

#[test]
fn any_other_refusal_uses_up_an_attempt_with_the_services_words() {
    let words = "ScopeLocked: locked";
    let entry = after(Creation::Refused(words.to_owned())).resources[&resource(1)].clone();
    assert_eq!((entry.attempt, entry.last_failure.unwrap().words.as_str()), (2, words));
}

/// The subscription is parked, and the next try is due.
fn parked() -> SubscriptionDocument {
    let mut claims = SubscriptionDocument::new(target().subscription().clone());
    let park = ScopePark {
        reason: ParkReason::ProviderNotRegistered,
        words: String::new(),
        call: CallKind::ListAssignments.as_str().to_owned(),
        by: target().hash(),
        since: now() - Duration::from_secs(86_400),
        tries: 3,
        next_try: now(),
        parked_since: Some(now() - Duration::from_secs(80_000)),
    };
    claims.parks.insert(format!("/subscriptions/{}", target().subscription()), park);
    claims
}

fn paused() -> Observed {
    let mut controls = ControlsDocument::default();
    let of = PauseOf { scope: None, assignment: None };
    controls.pause(Pause { of, reason: None, by: None, at: now(), until: None, cancel_tasks: false });
    let controls = Arc::new(Controls::Read(controls));
    Observed::Controls(KnownControls { controls, ..nothing_paused() })
}

#[test]
fn who_may_ask_nothing_now_leaves_the_try_of_a_parked_subscription_to_others() {
    let closed = tuning_with("CHANGE_WINDOW", "20:00-06:00");
    let floor = || Observed::Floor(now() + Duration::from_secs(60));
    for (tuning, hardship, why) in [
        (closed, None, Idle::OutsideWindow),
        (tuning(), Some(paused()), Idle::Paused),
        (tuning(), Some(floor()), Idle::Throttled),
        (tuning(), Some(Observed::OutOfTime), Idle::OutOfTime),
    ] {
        let document = waiting(1);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        pass.observe(Observed::Claims(Versioned { document: parked(), etag: Some(etag()) }));
        pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
        let Next::SaveClaims(claims) = pass.next(&crate::fixture::tuning(), now()) else { panic!("nobody tries") };
        assert!(claims.parks.values().all(|park| park.next_try > now() && park.tries == 4));
        hardship.into_iter().for_each(|observed| pass.observe(observed));
        // How long nothing may be asked is written down.
        if let Next::SaveClaims(claims) = pass.next(&tuning, now()) {
            assert!(claims.parks == parked().parks, "{why:?}: the try is taken");
            pass.observe(Observed::ClaimsSaved(claims, etag()));
        }
        let Next::Save(write) = pass.next(&tuning, now()) else { panic!("{why:?}: not at rest") };
        assert_eq!(write.transition, Transition::Settled(why));
    }
}
