//! What Resource Manager says to the request for a task, and what becomes of the wave.

use super::super::Put;
use super::super::fixture::{now, policy, resource, target};
use super::super::step::{Next, Observed};
use super::closed_gate_tests::{etag, first, look};
use crate::arm::{ArmError, CallKind};
use crate::state::{
    EntryState, Extent, FailureClass, LastFailure, ParkReason, SkipReason, TargetDocument, TaskName, Versioned,
};

/// The document after this answer to the request for a task of one resource, which was stale before or was not.
fn after(is_stale: bool, answer: ArmError) -> TargetDocument {
    let mut look = look(|next| matches!(next, Next::Put(_)));
    if is_stale {
        let mut document = look.document().unwrap().clone();
        let entry = document.resources.get_mut(&resource(1)).unwrap();
        entry.last_failure = Some(LastFailure { class: Some(FailureClass::Stale), words: String::new() });
        document.active.as_mut().unwrap().extent = Extent::Anew { resource: resource(1) };
        look.observe(Observed::Target(Box::new(Versioned { document, etag: Some(etag()) })));
    }
    look.observe(Observed::Put(TaskName::new(&target().hash(), first()), Put::of(Err(answer))));
    let Next::Save(write) = look.next(&policy(), now()) else { panic!("not written") };
    assert_eq!(write.document.active, None);
    *write.document
}

fn refused(status: u16, code: &str, message: &str) -> ArmError {
    let (code, message) = (code.to_owned(), message.to_owned());
    ArmError::Refused { call: CallKind::CreateTask, status, code, message }
}

#[test]
fn what_only_a_person_can_mend_parks_the_target_and_counts_no_attempt() {
    let reference = "The policy assignment 'a' assigns a policy set definition. Remediations must specify a single policy definition reference ID within the policy set definition.";
    for (answer, reason) in [
        (refused(403, "AuthorizationFailed", "no"), ParkReason::WorkerLacksPermission),
        (refused(400, "InvalidCreateRemediationRequest", reference), ParkReason::ReferenceMissing),
    ] {
        let document = after(false, answer);
        assert_eq!(document.parked.as_ref().map(|park| park.reason), Some(reason));
        let entry = &document.resources[&resource(1)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1));
    }
}

#[test]
fn a_resource_that_is_to_be_evaluated_anew_and_is_not_there_is_gone() {
    let call = CallKind::CreateTask;
    let not_found = || ArmError::NotFound { call, code: "ResourceNotFound".to_owned(), message: "gone".to_owned() };
    let entry = after(true, not_found()).resources[&resource(1)].clone();
    assert_eq!(entry.state, EntryState::skipped(SkipReason::ResourceGone, now()));
    let entry = after(false, not_found()).resources[&resource(1)].clone();
    assert_eq!((entry.attempt, entry.last_failure.unwrap().words.as_str()), (2, "ResourceNotFound: gone"));
}

#[test]
fn any_other_refusal_uses_up_an_attempt_with_the_services_words() {
    let entry = after(false, refused(409, "ScopeLocked", "locked")).resources[&resource(1)].clone();
    assert_eq!((entry.attempt, entry.last_failure.unwrap().words.as_str()), (2, "ScopeLocked: locked"));
}
