//! What Resource Manager says to the request for a task, and what becomes of the wave.

use super::super::Put;
use super::super::fixture::{installation, now, policy, resource, target};
use super::super::step::{Next, Observed};
use super::closed_gate_tests::{first, look};
use crate::arm::{ArmError, CallKind};
use crate::state::{EntryState, ParkReason, TargetDocument, TaskName};

/// The document after this answer to the request for a task of one resource.
fn after(answer: ArmError) -> TargetDocument {
    let mut look = look(|next| matches!(next, Next::Put(..)));
    look.observe(Observed::Put(TaskName::new(&installation(), &target().hash(), first()), Put::of(Err(answer))));
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
        let document = after(answer);
        assert_eq!(document.parked.as_ref().map(|park| park.reason), Some(reason));
        let entry = &document.resources[&resource(1)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1));
    }
}

#[test]
fn any_other_refusal_uses_up_an_attempt_with_the_services_words() {
    let (call, code, message) = (CallKind::CreateTask, "NotFound".to_owned(), "gone".to_owned());
    for (answer, words) in [
        (refused(409, "ScopeLocked", "locked"), "ScopeLocked: locked"),
        (ArmError::NotFound { call, code, message }, "NotFound: gone"),
    ] {
        let entry = after(answer).resources[&resource(1)].clone();
        assert_eq!((entry.attempt, entry.last_failure.unwrap().words.as_str()), (2, words));
    }
}
