//! What Resource Manager says to the request for a task, and what becomes of the wave.

use crate::document::{EntryState, ParkReason, TargetCause, TargetDocument, TaskName};
use crate::fact::Put;
use crate::fixture::{installation, now, policy, resource, target};

use super::closed_gate_tests::{first, look};
use super::step::{Next, Observed};

/// The document after this outcome of the request for a task of one resource.
fn after(put: Put) -> TargetDocument {
    let mut look = look(|next| matches!(next, Next::Put(..)));
    look.observe(Observed::Put(TaskName::new(&installation(), &target().hash(), first()), put));
    let Next::Save(write) = look.next(&policy(), now()) else { panic!("not written") };
    assert_eq!(write.document.active, None);
    *write.document
}

#[test]
fn what_only_a_person_can_fix_parks_the_target_and_counts_no_attempt() {
    for reason in [ParkReason::WorkerLacksPermission, ParkReason::ReferenceMissing] {
        let document = after(Put::Park(TargetCause { reason, class: None, words: String::new() }));
        assert_eq!(document.parked.as_ref().map(|park| park.reason), Some(reason));
        let entry = &document.resources[&resource(1)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: now() }, 1));
    }
}

#[test]
fn any_other_refusal_uses_up_an_attempt_with_the_services_words() {
    let words = "ScopeLocked: locked";
    let entry = after(Put::Refused(words.to_owned())).resources[&resource(1)].clone();
    assert_eq!((entry.attempt, entry.last_failure.unwrap().words.as_str()), (2, words));
}
