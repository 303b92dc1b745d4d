//! What `act` would do for a target, from plan to plan until nothing is left: the tasks as they would be sent, and what gets none.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::control::Pacing;
use crate::decide::{Idle, Plan};
use crate::document::{TargetCause, TargetDocument, counts_of};
use crate::fact::NewTask;
use crate::id::{IdDigest, ResourceId, Target};
use crate::time::Timestamp;

use super::how_long::Paced;

/// What would be done for a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// The target's hash.
    pub target: String,
    /// Where its tasks are opened.
    pub scope: String,
    /// The policy assignment.
    pub assignment: String,
    /// The policy of an initiative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What would hold all of it back now: `planOnly`, `outsideWindow`, `paused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_back: Option<&'static str>,
    /// The digest of the facts that it was planned on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<String>,
    /// What holds for it, where that was read.
    #[serde(skip)]
    pub pacing: Option<Pacing>,
    /// Roles that would be granted first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<PlannedGrant>,
    /// The tasks, one after the other.
    pub tasks: Vec<PlannedTask>,
    /// Why the whole target gets no task, or no further one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<PlannedPark>,
    /// Resources that leave, by the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<&'static str, Vec<String>>,
    /// How many leave with them that are only counted.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped_uncounted: u64,
    /// The scope of which an evaluation would be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<String>,
    /// The task that runs now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// Why the rest waits, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// How many resources still wait then.
    pub waiting: u64,
    /// How many are parked, with the target or by themselves.
    pub parked_resources: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A task that would be opened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedTask {
    /// `listed`, or `wholeScope`.
    pub kind: &'static str,
    /// The resources that it is meant for.
    pub resources: Vec<String>,
    /// The body of the request.
    pub body: Value,
}

/// A role that would be granted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedGrant {
    /// The role definition's id, without its place.
    pub role: String,
    /// Who would get it.
    pub principal: String,
    /// Where.
    pub scope: String,
}

/// A park of the whole target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPark {
    /// Why.
    pub reason: &'static str,
    /// What was found, or the service's own words.
    pub words: String,
    /// How to fix it.
    pub hint: String,
}

