//! The estate of the demo: three subscriptions, an initiative assigned to one of them, a policy whose identity has no roles to
//! another, a policy assigned to the management group above all of them, and about two hundred resources, some compliant
//! already, a few that fail once, one that always fails; what is not as usual (`special`), and a customer (`customer`).

mod customer;
mod special;

use time::{Duration, OffsetDateTime};

use simulator::estate::{
    Assignment, ComplianceRecord, ComplianceState, Definition, Estate, Failure, Initiative, RecordKey,
};

const TENANT: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";
const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const SUBSCRIPTIONS: [(&str, &str, usize); 3] = [
    ("35ee058e-5fa0-414c-8145-3ebb8d09b6e2", "Landing zone", 70),
    ("c1164d71-0942-499f-bc2f-b6b7b0bae493", "Shared services", 40),
    ("291bba3f-e0a5-47bc-a099-3bdcb2a50a05", "Data platform", 40),
];

/// The estate, evaluated in the hour before `now`.
pub fn estate(now: OffsetDateTime) -> Estate {
    let group = "/providers/Microsoft.Management/managementGroups/contoso";
    let definition = |name: &str| format!("{group}/providers/Microsoft.Authorization/policyDefinitions/{name}");
    let (diagnostics, tag, audit) =
        (definition("Deploy-Diagnostics"), definition("Inherit-Tag"), definition("Audit-Skus"));
    let network = definition("Close-Network");
    let baseline = format!("{group}/providers/Microsoft.Authorization/policySetDefinitions/Baseline");
    let landing = format!("/subscriptions/{}", SUBSCRIPTIONS[0].0);
    let data = format!("/subscriptions/{}", SUBSCRIPTIONS[2].0);
    let mut estate = Estate::new(TENANT).with_management_group("contoso", None);
    for (id, name, _) in SUBSCRIPTIONS {
        estate = estate.with_subscription(id, name, Some("contoso"));
    }
    estate = estate
        .with_definition(Definition::new(diagnostics.as_str(), "DeployIfNotExists").with_role(CONTRIBUTOR))
        .with_definition(Definition::new(tag.as_str(), "Modify").with_role(CONTRIBUTOR))
        .with_definition(Definition::new(network.as_str(), "Modify").with_role(CONTRIBUTOR))
        .with_definition(Definition::new(audit.as_str(), "Audit"))
        .with_initiative(
            Initiative::new(baseline.as_str())
                .with_member("Inherit_Tag", tag.as_str())
                .with_member("Audit_Skus", audit.as_str()),
        )
        .with_assignment(Assignment::new(group, "Diagnostics", diagnostics.as_str()).with_system_identity(
            PRINCIPAL,
            TENANT,
            "westeurope",
        ))
        .with_assignment(Assignment::new(&landing, "Baseline", baseline.as_str()).with_system_identity(
            PRINCIPAL,
            TENANT,
            "westeurope",
        ))
        .with_assignment(
            Assignment::new(&data, "Network", network.as_str())
                .with_system_identity(PRINCIPAL, TENANT, "westeurope")
                .without_roles(),
        );
    let by_group = format!("{group}/providers/Microsoft.Authorization/policyAssignments/Diagnostics");
    let by_initiative = format!("{landing}/providers/Microsoft.Authorization/policyAssignments/Baseline");
    let without_roles = format!("{data}/providers/Microsoft.Authorization/policyAssignments/Network");
    let mut number: i64 = 0;
    for (subscription, _, count) in SUBSCRIPTIONS {
        for place in 0..count {
            number += 1;
            let resource = format!(
                "/subscriptions/{subscription}/resourceGroups/App-{}/providers/Microsoft.Storage/storageAccounts/stcontoso{number:03}",
                place % 5
            );
            let seen = |assignment: &str, reference: Option<&str>, minutes: i64| {
                let key = RecordKey::new(resource.as_str(), assignment, reference);
                ComplianceRecord::non_compliant(key, now - Duration::minutes(minutes) - Duration::seconds(number))
            };
            estate = estate.with_record(scripted(seen(&by_group, None, 30), number));
            if subscription == SUBSCRIPTIONS[0].0 {
                estate = estate.with_record(seen(&by_initiative, Some("Inherit_Tag"), 20));
            }
            if place % 20 == 7 && subscription == SUBSCRIPTIONS[0].0 {
                estate = estate.with_record(seen(&by_initiative, Some("Audit_Skus"), 10));
            }
            if place % 4 == 1 && subscription == SUBSCRIPTIONS[2].0 {
                estate = estate.with_record(seen(&without_roles, None, 15));
            }
        }
    }
    let estate = special::with_specials(estate, SUBSCRIPTIONS[1].0, &network, now);
    customer::with_customer(estate, now)
}

fn scripted(record: ComplianceRecord, number: i64) -> ComplianceRecord {
    match number {
        13 => record.always_failing(Failure::invalid_template_deployment()),
        n if n % 31 == 0 => record.failing(1, Failure::another_operation_in_progress()),
        n if n % 37 == 0 => record.failing(1, Failure::service_unavailable()),
        n if n % 12 == 5 => record.in_state(ComplianceState::Compliant),
        _ => record,
    }
}
