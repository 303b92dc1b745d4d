//! Resource Graph shows what one may read: own subscriptions, groups of them, delegated ones, and nothing else.

use super::*;
use crate::{
    estate::{Assignment, ComplianceRecord, Definition, RecordKey},
    rights::{Access, Authorization, Delegation, RoleAssignment},
};
use serde_json::json;

fn estate(access: Access) -> Estate {
    let definition = format!("{AUTHORIZATION}/policyDefinitions/d");
    let mut estate = land().with_definition(Definition::new(definition.as_str(), "Modify"));
    for (scope, group) in [(SUBSCRIPTION, "one"), (SUBSCRIPTION, "two"), (CUSTOMER, "theirs")] {
        let account = format!("{scope}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/st{group}");
        let assignment = Assignment::new(scope, group, definition.as_str());
        let key = RecordKey::new(account.as_str(), assignment.id.clone(), None);
        estate = estate.with_assignment(assignment).with_record(ComplianceRecord::non_compliant(key, start()));
    }
    estate.with_access(access)
}

async fn groups_seen(access: Access, who: &Caller) -> Result<Vec<String>, (u16, String)> {
    let local = Guarded::start(estate(access)).await;
    local.pass(60);
    let body = json!({ "query": "policyresources | project id, resourceGroup | order by resourceGroup asc" });
    let answer =
        local.by(who, "POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", Some(body)).await;
    if answer.status != 200 {
        return Err((
            answer.status,
            answer.body["error"]["details"][0]["code"].as_str().unwrap_or_default().to_owned(),
        ));
    }
    let rows = answer.body["data"].as_array().expect("rows").clone();
    Ok(rows.iter().filter_map(|row| row["resourceGroup"].as_str().map(str::to_owned)).collect())
}

#[tokio::test]
async fn only_what_the_caller_may_read_is_shown() {
    let delegation = || {
        let name = "d1000000-0000-4000-8000-000000000001";
        Delegation::new(name, "Remediation", CUSTOMER, HOME).with(Authorization::new(
            WORKER,
            "Worker",
            POLICY_CONTRIBUTOR,
        ))
    };
    let group = format!("{SUBSCRIPTION}/resourceGroups/two");
    let reads = |scope: &str| Access::enforced().with_grant(RoleAssignment::new(scope, READER, WORKER));
    for (access, expected) in [
        (reads(SUBSCRIPTION), vec!["one", "two"]),
        (reads(ROOT), vec!["one", "two"]),
        (reads(&group), vec!["two"]),
        (reads(&group).with_delegation(delegation()), vec!["theirs", "two"]),
        (Access::enforced().with_delegation(delegation()), vec!["theirs"]),
    ] {
        assert_eq!(groups_seen(access, &worker()).await, Ok(expected.into_iter().map(str::to_owned).collect()));
    }
    let nothing = Err((400, "NoValidSubscriptionsInQueryRequest".to_owned()));
    assert_eq!(groups_seen(Access::enforced(), &worker()).await, nothing);
    let stranger = somebody("c0000000-0000-4000-8000-000000000003", WORKER, false);
    assert_eq!(groups_seen(reads(ROOT), &stranger).await, nothing);
}
