//! What is not as usual in the demo's estate: a user-assigned identity under a pinned version of a policy, whose newest version asks for a role
//! that the identity lacks; an effect that the assignment overrides; and a resource that somebody exempted.

use time::{Duration, OffsetDateTime};

use simulator::estate::{Assignment, ComplianceRecord, ComplianceState, Definition, Estate, Exemption, RecordKey};

const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const PRINCIPAL: &str = "0a4a8a05-6f2a-4f6d-9a53-5ad2a2c6d6a1";
const CLIENT: &str = "0a4a8a05-6f2a-4f6d-9a53-5ad2a2c6d6a2";
/// Resources under each of the two assignments.
const RESOURCES: usize = 4;

/// The estate with all that in a subscription. `overridden` is a policy that would remediate.
pub(super) fn with_specials(mut estate: Estate, subscription: &str, overridden: &str, now: OffsetDateTime) -> Estate {
    let scope = format!("/subscriptions/{subscription}");
    let definition = format!("{scope}/providers/Microsoft.Authorization/policyDefinitions/Minimum-TLS");
    let identity =
        format!("{scope}/resourceGroups/Shared/providers/Microsoft.ManagedIdentity/userAssignedIdentities/policy");
    let before = Definition::new(definition.as_str(), "Modify").with_version("1.0.0").with_role(CONTRIBUTOR);
    let newest = Definition::new(definition.as_str(), "Modify").with_version("2.0.0").with_role(OWNER);
    let pinned = Assignment::new(&scope, "Pinned", definition.as_str())
        .with_user_identity(identity, PRINCIPAL, CLIENT, "westeurope")
        .pinned("1.*.*");
    let audited = Assignment::new(&scope, "Overridden", overridden)
        .with_system_identity(PRINCIPAL, &estate.home_tenant, "westeurope")
        .with_override("Audit", Vec::new());
    for place in 0..RESOURCES {
        let resource =
            format!("{scope}/resourceGroups/Special/providers/Microsoft.Storage/storageAccounts/stspecial{place}");
        let seen = now - Duration::minutes(18) - Duration::seconds(place as i64);
        let record = |assignment: &Assignment| {
            ComplianceRecord::non_compliant(RecordKey::new(resource.as_str(), assignment.id.as_str(), None), seen)
        };
        let is_exempt = place == 0;
        let under_pin = record(&pinned);
        estate = estate
            .with_record(if is_exempt { under_pin.in_state(ComplianceState::Exempt) } else { under_pin })
            .with_record(record(&audited));
        if is_exempt {
            estate = estate.with_exemption(Exemption::new(&resource, "Waived", pinned.id.as_str()));
        }
    }
    estate.with_definition(newest.with_older(before)).with_assignment(pinned).with_assignment(audited)
}
