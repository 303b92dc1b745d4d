//! Policy states: which of them a query concerns and what one looks like as a row. Field forms follow recorded answers:
//! lower-case ids, the effective effect in lower case, "tbd" for tags, "" for what is missing.

use super::{
    error::ArmError,
    records::{Change, Record},
    world::World,
};
use crate::estate::{ArmId, ComplianceState, Scope, instant_text, is_same};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

/// Columns of a policy state, in the order of recorded answers; all can be filtered, selected and ordered by.
pub(crate) const COLUMNS: [&str; 31] = [
    "timestamp",
    "resourceId",
    "policyAssignmentId",
    "policyDefinitionId",
    "effectiveParameters",
    "isCompliant",
    "subscriptionId",
    "resourceType",
    "resourceLocation",
    "resourceGroup",
    "resourceTags",
    "policyAssignmentName",
    "policyAssignmentOwner",
    "policyAssignmentParameters",
    "policyAssignmentScope",
    "policyDefinitionName",
    "policyDefinitionAction",
    "policyDefinitionCategory",
    "policySetDefinitionId",
    "policySetDefinitionName",
    "policySetDefinitionOwner",
    "policySetDefinitionCategory",
    "policySetDefinitionParameters",
    "managementGroupIds",
    "policyDefinitionReferenceId",
    "complianceState",
    "policyDefinitionGroupNames",
    "policyDefinitionVersion",
    "policySetDefinitionVersion",
    "policyAssignmentVersion",
    "complianceReasonCode",
];

/// What a query is about.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Resources in here.
    pub(crate) scope: ArmId,
    /// Only under this assignment, definition or initiative.
    pub(crate) policy: Option<ArmId>,
}

/// One evaluation of a record.
pub(crate) struct Evaluation<'a> {
    pub(crate) record: &'a Record,
    pub(crate) change: &'a Change,
    pub(crate) at: OffsetDateTime,
    /// Whether an exemption holds for it now.
    pub(crate) exempt: bool,
}

impl Evaluation<'_> {
    /// What the state shows: an exemption that was made since the evaluation counts at once.
    fn state(&self) -> ComplianceState {
        if self.exempt { ComplianceState::Exempt } else { self.change.state }
    }
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: OffsetDateTime,
    pub(crate) to: OffsetDateTime,
}

impl World {
    /// Reads the scope of a query: a management group, subscription, resource group or resource, or a policy's id at a
    /// subscription (assignments also at a resource group).
    pub(crate) fn subject(&self, scope: &ArmId) -> Result<Subject, ArmError> {
        let kind = scope.resource_type().unwrap_or_default().to_lowercase();
        let parent = scope.parent_scope();
        let is_policy = matches!(
            kind.as_str(),
            "microsoft.authorization/policyassignments"
                | "microsoft.authorization/policydefinitions"
                | "microsoft.authorization/policysetdefinitions"
        );
        if !is_policy {
            return match self.check_scope(scope)? {
                Scope::Tenant => Err(ArmError::invalid_type("Microsoft.PolicyInsights", "policyStates", "")),
                _ => Ok(Subject { scope: scope.clone(), policy: None }),
            };
        }
        match self.check_scope(&parent)? {
            Scope::Subscription(_) => {}
            Scope::ResourceGroup(..) if kind.ends_with("policyassignments") => {}
            _ => return Err(ArmError::path_not_found(scope.as_str())),
        }
        let exists = self.estate.assignment(scope).is_some()
            || self.estate.definition(scope).is_some()
            || self.estate.initiative(scope).is_some();
        // Built-in definitions are asked for under the subscription but live at the tenant.
        let at_tenant = scope
            .lower()
            .strip_prefix(parent.lower())
            .map(ArmId::new)
            .filter(|id| !exists && (self.estate.definition(id).is_some() || self.estate.initiative(id).is_some()));
        Ok(Subject { scope: parent, policy: Some(at_tenant.unwrap_or_else(|| scope.clone())) })
    }

