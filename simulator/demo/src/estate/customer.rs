//! A customer in the demo's estate: a subscription of another tenant, delegated through Azure Lighthouse. One assignment is ready, one lacks a
//! role that the template lets the worker grant, and one a role that the template does not have.

use time::{Duration, OffsetDateTime};

use simulator::estate::{Assignment, ComplianceRecord, Definition, Estate, RecordKey};
use simulator::rights::{Authorization, Delegation};

use crate::rights::{RESOURCE_POLICY_CONTRIBUTOR, WORKER};

const TENANT: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";
const SUBSCRIPTION: &str = "b7a3c2d1-6f0e-4a55-8d8f-2f4f0b1c9e77";
const DELEGATION: &str = "5c1c6f0e-0b7c-4c39-9d5c-7f3f1a1d7b54";
const TAG_CONTRIBUTOR: &str = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";
const LOG_ANALYTICS_CONTRIBUTOR: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
const MONITORING_CONTRIBUTOR: &str = "749f88d5-cbae-40b8-bcfc-e573ddc772fa";
/// Each assignment: its name, the role that its policy asks for, whether its identity has that, and how many resources it has.
const ASSIGNMENTS: [(&str, &str, bool, usize); 3] = [
    ("Tags", TAG_CONTRIBUTOR, true, 8),
    ("Logs", LOG_ANALYTICS_CONTRIBUTOR, false, 2),
    ("Alerts", MONITORING_CONTRIBUTOR, false, 2),
];

/// The estate with the customer.
pub(super) fn with_customer(mut estate: Estate, now: OffsetDateTime) -> Estate {
    let scope = format!("/subscriptions/{SUBSCRIPTION}");
    let group = "/providers/Microsoft.Management/managementGroups/fabrikam";
    let home = estate.home_tenant.clone();
    estate = estate
        .with_foreign_group("fabrikam", None, TENANT)
        .with_delegated_subscription(SUBSCRIPTION, "Fabrikam", TENANT)
        .below("fabrikam");
    let delegation = Delegation::new(DELEGATION, "Policy remediation", scope.as_str(), &home)
        .with(Authorization::new(WORKER, "Policy remediator", RESOURCE_POLICY_CONTRIBUTOR))
        .with(Authorization::to_grant(WORKER, "Policy remediator", &[LOG_ANALYTICS_CONTRIBUTOR]));
    estate.access.delegations.push(delegation);
    for (name, role, has_role, count) in ASSIGNMENTS {
        let definition = format!("{group}/providers/Microsoft.Authorization/policyDefinitions/{name}");
        let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
        let assigned =
            Assignment::new(&scope, name, definition.as_str()).with_system_identity(name, TENANT, "westeurope");
        let assigned = if has_role { assigned } else { assigned.without_roles() };
        for place in 0..count {
            let resource = format!(
                "{scope}/resourceGroups/Shop-{}/providers/Microsoft.Storage/storageAccounts/stfabrikam{name}{place}",
                place % 2
            );
            let key = RecordKey::new(resource, assigned.id.as_str(), None);
            let seen = now - Duration::minutes(25) - Duration::seconds(place as i64);
            estate = estate.with_record(ComplianceRecord::non_compliant(key, seen));
        }
        estate = estate
            .with_definition(Definition::new(definition.as_str(), "DeployIfNotExists").with_role(&role))
            .with_assignment(assigned);
    }
    estate
}
