//! Takes in how a task ended, resource by resource. The list of deployments is believed, not the task's counters, which lag.

mod resource_outcome;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::document::{
    ActiveTask, DeploymentsCursor, Entry, EntryState, FailureClass, LastFailure, ParkReason, PastTask, TargetCause,
    TargetDocument,
};
use crate::fact::{Deployment, DeploymentStatus, TaskState, TaskStatus};
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::listing;
use crate::transition::settle::resource_outcome::{ResourceOutcome, canceled};

use super::listing::UnlistedOutcome;
use super::of_subscription::learn_of_subscription;
use super::park_target::{learn_of_permission, park_target, refusal};
use super::policy_fails::learn_of_policy;

/// Takes in the outcome of the active task. Afterwards the target has none.
pub fn settle(
    document: &mut TargetDocument,
    status: &TaskStatus,
    deployments: &[Deployment],
    tuning: &Tuning,
    now: Timestamp,
) {
    settle_where(document, status, deployments, None, false, tuning, now);
}

/// The same of a part, where nothing is known of other groups.
#[cfg(test)]
pub(crate) fn settle_page(
    document: &mut TargetDocument,
    status: &TaskStatus,
    deployments: &[Deployment],
    next: Option<String>,
    tuning: &Tuning,
    now: Timestamp,
) {
    settle_where(document, status, deployments, next, false, tuning, now);
}

/// Takes in a part of the list of the active task's deployments; `next` leads to the rest. Without a rest the task is done
/// with, and what no part told of was not in its list. `elsewhere`: resources of another group do not comply either, so that
/// a want of permission in one group alone says nothing of the target.
pub(crate) fn settle_where(
    document: &mut TargetDocument,
    status: &TaskStatus,
    deployments: &[Deployment],
    next: Option<String>,
    elsewhere: bool,
    tuning: &Tuning,
    now: Timestamp,
) {
    let Some(mut active) = document.active.take() else { return };
    let so_far = active.reading.take().unwrap_or_default();
    let of_this_run: Vec<_> = deployments.iter().filter(|one| is_of_this_run(one, status, tuning)).cloned().collect();
    let deployments = &of_this_run[..];
    let no_deployments = deployments.is_empty() && so_far == DeploymentsCursor::default();
    let only_refusals = so_far.only_refusals && deployments.iter().all(|deployment| refusal(deployment).is_some());
    if only_refusals && next.is_none() && !elsewhere {
        learn_of_permission(document, deployments, tuning, now);
    }
    let is_parked = document.parked.is_some();
    let beyond = if active.kind.is_whole() {
        listing::list_failures(document, deployments, tuning, now)
    } else {
        UnlistedOutcome::default()
    };
    let by_resource: HashMap<&str, &Deployment> = deployments.iter().map(|d| (d.resource.as_str(), d)).collect();
    let canary = document.canary.as_deref();
    let (mut fixed, mut unfixed) = (so_far.fixed + beyond.fixed, so_far.unfixed + beyond.unfixed);
    for (id, entry) in &mut document.resources {
        let deployment = by_resource.get(id.as_str()).copied();
        let is_in_it = match entry.state {
            EntryState::InTask => next.is_none() || deployment.is_some(),
            // A task for the whole scope may have taken what was seen only after it had begun.
            EntryState::Waiting { .. } => {
                active.kind.is_whole() && entry.attempt == 1 && deployment.is_some_and(|d| says_more(d, entry))
            }
            EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => false,
        };
        if !is_in_it {
            continue;
        }
        let was_refused = entry.is_refused();
        let works = deployment.is_some_and(|d| d.status == DeploymentStatus::Succeeded);
        fixed += usize::from(works);
        unfixed += usize::from(!works && !was_refused);
        let refusal = deployment.and_then(refusal).filter(|_| only_refusals && next.is_some());
        if let Some(words) = refusal {
            // The rest of the list tells whether this is the resource's own matter or the target's.
            entry.state = EntryState::InTask;
            entry.last_failure =
                Some(LastFailure { class: Some(FailureClass::Permission), words, ..LastFailure::default() });
            continue;
        }
        // A person who canceled is obeyed for what was not begun, whatever the rest has met.
        if is_parked && (deployment.is_some() || was_refused || status.state != TaskState::Canceled) {
            entry.state = EntryState::Waiting { due: now };
            entry.last_failure.take_if(|_| was_refused);
            entry.seen_in_task = None;
            continue;
        }
        let ending = ResourceOutcome { id, task: &active, status, no_deployments, canary, tuning, now };
        match deployment.map(|d| (&d.status, d.ended.unwrap_or(now))) {
            Some((DeploymentStatus::Succeeded, ended)) => ending.fixed(entry, ended),
            Some((DeploymentStatus::Failed { code, message }, ended)) => ending.failed(entry, code, message, ended),
            Some((DeploymentStatus::Open, _)) | None if was_refused => ending.refused(entry),
            Some((DeploymentStatus::Open, _)) | None => ending.untouched(entry),
        }
    }
    if let Some(next) = next {
        document.active =
            Some(ActiveTask { reading: Some(DeploymentsCursor { next, fixed, unfixed, only_refusals }), ..active });
        return;
    }
    if active.kind.is_whole() {
        listing::whole_scope_done(document, tuning, now);
        if status.state == TaskState::Canceled && !active.canceling {
            let words = canceled(&active);
            park_target(
                document,
                &TargetCause { reason: ParkReason::Canceled, class: None, words, hint: None },
                tuning,
                now,
            );
        }
    }
    learn_of_subscription(document, active.opened_at, (fixed, unfixed), tuning, now);
    learn_of_policy(document, active.opened_at, (fixed, unfixed), tuning, now);
    document.history.push(PastTask {
        name: active.name,
        state: status.word.clone(),
        opened_at: active.opened_at,
        ended_at: now,
        fixed,
        unfixed,
        seen_to: false,
    });
    let surplus = document.history.len().saturating_sub(PastTask::MOST);
    document.history.drain(..surplus);
}

/// Whether the deployment is of this run of the task. One that was started anew under its name, as after a restore of the state, may list
/// what was done before it, and that says nothing of now. Both times are Azure's.
fn is_of_this_run(deployment: &Deployment, status: &TaskStatus, tuning: &Tuning) -> bool {
    let times = deployment.ended.zip(status.created_on);
    times.is_none_or(|(ended, created)| ended + tuning.clock_tolerance >= created)
}

/// Whether the deployment ended, and later than the evaluation that the entry knows.
fn says_more(deployment: &Deployment, entry: &Entry) -> bool {
    deployment.status != DeploymentStatus::Open && deployment.ended.is_some_and(|ended| ended >= entry.observed_at)
}
