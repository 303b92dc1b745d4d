//! An opening that another left before its claim was written: whoever takes it over looks at what runs by now.

use super::super::Reconciliation;
use super::super::fixture::{now, policy, resource, seen, target};
use super::super::merge::merge;
use super::super::step::{Next, Observed, Question};
use super::closed_gate_tests::play;
use crate::arm::{ListedTask, TaskState};
use crate::queue::{Seen, WakeUp};
use crate::state::{ActiveTask, EntryState, Extent, TargetDocument, TaskName, TaskPhase};

/// A look that has taken over a task that Resource Manager does not know, and now asks what else runs.
fn taken_over() -> Reconciliation {
    let opened_at = now() - time::Duration::hours(1);
    let mut document = TargetDocument::new(target());
    merge(&mut document, &seen(Seen::NonCompliant, 1, opened_at), &policy(), opened_at);
    document.resources.values_mut().for_each(|entry| entry.state = EntryState::InTask);
    document.sequence = 1;
    document.active = Some(ActiveTask {
        name: TaskName::new(&target().hash(), 1),
        extent: Extent::Resources,
        phase: TaskPhase::Opening,
        opened_at,
        check_at: opened_at,
        overdue_reported: false,
        reading: None,
    });
    let mut look = Reconciliation::new(&WakeUp::new(target(), document.generation));
    play(&mut look, document, |next| matches!(next, Next::Ask(Question::ActiveTasks)));
    look
}

fn by_hand(n: usize) -> ListedTask {
    ListedTask {
        name: "by-hand".to_owned(),
        scope: target().scope.to_string(),
        assignment: "another".to_owned(),
        reference: String::new(),
        resources: Some([resource(n).to_string()].into()),
        state: TaskState::Active,
    }
}

#[test]
fn it_is_given_up_when_a_person_has_begun_a_task_on_its_resource() {
    let mut look = taken_over();
    look.observe(Observed::ActiveTasks(vec![by_hand(1)]));
    let Next::Save(write) = look.next(&policy(), now()) else { panic!("not given up") };
    let entry = &write.document.resources[&resource(1)];
    assert!(matches!(entry.state, EntryState::Waiting { .. }) && entry.attempt == 1, "{entry:?}");
    assert_eq!(write.document.active, None);
}

#[test]
fn it_goes_on_to_its_claim_beside_a_task_that_touches_something_else() {
    let mut look = taken_over();
    look.observe(Observed::ActiveTasks(vec![by_hand(2)]));
    let Next::SaveClaims(claims) = look.next(&policy(), now()) else { panic!("no claim") };
    assert_eq!(claims.claims[&target().hash()].task, TaskName::new(&target().hash(), 1));
}
