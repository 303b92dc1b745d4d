//! Values that unit tests share, those of the shell too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::control::{Controls, KnownControls};
use crate::decide::{Answer, Observed, Pass};
use crate::document::{
    ActiveTask, ControlsDocument, EntryState, Installation, InstallationId, PastTask, TargetDocument, TaskKind,
    TaskName, TaskPhase, TaskRequest,
};
use crate::fact::{
    AssignedPolicy, Assignment, Deployment, DeploymentCounts, DeploymentStatus, Facts, Found, NewTask, TaskState,
    TaskStatus,
};
use crate::id::{ResourceId, Target};
use crate::message::{Finding, Observation, WakeUp};
use crate::role::{Home, Rights};
use crate::settings::{Mode, Tuning, settings};
use crate::time::{Timestamp, parse_time};
use crate::transition::observe::merge;

/// The subscription of all that is here.
pub const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

/// The time at which the tests begin.
pub fn now() -> Timestamp {
    parse_time("2026-11-21T07:00:00Z").expect("a time")
}

/// The resource with this number.
pub fn resource(n: usize) -> ResourceId {
    format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a{n:04}").parse().expect("an id")
}

/// What an event saw of a resource.
pub fn seen(seen: Finding, n: usize, at: Timestamp) -> Observation {
    let assignment = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/a").parse().expect("an id");
    Observation::of_event(seen, resource(n), assignment, None, at)
}

/// The target of all of them.
pub fn target() -> Target {
    seen(Finding::NonCompliant, 0, now()).target()
}

/// The assignment of the target: a single policy, enforced, with an identity.
pub fn assignment() -> Assignment {
    let policy = AssignedPolicy::Definition("d".to_owned());
    Assignment {
        principal: Some("aaaaaaaa-0000-4000-8000-000000000001".into()),
        ..Assignment::plain(target().policy_assignment_id.to_string(), policy)
    }
}

/// What is known of it, read now.
pub fn facts() -> Facts {
    facts_of(assignment())
}

/// What is known where the assignment is this one.
pub fn facts_of(assignment: Assignment) -> Facts {
    Facts { assignment: Found::There(assignment), ..Facts::without_assignment(Found::Gone, now()) }
}

/// The installation that tests.
pub fn installation() -> InstallationId {
    "tests".parse().expect("a name")
}

/// An identity that has all that its policy asks for.
pub fn rights() -> Rights {
    Rights {
        home: Home::Ours,
        required: Found::There(Vec::new()),
        principal: Some("aaaaaaaa-0000-4000-8000-000000000001".to_owned()),
        holder: target().policy_assignment_id.to_string(),
        assignments: Found::There(Vec::new()),
        preauthorised: None,
        denials: Found::There(Vec::new()),
        definitions: BTreeMap::new(),
        read_at: now(),
    }
}

/// A pass of this installation that knows the rights of the identity already.
pub fn pass_over(wake_up: &WakeUp) -> Pass {
    let mut pass = Pass::new(wake_up, Installation { id: installation(), copied: None });
    pass.observe(Observed::Answer(Answer::Rights(rights())));
    pass.observe(Observed::Controls(nothing_paused()));
    pass
}

/// Nothing is paused, for as long as a test runs.
pub fn nothing_paused() -> KnownControls {
    let controls = Arc::new(Controls::Read(ControlsDocument::default()));
    KnownControls { controls, asked: Duration::from_secs(u64::from(u32::MAX)) }
}

/// The settings of tests: the defaults, in act mode.
pub fn tuning() -> Tuning {
    Tuning { mode: Mode::Act, first_steps: Vec::new(), max_per_day: None, ..Tuning::default() }
}

/// The same with one setting as the environment gives it.
pub fn tuning_with(name: &str, value: &str) -> Tuning {
    let read = settings([
        ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net"),
        ("STATE_BLOB_ENDPOINT", "https://a.blob.core.windows.net"),
        ("REMEDIATION_MODE", "act"),
        ("FIRST_STEPS", "off"),
        ("MAX_RESOURCES_PER_DAY", "none"),
        (name, value),
    ]);
    read.expect("a setting that is allowed").tuning
}

/// A target of which so many resources wait and are due, having been seen two hours ago.
pub fn waiting(count: usize) -> TargetDocument {
    let mut document = TargetDocument::new(target());
    for n in 0..count {
        merge(&mut document, &seen(Finding::NonCompliant, n, now() - Duration::from_secs(7_200)), &tuning(), now());
    }
    document
}

/// The same, all in its open task.
pub fn in_task(count: usize) -> TargetDocument {
    let mut document = waiting(count);
    document.resources.values_mut().for_each(|e| e.state = EntryState::InTask);
    let name = TaskName::new(&installation(), &document.target.hash(), 1);
    document.active = Some(ActiveTask::new(name, TaskKind::Listed, TaskPhase::Open, now(), now()));
    document
}

/// A task of the target for so many of its resources.
pub fn new_task(sequence: u64, count: usize) -> NewTask {
    NewTask {
        name: TaskName::new(&installation(), &target().hash(), sequence),
        target: target(),
        kind: TaskKind::Listed,
        resources: (0..count).map(resource).collect(),
        request: TaskRequest {
            reference: None,
            parallel_deployments: 10,
            failure_threshold: 1.0,
            locations: BTreeSet::new(),
        },
    }
}

/// A task that has ended now.
pub fn past_task(name: TaskName) -> PastTask {
    let state = "Succeeded".to_owned();
    PastTask { name, state, opened_at: now(), ended_at: now(), fixed: 1, unfixed: 0, seen_to: false }
}

/// A task that stands so.
pub fn status(state: TaskState) -> TaskStatus {
    TaskStatus { state, word: format!("{state:?}"), created_on: None, deployments: DeploymentCounts::default() }
}

/// The deployment to a resource; it ended a minute ago.
pub fn deployment(n: usize, status: DeploymentStatus) -> Deployment {
    Deployment { resource: resource(n).as_str().to_owned(), status, ended: Some(now() - Duration::from_secs(60)) }
}

/// A deployment that failed with this code.
pub fn failed(code: &str) -> DeploymentStatus {
    DeploymentStatus::Failed { code: code.to_owned(), message: "words".to_owned() }
}
