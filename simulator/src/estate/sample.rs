//! A small estate to show and test with: two groups, two subscriptions of ours and a customer's delegated one, single
//! policies and an initiative, an assignment that nobody gave an identity, an audit policy, and records in every state.

use super::{Assignment, ComplianceRecord, ComplianceState, Definition, Estate, Failure, Initiative, RecordKey};
use time::{Duration, OffsetDateTime};

const HOME_TENANT: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";
const CUSTOMER_TENANT: &str = "8f70baf1-1f6e-46a2-a1ff-238dac1ebfb7";
const LANDING: &str = "35ee058e-5fa0-414c-8145-3ebb8d09b6e2";
const SHARED: &str = "c1164d71-0942-499f-bc2f-b6b7b0bae493";
const CUSTOMER: &str = "291bba3f-e0a5-47bc-a099-3bdcb2a50a05";
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";

/// The sample estate; its records were evaluated in the ten minutes before `now`.
pub fn sample(now: OffsetDateTime) -> Estate {
    let root = "/providers/Microsoft.Management/managementGroups/contoso";
    let builtin = "/providers/Microsoft.Authorization/policyDefinitions";
    let landing = format!("/subscriptions/{LANDING}");
    let customer = format!("/subscriptions/{CUSTOMER}");
    let (tls, diag, tags, audit) = (
        format!("{builtin}/f81e3117-0093-4b17-8a60-82363134f0eb"),
        format!("{root}/providers/Microsoft.Authorization/policyDefinitions/Deploy-Diagnostics"),
        format!("{builtin}/cd3aa116-8754-49c9-a813-ad46512ece54"),
        format!("{builtin}/7433c107-6db4-4ad1-b57a-a76dce0154a1"),
    );
    let baseline = format!("{root}/providers/Microsoft.Authorization/policySetDefinitions/Baseline");
    let mut estate = Estate::new(HOME_TENANT)
        .with_management_group("contoso", None)
        .with_management_group("contoso-landing", Some("contoso"))
        .with_subscription(LANDING, "Landing zone", Some("contoso-landing"))
        .with_subscription(SHARED, "Shared services", Some("contoso"))
        .with_delegated_subscription(CUSTOMER, "Fabrikam production", CUSTOMER_TENANT)
        .with_definition(Definition::new(tls.as_str(), "Modify").with_role(CONTRIBUTOR))
        .with_definition(Definition::new(diag.as_str(), "DeployIfNotExists").with_role(CONTRIBUTOR))
        .with_definition(Definition::new(tags.as_str(), "modify").with_literal_effect("modify").with_role(CONTRIBUTOR))
        .with_definition(Definition::new(audit.as_str(), "Audit"))
        .with_initiative(
            Initiative::new(baseline.as_str())
                .with_member("Deploy_Diagnostics", diag.as_str())
                .with_member("Inherit_Tag", tags.as_str())
                .with_member("Audit_Skus", audit.as_str()),
        )
        .with_assignment(
            Assignment::new(root, "Baseline", baseline.as_str())
                .with_system_identity(PRINCIPAL, HOME_TENANT, "westeurope")
                .without_scope(format!("{landing}/resourceGroups/sandbox")),
        )
        .with_assignment(Assignment::new(&landing, "Enforce-TLS", tls.as_str()).with_system_identity(
            PRINCIPAL,
            HOME_TENANT,
            "westeurope",
        ))
        .with_assignment(Assignment::new(&landing, "Orphan-Diagnostics", diag.as_str()))
        .with_assignment(Assignment::new(&landing, "Audit-Skus", audit.as_str()))
        .with_assignment(Assignment::new(&customer, "Fabrikam-Diagnostics", diag.as_str()).with_user_identity(
            format!("{customer}/resourceGroups/ops/providers/Microsoft.ManagedIdentity/userAssignedIdentities/policy"),
            PRINCIPAL,
            HOME_TENANT,
            "westeurope",
        ));
    let assignment =
        |scope: &str, name: &str| format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}");
    for number in 0..12_i64 {
        let (subscription, group) = if number % 3 == 2 { (SHARED, "Core") } else { (LANDING, "App-Prod") };
        let location = if number % 2 == 0 { "westeurope" } else { "northeurope" };
        let resource = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/stContoso{number:02}"
        );
        let at = now - Duration::minutes(10) + Duration::seconds(number * 30);
        estate = estate.with_resource(resource.as_str(), location);
        let record = |assigned: String, reference: Option<&str>| {
            ComplianceRecord::non_compliant(RecordKey::new(resource.as_str(), assigned, reference), at)
        };
        let diagnostics = record(assignment(root, "Baseline"), Some("Deploy_Diagnostics"));
        estate = estate.with_record(match number {
            3 => diagnostics.failing(2, Failure::another_operation_in_progress()),
            5 => diagnostics.always_failing(Failure::invalid_template_deployment()),
            6 => diagnostics.in_state(ComplianceState::Compliant),
            7 => diagnostics.in_state(ComplianceState::Exempt),
            _ => diagnostics,
        });
        if subscription == LANDING {
            estate = estate.with_record(record(assignment(&landing, "Enforce-TLS"), None));
        }
        if number == 0 {
            estate = estate
                .with_record(record(assignment(&landing, "Orphan-Diagnostics"), None))
                .with_record(record(assignment(&landing, "Audit-Skus"), None));
        }
    }
    let vault = format!("{customer}/resourceGroups/Prod/providers/Microsoft.KeyVault/vaults/kvFabrikam");
    let key = RecordKey::new(vault.as_str(), assignment(&customer, "Fabrikam-Diagnostics"), None);
    estate
        .with_resource(vault.as_str(), "westeurope")
        .with_record(ComplianceRecord::non_compliant(key, now - Duration::minutes(4)))
}