/// Why something waits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waits {
    /// The word.
    pub reason: &'static str,
    /// Until when, where that is known.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Forecast {
    /// Of a target of which nothing was planned yet.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        Self {
            target: target.hash().to_string(),
            scope: target.scope.to_string(),
            assignment: target.policy_assignment_id.to_string(),
            reference: target.policy_definition_reference_id.as_ref().map(ToString::to_string),
            held_back: None,
            facts: None,
            pacing: None,
            grants: Vec::new(),
            tasks: Vec::new(),
            parked: None,
            skipped: BTreeMap::new(),
            skipped_uncounted: 0,
            evaluation: None,
            running: None,
            waits: None,
            waiting: 0,
            parked_resources: 0,
        }
    }

    /// Adds what a plan says; `body` is the request of a task.
    pub fn add(&mut self, plan: &Plan, body: impl Fn(&NewTask) -> Value) {
        for skipped in &plan.skipped {
            self.skipped.entry(skipped.reason.as_str()).or_default().push(skipped.resource.to_string());
        }
        self.skipped_uncounted += plan.unlisted;
        self.grants.extend(plan.grants.iter().map(|grant| PlannedGrant {
            role: grant.role.to_string(),
            principal: grant.principal.clone(),
            scope: grant.scope.clone(),
        }));
        self.parked = plan.cause.as_ref().map(park).or(self.parked.take());
        self.evaluation = plan.evaluation.as_ref().map(ToString::to_string).or(self.evaluation.take());
        self.tasks.extend(plan.task.as_ref().map(|task| PlannedTask {
            kind: task.kind.as_str(),
            resources: task.resources.iter().map(ToString::to_string).collect(),
            body: body(task),
        }));
    }

    /// Says how the target stands after all of that.
    pub fn end(&mut self, document: &TargetDocument, idle: Option<Idle>) {
        let counts = counts_of(document);
        (self.waiting, self.parked_resources) = (counts.waiting, counts.parked);
        self.running = document.active.as_ref().map(|active| active.name.to_string());
        let parked = document.parked.as_ref().filter(|_| self.parked.is_none());
        self.parked = self.parked.take().or(parked.map(|park| PlannedPark {
            reason: park.reason.as_str(),
            words: park.words.clone(),
            hint: park.hint.clone(),
        }));
        let waits = counts.waiting > 0 || document.active.is_some();
        self.waits = idle.filter(|_| waits).map(|idle| match idle {
            Idle::NothingDue => Waits { reason: "notDue", until: document.earliest_due() },
            other => Waits { reason: other.as_str(), until: document.wake_at },
        });
    }

    /// What of it waits for its turn in steps, pace and windows.
    #[must_use]
    pub fn paced(&self) -> Option<Paced> {
        let ids = self.tasks.iter().flat_map(|task| &task.resources).filter_map(|id| id.parse::<ResourceId>().ok());
        let resources = ids.map(|id| IdDigest::from(&id)).collect();
        Some(Paced { target: self.target.parse().ok()?, resources, pacing: self.pacing.clone()? })
    }

    /// Resources for which tasks would be opened.
    #[must_use]
    pub fn remediated(&self) -> usize {
        self.tasks.iter().map(|task| task.resources.len()).sum()
    }

    /// Resources that leave.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.skipped_uncounted + self.skipped.values().map(|ids| ids.len() as u64).sum::<u64>()
    }

    /// Calls that would change something.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.tasks.len() + self.grants.len() + usize::from(self.evaluation.is_some())
    }

    /// Whether a person must do something before all of it can be remediated.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.parked.is_some() || self.parked_resources > 0
    }
}

fn park(cause: &TargetCause) -> PlannedPark {
    let hint = cause.hint.clone().unwrap_or_else(|| cause.reason.hint().to_owned());
    PlannedPark { reason: cause.reason.as_str(), words: cause.words.clone(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ParkReason, SkipReason};
    use crate::fixture::{new_task, now, resource, target, tuning, waiting};
    use crate::wave::skipped::Skipped;

    #[test]
    fn a_forecast_is_the_sum_of_its_plans_and_of_what_is_left_after_them() {
        let (mut document, tuning, mut forecast) = (waiting(4), tuning(), Forecast::of(&target()));
        let skipped = vec![Skipped { resource: resource(3), reason: SkipReason::Exempt }];
        for plan in [
            Plan { task: Some(new_task(7, 1)), skipped, ..Plan::default() },
            Plan { task: Some(new_task(8, 2)), unlisted: 5, ..Plan::default() },
        ] {
            forecast.add(&plan, |task| Value::from(task.resources.len()));
            document = plan.carried_out(&document, &tuning, now()).unwrap();
        }
        forecast.end(&document, Some(Idle::Blocked));
        let bodies: Vec<_> = forecast.tasks.iter().map(|task| task.body.clone()).collect();
        assert_eq!((bodies, forecast.remediated(), forecast.writes()), (vec![1.into(), 2.into()], 3, 2));
        assert_eq!((forecast.left(), forecast.waiting), (6, 1));
        assert_eq!(forecast.waits.as_ref().map(|waits| waits.reason), Some("blocked"));
        assert!(!forecast.needs_attention());

        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: "none".to_owned(), hint: None };
        let plan = Plan { cause: Some(cause), ..Plan::default() };
        let mut forecast = Forecast::of(&target());
        forecast.add(&plan, |_| Value::Null);
        forecast.end(&plan.carried_out(&waiting(2), &tuning, now()).unwrap(), None);
        assert_eq!((forecast.waits.as_ref(), forecast.parked_resources, forecast.needs_attention()), (None, 2, true));
    }
}
