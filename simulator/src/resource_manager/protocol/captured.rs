//! A user's captured events, replayed: the estate is derived from them, the clock is the wall's.

use crate::{
    estate::{ComplianceState, EventKind, derive},
    resource_manager::{ProvisioningState, ResourceManager, TaskRequest, Tempo},
};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn captured_events_become_an_estate_that_can_be_remediated() {
    let event = json!([{
        "id": "5829794FCB5075FCF585476619577B5A5A30E52C84842CBD4E2AD73996714C4C",
        "topic": "/tenants/4bee2b8a-1bee-47c2-90e9-404241551135/providers/Microsoft.Management/managementGroups/mymg",
        "subject": "/subscriptions/fffedd8f-ffff-fffd-fffd-fffed2f84852/resourceGroups/myRg/providers/Microsoft.Storage/storageAccounts/sa1",
        "data": {
            "timestamp": "2021-03-27T18:37:42.4496956Z",
            "policyAssignmentId": "/providers/microsoft.management/managementgroups/mymg/providers/microsoft.authorization/policyassignments/diag",
            "policyDefinitionId": "/providers/microsoft.management/managementgroups/mymg/providers/microsoft.authorization/policydefinitions/diag",
            "policyDefinitionReferenceId": "storagediag",
            "complianceState": "NonCompliant",
            "subscriptionId": "fffedd8f-ffff-fffd-fffd-fffed2f84852",
            "complianceReasonCode": ""
        },
        "eventType": "Microsoft.PolicyInsights.PolicyStateChanged",
        "eventTime": "2021-03-27T18:37:42.5241536Z",
        "dataVersion": "1",
        "metadataVersion": "1"
    }]);
    let manager = ResourceManager::new(derive(std::slice::from_ref(&event)), Tempo::quick());
    let key = manager.records()[0].key.clone();
    let mut again = manager.event(&key, EventKind::Changed).expect("the record").event_grid();
    again["id"] = event[0]["id"].clone();
    again["topic"] = event[0]["topic"].clone();
    assert_eq!(again, event[0].clone(), "its own event is the captured one");
    let request = TaskRequest::new(key.assignment.clone(), Some("StorageDiag")).with_resources([key.resource.clone()]);
    let opened =
        manager.person_opens("/subscriptions/fffedd8f-ffff-fffd-fffd-fffed2f84852", "n", request).expect("taken");
    assert_eq!(opened.state, ProvisioningState::Accepted);
    let limit = Instant::now() + Duration::from_secs(60);
    while !manager.tasks()[0].state.is_terminal() {
        assert!(Instant::now() < limit, "{:?}", manager.tasks());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(manager.tasks()[0].state, ProvisioningState::Succeeded);
    assert_eq!(manager.records()[0].state, Some(ComplianceState::Compliant));
}
