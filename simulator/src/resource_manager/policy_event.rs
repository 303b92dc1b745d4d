//! Policy events: one for each time that an evaluation, or a deployment and the evaluation after it, found a resource in another
//! state. Their fields are those of the OpenAPI (policyEvents, 2024-10-01). Who changed the resource nobody here knows.

use super::{
    policy_state::{Evaluation, Subject, Window},
    records::Change,
    world::World,
};
use time::OffsetDateTime;

/// Columns of a policy event.
pub(crate) const COLUMNS: [&str; 28] = [
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
    "tenantId",
    "principalOid",
];

impl World {
    /// The changes that a query concerns, newest first. An exemption is none: nothing was evaluated for it.
    pub(crate) fn changes(&self, subject: &Subject, window: Window, now: OffsetDateTime) -> Vec<Evaluation<'_>> {
        let to = window.to.min(now);
        let concerned = self.records.all.iter().filter(|record| self.concerns(subject, record));
        let mut found: Vec<_> = concerned
            .flat_map(|record| {
                let mut before = None;
                let is_other = move |change: &&Change| before.replace(change.state) != Some(change.state);
                let found = record.shown(to, &self.tempo).into_iter().filter(is_other);
                let within = found.filter(move |change| change.at >= window.from && change.at <= to);
                within.map(move |change| Evaluation { record, change, at: change.at, exempt: false })
            })
            .collect();
        found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.record.key().cmp(b.record.key())));
        found
    }
}
