//! What Resource Manager says to the request for a task, and what becomes of the wave.

use crate::document::{EntryState, ParkReason, TargetCause, TargetDocument, TaskName};
use crate::fact::Creation;
use crate::fixture::{installation, now, resource, target, tuning};

use super::closed_gate_tests::{first, pass};
use super::step::{Next, Observed};

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
