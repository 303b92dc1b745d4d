//! The estates of the tests: subscriptions that each have one policy assigned, `Tag`, and storage accounts under it.

use serde_json::Value;
use simulator::estate::{Assignment, ComplianceRecord, Definition, Estate, EventKind, PolicyEvent, RecordKey};
use time::{Duration, OffsetDateTime};

const TENANT: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";
const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";
/// The role that its policies need.
pub(crate) const CONTRIBUTOR: &str =
    "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";

/// The policy that every subscription of [`land`] has assigned.
pub(crate) const DEFINITION: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policyDefinitions/Inherit-Tag";

/// The id of the subscription with this number.
pub(crate) fn subscription(number: usize) -> String {
    format!("35ee058e-5fa0-414c-8145-{number:012}")
}

/// The id of the assignment of this name in the subscription with this number.
pub(crate) fn assignment(number: usize, name: &str) -> String {
    format!("/subscriptions/{}/providers/Microsoft.Authorization/policyAssignments/{name}", subscription(number))
}

/// The id of a storage account, cased as Azure writes it.
pub(crate) fn account(number: usize, place: usize) -> String {
    let subscription = subscription(number);
    format!(
        "/subscriptions/{subscription}/resourceGroups/App-{}/providers/Microsoft.Storage/storageAccounts/st{number}x{place:04}",
        place % 3
    )
}

/// A storage account that does not comply with an assignment of its subscription since a minute ago.
pub(crate) fn record(number: usize, place: usize, assignment_name: &str) -> ComplianceRecord {
    let key = RecordKey::new(account(number, place), assignment(number, assignment_name), None);
    let seen = OffsetDateTime::now_utc() - Duration::minutes(1) - Duration::milliseconds(i64::try_from(place).unwrap());
    ComplianceRecord::non_compliant(key, seen)
}

/// Subscriptions under one management group, each with the policy assigned as `Tag`, and nothing in them yet.
pub(crate) fn land(subscriptions: usize) -> Estate {
    let mut estate = Estate::new(TENANT)
        .with_management_group("contoso", None)
        .with_definition(Definition::new(DEFINITION, "Modify").with_role(CONTRIBUTOR));
    for number in 0..subscriptions {
        estate = estate.with_subscription(&subscription(number), &format!("Number {number}"), Some("contoso"));
        estate = plot(estate, number, "Tag", DEFINITION);
    }
    estate
}

/// Assigns a policy to a subscription, with an identity.
pub(crate) fn plot(estate: Estate, number: usize, name: &str, definition: &str) -> Estate {
    let scope = format!("/subscriptions/{}", subscription(number));
    estate.with_assignment(Assignment::new(&scope, name, definition).with_system_identity(
        PRINCIPAL,
        TENANT,
        "westeurope",
    ))
}

/// The event that Azure sends about a record, in the Event Grid schema.
pub(crate) fn event(estate: &Estate, record: &ComplianceRecord) -> Value {
    PolicyEvent::of(estate, record, EventKind::Created).event_grid()
}

/// One event for each record of the estate.
pub(crate) fn events(estate: &Estate) -> Vec<Value> {
    estate.records.iter().map(|record| event(estate, record)).collect()
}
