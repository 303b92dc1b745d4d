//! What is known of compliance over time: each record of the estate with the changes that deployments, people and
//! resources' ends brought. Changes may lie in the future: a deployment's end is known when it is laid out.

use super::{Tempo, task::DiscoveryMode};
use crate::estate::{ArmId, Attempt, ComplianceRecord, ComplianceState, Estate, RecordKey, Step, lower};
use std::collections::HashMap;
use time::OffsetDateTime;

/// Why a state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// An evaluation found it so.
    Evaluation,
    /// A deployment made it so.
    Deployment,
}

/// A change of state.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) at: OffsetDateTime,
    pub(crate) state: ComplianceState,
    pub(crate) reason: String,
    pub(crate) cause: Cause,
}

/// One resource under one policy, through time.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) origin: ComplianceRecord,
    pub(crate) location: String,
    /// Ordered by time, never empty.
    changes: Vec<Change>,
    /// Deployments so far, laid out ones included, and evaluations, each with its end.
    steps: Vec<(Step, OffsetDateTime)>,
    pub(crate) gone_at: Option<OffsetDateTime>,
}

impl Record {
    pub(crate) fn key(&self) -> &RecordKey {
        &self.origin.key
    }

    /// All changes, in their order, those to come too.
    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The change that holds at `at`; `None` before the first evaluation and after the resource's end.
    pub(crate) fn at(&self, at: OffsetDateTime) -> Option<&Change> {
        if self.gone_at.is_some_and(|gone| gone <= at) {
            return None;
        }
        self.changes.iter().rev().find(|change| change.at <= at)
    }

    /// Every change that policy states show at `now`, oldest first, with the time from which on it holds. What a
    /// deployment changed is shown late by the lag of policy states.
    pub(crate) fn shown(&self, now: OffsetDateTime, tempo: &Tempo) -> Vec<&Change> {
        if self.gone_at.is_some_and(|gone| gone <= now) {
            return Vec::new();
        }
        let visible = |change: &&Change| match change.cause {
            Cause::Evaluation => change.at <= now,
            Cause::Deployment => change.at + tempo.states_lag <= now,
        };
        self.changes.iter().filter(visible).collect()
    }

    /// How a further deployment ends, by a task of this mode.
    pub(crate) fn outcome(&self, mode: DiscoveryMode) -> Attempt {
        self.origin.outcome(self.steps.iter().map(|(step, _)| *step).chain([deployment(mode)]))
    }

    /// How many deployments there were, laid out ones included.
    pub(crate) fn deployments(&self) -> usize {
        self.steps.iter().filter(|(step, _)| *step != Step::Evaluation).count()
    }

    /// A task of this mode deploys to it until `ends_at`.
    pub(crate) fn deploy(&mut self, mode: DiscoveryMode, ends_at: OffsetDateTime) {
        self.steps.push((deployment(mode), ends_at));
    }

    /// The last deployment is not made after all.
    pub(crate) fn undeploy(&mut self) {
        if let Some(place) = self.steps.iter().rposition(|(step, _)| *step != Step::Evaluation) {
            self.steps.remove(place);
        }
    }

    /// An evaluation that began at `began_at` has found it in this state at `at`. What ended later it says nothing of.
    pub(crate) fn evaluated(
        &mut self,
        state: ComplianceState,
        reason: String,
        began_at: OffsetDateTime,
        at: OffsetDateTime,
    ) {
        self.add(Change { at, state, reason, cause: Cause::Evaluation });
        if self.steps.last().is_none_or(|(_, ended)| *ended <= began_at) {
            self.steps.push((Step::Evaluation, at));
        }
    }

    pub(crate) fn add(&mut self, change: Change) {
        let place = self.changes.partition_point(|known| known.at <= change.at);
        self.changes.insert(place, change);
    }

    /// Takes back what a deployment would have brought at `at`.
    pub(crate) fn take_back(&mut self, at: OffsetDateTime) {
        self.remove(at, Cause::Deployment);
    }

    /// Takes back what an evaluation would have found at `at`.
    pub(crate) fn take_back_evaluation(&mut self, at: OffsetDateTime) {
        self.remove(at, Cause::Evaluation);
    }

    fn remove(&mut self, at: OffsetDateTime, cause: Cause) {
        let found = self.changes.iter().rposition(|change| change.at == at && change.cause == cause);
        if let Some(place) = found {
            self.changes.remove(place);
        }
    }
}

fn deployment(mode: DiscoveryMode) -> Step {
    Step::Deployment { anew: mode == DiscoveryMode::ReEvaluateCompliance }
}

/// All records, found by key and by target.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) all: Vec<Record>,
    by_key: HashMap<RecordKey, usize>,
    by_target: HashMap<(ArmId, Option<String>), Vec<usize>>,
}

impl Records {
    pub(crate) fn of(estate: &Estate) -> Self {
        let locations: HashMap<&ArmId, &str> =
            estate.resources.iter().map(|resource| (&resource.id, resource.location.as_str())).collect();
        let mut records = Self::default();
        for origin in &estate.records {
            if records.by_key.contains_key(&origin.key) {
                continue;
            }
            let index = records.all.len();
            records.by_key.insert(origin.key.clone(), index);
            let target = (origin.key.assignment.clone(), origin.key.reference.clone());
            records.by_target.entry(target).or_default().push(index);
            records.all.push(Record {
                origin: origin.clone(),
                location: locations.get(&origin.key.resource).copied().unwrap_or_default().to_owned(),
                changes: vec![Change {
                    at: origin.evaluated_at,
                    state: origin.state,
                    reason: origin.reason.clone(),
                    cause: Cause::Evaluation,
                }],
                steps: Vec::new(),
                gone_at: None,
            });
        }
        records
    }

    pub(crate) fn index(&self, key: &RecordKey) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn find(
        &self,
        resource: &ArmId,
        assignment: &ArmId,
        reference: Option<&str>,
    ) -> Option<(usize, &Record)> {
        let index = self.index(&RecordKey::new(resource.clone(), assignment.clone(), reference))?;
        Some((index, self.all.get(index)?))
    }

    pub(crate) fn of_target(
        &self,
        assignment: &ArmId,
        reference: Option<&str>,
    ) -> impl Iterator<Item = (usize, &Record)> {
        let target = (assignment.clone(), reference.map(lower));
        let indexes = self.by_target.get(&target).map(Vec::as_slice).unwrap_or_default();
        indexes.iter().filter_map(|index| Some((*index, self.all.get(*index)?)))
    }
}
