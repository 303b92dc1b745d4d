//! The estate of a scenario and its events: what the file says, made into what the local Azure and Event Grid take.

use std::collections::HashSet;

use anyhow::{Context, ensure};
use serde_json::Value;
use simulator::estate::{
    ArmId, Attempt, ComplianceState, Estate, EventKind, Failure, PolicyEvent, RecordKey, derive, lower,
};
use time::{Duration, OffsetDateTime};

use super::acting::let_all_act;
use super::assigned::{assign, made_up};
use super::format::{Base, Deployments, Ending, EventSchema, Resource, Scenario, Sent, State};
use super::rights::enter;
use crate::{Burst, burst};

/// The estate and the events of the start.
pub(super) struct Land {
    pub(super) estate: Estate,
    pub(super) events: Vec<Value>,
}

/// Makes them, as found before `now`.
///
/// # Errors
/// When the file names what is not there.
pub(super) fn land(scenario: &Scenario, now: OffsetDateTime) -> anyhow::Result<Land> {
    let mut events = sent(&scenario.resources, now);
    events.extend(scenario.events.iter().cloned());
    let mut estate = match scenario.estate {
        Base::Events => derived(scenario, now),
        Base::Sample => {
            ensure!(scenario.resources.is_empty(), "the sample estate has its own resources: leave 'resources' out");
            crate::estate(now)
        }
    };
    if scenario.estate == Base::Sample && events.is_empty() {
        events = burst(&estate, Burst::default());
    }
    for spec in &scenario.assignments {
        assign(&mut estate, spec).with_context(|| format!("assignments: {}", spec.id))?;
    }
    if let Some(rights) = &scenario.rights {
        estate = enter(estate, rights)?;
    }
    for subscription in &mut estate.subscriptions {
        subscription.unregistered.clone_from(&scenario.unregistered);
    }
    script(&mut estate, &scenario.deployments)?;
    Ok(Land { estate, events })
}

/// The events about resources, at their own time before `now`.
pub(super) fn sent(resources: &[Resource], now: OffsetDateTime) -> Vec<Value> {
    let told = resources.iter().filter(|resource| resource.event != Sent::None);
    told.flat_map(|resource| told_of(resource, now)).collect()
}

/// The estate of all events, and of what no event is sent about. What the start tells of a resource counts; later events tell of the
/// resources that the start does not know, which are there all the time.
fn derived(scenario: &Scenario, now: OffsetDateTime) -> Estate {
    let silent = scenario.resources.iter().filter(|resource| resource.event == Sent::None);
    let mut first = sent(&scenario.resources, now);
    first.extend(silent.flat_map(|resource| told_of(resource, now)));
    first.extend(scenario.events.iter().cloned());
    let later = scenario.later.iter().flat_map(|step| {
        step.resources.iter().flat_map(move |resource| told_of(resource, now)).chain(step.events.iter().cloned())
    });
    let mut all = first.clone();
    all.extend(later);
    let (mut estate, start) = (derive(&all), derive(&first));
    for record in &mut estate.records {
        if let Some(known) = start.record(&record.key) {
            *record = known.clone();
        }
    }
    // What the start knows of without a record has had its state deleted.
    let known = keys(&first);
    estate.records.retain(|record| !known.contains(&record.key) || start.record(&record.key).is_some());
    let_all_act(&mut estate);
    estate
}

/// What some events are about.
fn keys(events: &[Value]) -> HashSet<RecordKey> {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let key = |event: &Value| {
        let data = &event["data"];
        let reference = text(data, "policyDefinitionReferenceId");
        RecordKey::new(text(event, "subject"), text(data, "policyAssignmentId"), Some(reference.as_str()))
    };
    events.iter().map(key).collect()
}

fn told_of(resource: &Resource, now: OffsetDateTime) -> impl Iterator<Item = Value> + use<'_> {
    let at = now - Duration::seconds_f64(resource.seconds_ago);
    (0..resource.count).map(move |number| event(resource, number, at + Duration::microseconds(number as i64)))
}

/// The event as Azure would send it; the reference id keeps the casing of the file.
fn event(resource: &Resource, number: usize, at: OffsetDateTime) -> Value {
    let reference = resource.reference.as_deref().unwrap_or_default();
    let id = resource.id.replace("{n}", &number.to_string());
    let key = RecordKey::new(id, resource.assignment.as_str(), Some(reference));
    let kind = match resource.event {
        Sent::Created => EventKind::Created,
        Sent::Changed | Sent::None => EventKind::Changed,
        Sent::Deleted => EventKind::Deleted,
    };
    let mut event = PolicyEvent::new(&Estate::default(), &key, resource.state.on_the_wire(), at, kind);
    event.definition = match &resource.definition {
        Some(id) => ArmId::new(id),
        None => made_up(&key.assignment, reference),
    };
    let mut wire = match resource.schema {
        EventSchema::EventGrid => event.event_grid(),
        EventSchema::CloudEvents => event.cloud_event(),
    };
    wire["data"]["policyDefinitionReferenceId"] = reference.into();
    wire
}

fn script(estate: &mut Estate, deployments: &[Deployments]) -> anyhow::Result<()> {
    let mut hits = vec![0; deployments.len()];
    for record in &mut estate.records {
        let fits = |one: &Deployments| {
            let holds = |id: &ArmId, part: &str| id.lower().contains(&lower(part));
            holds(&record.key.resource, &one.of) && holds(&record.key.assignment, &one.under)
        };
        if let Some(place) = deployments.iter().position(fits) {
            record.script = deployments[place].end.iter().map(attempt).collect();
            hits[place] += 1;
        }
    }
    for (one, hits) in deployments.iter().zip(hits) {
        ensure!(hits > 0, "deployments: no resource is left for 'of': {}, 'under': {}", one.of, one.under);
    }
    Ok(())
}

fn attempt(end: &Ending) -> Attempt {
    match end {
        Ending::Succeed => Attempt::Succeed,
        Ending::Fail(failure) => Attempt::Fail(error(failure)),
    }
}

fn error(failure: &super::format::Failure) -> Failure {
    let details = failure.details.iter().map(error).collect();
    Failure { code: failure.code.clone(), message: failure.message.clone(), details }
}

impl State {
    pub(super) fn on_the_wire(self) -> ComplianceState {
        match self {
            Self::NonCompliant => ComplianceState::NonCompliant,
            Self::Compliant => ComplianceState::Compliant,
            Self::Exempt => ComplianceState::Exempt,
            Self::Unknown => ComplianceState::Unknown,
        }
    }
}

#[cfg(test)]
#[path = "land_tests.rs"]
mod tests;