    /// The evaluations that a query concerns, newest first: the last one of each record in the window, or all of them.
    pub(crate) fn evaluations(
        &self,
        subject: &Subject,
        window: Window,
        latest: bool,
        now: OffsetDateTime,
    ) -> Vec<Evaluation<'_>> {
        self.evaluations_where(window, latest, now, |record| self.concerns(subject, record))
    }

    /// The same of the records that somebody is interested in.
    pub(crate) fn evaluations_where(
        &self,
        window: Window,
        latest: bool,
        now: OffsetDateTime,
        concerns: impl Fn(&Record) -> bool,
    ) -> Vec<Evaluation<'_>> {
        let mut found = Vec::new();
        for record in &self.records.all {
            if !concerns(record) {
                continue;
            }
            let shown = record.shown(window.to.min(now), &self.tempo);
            let exempt = self.estate.is_exempt(record.key(), now);
            let mut nexts: Vec<OffsetDateTime> = shown.iter().skip(1).map(|change| change.at).collect();
            nexts.push(window.to.min(now));
            let last = shown.len().saturating_sub(1);
            for (place, (change, until)) in shown.into_iter().zip(nexts).enumerate() {
                if latest && place != last {
                    continue;
                }
                let times = self.evaluated_at(change.at, until, window, latest, place == last);
                found.extend(times.into_iter().map(|at| Evaluation { record, change, at, exempt }));
            }
        }
        found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.record.key().cmp(b.record.key())));
        found
    }

    /// The named columns of a row, so that a filter over many states costs only what it looks at.
    pub(crate) fn row(&self, evaluation: &Evaluation<'_>, columns: &[&str]) -> Map<String, Value> {
        columns.iter().map(|column| ((*column).to_owned(), self.cell(evaluation, column))).collect()
    }

    fn cell(&self, evaluation: &Evaluation<'_>, column: &str) -> Value {
        let Evaluation { record, change, at, .. } = evaluation;
        let key = record.key();
        let reference = key.reference.as_deref();
        let assignment = || self.estate.assignment(&key.assignment);
        let definition = || self.estate.definition_of(assignment()?, reference);
        let initiative = || self.estate.initiative_of(assignment()?);
        match column {
            "timestamp" => instant_text(*at).into(),
            "resourceId" => key.resource.lower().into(),
            "policyAssignmentId" => key.assignment.lower().into(),
            "policyDefinitionId" => definition().map(|one| one.id.lower()).unwrap_or_default().into(),
            "isCompliant" => (evaluation.state() != ComplianceState::NonCompliant).into(),
            "subscriptionId" => key.resource.subscription().unwrap_or_default().into(),
            "resourceType" => key.resource.resource_type().unwrap_or_default().into(),
            "resourceLocation" => record.location.as_str().into(),
            "resourceGroup" => key.resource.resource_group().unwrap_or_default().into(),
            "resourceTags" | "policyAssignmentOwner" | "policyDefinitionCategory" => "tbd".into(),
            "policyAssignmentName" => key.assignment.name().into(),
            "policyAssignmentParameters" => {
                let given = assignment().map(|one| one.parameters.clone()).unwrap_or_default();
                if given.is_empty() {
                    return "".into();
                }
                let wrapped = given.into_iter().map(|(name, value)| (name, json!({ "value": value })));
                Value::Object(wrapped.collect()).to_string().into()
            }
            "policyAssignmentScope" => key.assignment.parent_scope().as_str().into(),
            "policyDefinitionName" => definition().map(|one| one.id.name()).unwrap_or_default().into(),
            "policyDefinitionAction" => {
                let effect =
                    assignment().and_then(|one| self.estate.effective_effect(one, reference, Some(&record.location)));
                effect.unwrap_or_default().into()
            }
            "policySetDefinitionId" => initiative().map(|one| one.id.as_str()).unwrap_or_default().into(),
            "policySetDefinitionName" => initiative().map(|one| one.id.name()).unwrap_or_default().into(),
            "managementGroupIds" => {
                self.group_names_above(key.resource.subscription().unwrap_or_default()).join(",").into()
            }
            "policyDefinitionReferenceId" => reference.unwrap_or_default().into(),
            "complianceState" => evaluation.state().name().into(),
            "policyDefinitionGroupNames" => json!([""]),
            "policyDefinitionVersion" => definition().map(|one| one.version.as_str()).unwrap_or_default().into(),
            "policySetDefinitionVersion" => initiative().map(|one| one.version.as_str()).unwrap_or_default().into(),
            "complianceReasonCode" => change.reason.as_str().into(),
            "tenantId" => {
                let subscription = self.estate.subscription(key.resource.subscription().unwrap_or_default());
                subscription.map(|one| one.tenant.as_str()).unwrap_or_default().into()
            }
            // What the service leaves empty: owners, categories and parameters that nobody fills.
            _ => "".into(),
        }
    }

    /// The management groups above a subscription, nearest first, up to the root group, which has the name of its tenant.
    fn group_names_above(&self, subscription: &str) -> Vec<&str> {
        let above = self.estate.groups_above(subscription);
        let root = self.estate.subscription(subscription).map(|found| found.tenant.as_str());
        let root = root.filter(|tenant| above.last().is_none_or(|group| !is_same(&group.name, tenant)));
        above.iter().map(|group| group.name.as_str()).chain(root).collect()
    }

    pub(super) fn concerns(&self, subject: &Subject, record: &Record) -> bool {
        let key = record.key();
        // Of many thousand records most lie elsewhere, and that is told at once.
        if subject.scope.subscription().is_some() && !key.resource.is_within(&subject.scope) {
            return false;
        }
        let Some(assignment) = self.estate.assignment(&key.assignment) else { return false };
        if !self.estate.covers(&subject.scope, &key.resource) || !self.estate.applies(assignment, &key.resource) {
            return false;
        }
        let Some(policy) = &subject.policy else { return true };
        assignment.id == *policy
            || assignment.definition == *policy
            || self.estate.definition_of(assignment, key.reference.as_deref()).is_some_and(|one| one.id == *policy)
    }

    /// When a state that began at `since` and held until `until` was evaluated, within the window: at its beginning and
    /// once a cycle after. Only the last time when only the latest state counts.
    fn evaluated_at(
        &self,
        since: OffsetDateTime,
        until: OffsetDateTime,
        window: Window,
        latest: bool,
        includes_end: bool,
    ) -> Vec<OffsetDateTime> {
        let cycle = Duration::try_from(self.tempo.evaluation_cycle).unwrap_or(Duration::MAX).max(Duration::SECOND);
        let cycles = |to: OffsetDateTime| -> i64 {
            let passed = (to - since).whole_milliseconds() / cycle.whole_milliseconds().max(1);
            i64::try_from(passed.max(0)).unwrap_or(0)
        };
        let nth = |n: i64| {
            since.checked_add(Duration::milliseconds(
                i64::try_from(cycle.whole_milliseconds()).unwrap_or(i64::MAX).saturating_mul(n),
            ))
        };
        let last = cycles(until);
        let first = if latest { last } else { cycles(window.from) };
        (first..=last)
            .filter_map(nth)
            .filter(|at| *at >= window.from && *at <= window.to)
            .filter(|at| *at < until || (includes_end && *at <= until))
            .collect()
    }
}
