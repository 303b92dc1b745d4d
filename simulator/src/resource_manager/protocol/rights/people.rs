//! Role definitions and one's own permissions, and the filters of lists at home.

use super::*;
use crate::{
    resource_manager::PageSizes,
    rights::{Access, Permission, RoleAssignment, RoleDefinition},
};
use serde_json::json;

const CUSTOM: &str = "c0000000-0000-4000-8000-00000000000c";

fn access() -> Access {
    let own = RoleDefinition::custom(CUSTOM, "Task opener", SUBSCRIPTION)
        .with_permission(Permission::actions(&["Microsoft.PolicyInsights/*"]));
    let group = format!("{SUBSCRIPTION}/resourceGroups/one");
    Access::enforced()
        .with_role(own)
        .with_group("team", &[IDENTITY])
        .with_grant(RoleAssignment::new(SUBSCRIPTION, OWNER, WORKER))
        .with_grant(RoleAssignment::new(ROOT, READER, IDENTITY))
        .with_grant(RoleAssignment::new(SUBSCRIPTION, LOG_ANALYTICS, "team"))
        .with_grant(RoleAssignment::new(group, CONTRIBUTOR, IDENTITY))
}

#[tokio::test]
async fn filters_of_role_assignments_give_what_is_documented() {
    let local = Guarded::start(land().with_access(access())).await;
    let one = format!("{SUBSCRIPTION}/resourceGroups/one");
    let (assigned, principal) = (format!("assignedTo('{IDENTITY}')"), format!("principalId eq '{IDENTITY}'"));
    for (scope, text, roles) in [
        (SUBSCRIPTION, String::new(), vec![OWNER, READER, LOG_ANALYTICS, CONTRIBUTOR]),
        (SUBSCRIPTION, "atScope()".to_owned(), vec![OWNER, READER, LOG_ANALYTICS]),
        (SUBSCRIPTION, principal.clone(), vec![READER, CONTRIBUTOR]),
        (SUBSCRIPTION, assigned.clone(), vec![READER, LOG_ANALYTICS, CONTRIBUTOR]),
        (SUBSCRIPTION, format!("atScope() and {assigned}"), vec![READER, LOG_ANALYTICS]),
        (SUBSCRIPTION, format!("atScope() and {principal}"), vec![READER]),
        (one.as_str(), format!("atScope() and {assigned}"), vec![READER, LOG_ANALYTICS, CONTRIBUTOR]),
    ] {
        let query = if text.is_empty() { String::new() } else { filter(&text) };
        let found = local.get(&worker(), &format!("{scope}{AUTHORIZATION}/roleAssignments{query}")).await;
        let guid = |one: &Value| {
            one["properties"]["roleDefinitionId"].as_str().and_then(|id| id.rsplit('/').next().map(str::to_owned))
        };
        let found: Vec<String> = found.values().iter().filter_map(guid).collect();
        assert_eq!(found, roles, "{scope} {text}");
    }
    let list = format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments");
    for wrong in ["assignedTo('team')", "banana()"] {
        let refused = local.get(&worker(), &format!("{list}{}", filter(wrong))).await;
        assert_eq!(refused.error(), (400, "InvalidFilterInQueryString"), "{wrong}");
    }
    let above = local.get(&worker(), &format!("{list}{}", filter(&principal))).await;
    let above = &above.values()[0]["properties"];
    assert_eq!(
        (&above["scope"], &above["roleDefinitionId"]),
        (&json!(ROOT), &json!(format!("{AUTHORIZATION}/roleDefinitions/{READER}")))
    );
}

#[tokio::test]
async fn lists_of_role_assignments_are_paged() {
    let access = (0..5).fold(access(), |access, number| {
        access.with_grant(RoleAssignment::new(SUBSCRIPTION, READER, &format!("p{number}")))
    });
    let local = Guarded::start(land().with_access(access)).await;
    let _ = local.manager.clone().with_page_sizes(PageSizes { other: 4, ..PageSizes::default() });
    let mut path = format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments{}", filter("atScope()"));
    let mut found = Vec::new();
    loop {
        let page = local.get(&worker(), &path).await;
        found.push(page.values().len());
        let Some(next) = page.body["nextLink"].as_str() else { break };
        path = next.strip_prefix(&local.azure.endpoints().resource_manager).expect("the same host").to_owned();
    }
    assert_eq!(found, [4, 4]);
}

#[tokio::test]
async fn role_definitions_tell_their_actions_and_own_ones_can_be_made() {
    let local = Guarded::start(land().with_access(access())).await;
    let role = |scope: &str, guid: &str| format!("{scope}{AUTHORIZATION}/roleDefinitions/{guid}");
    let contributor = local.get(&worker(), &role(SUBSCRIPTION, CONTRIBUTOR)).await.body;
    assert_eq!(contributor["properties"]["roleName"], "Contributor");
    assert_eq!(contributor["properties"]["type"], "BuiltInRole");
    assert_eq!(contributor["properties"]["permissions"][0]["actions"], json!(["*"]));
    assert_eq!(contributor["properties"]["permissions"][0]["notActions"][0], "Microsoft.Authorization/*/Delete");
    assert_eq!(contributor["id"], role(SUBSCRIPTION, CONTRIBUTOR));
    assert_eq!(local.get(&worker(), &role("", READER)).await.body["id"], role("", READER));
    let named = filter("roleName eq 'Task opener'");
    let list = format!("{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions{named}");
    assert_eq!(local.get(&worker(), &list).await.values()[0]["properties"]["type"], "CustomRole");
    let id = role(SUBSCRIPTION, "c1000000-0000-4000-8000-00000000000c");
    let body = json!({ "properties": {
        "roleName": "Reader of tasks",
        "permissions": [{ "actions": ["Microsoft.PolicyInsights/remediations/read"] }],
        "assignableScopes": [SUBSCRIPTION]
    } });
    let made = local.by(&worker(), "PUT", &id, Some(body)).await;
    assert_eq!((made.status, &made.body["properties"]["permissions"][0]["notActions"]), (201, &json!([])));
    assert_eq!(local.by(&worker(), "DELETE", &id, None).await.status, 200);
    assert_eq!(local.get(&worker(), &id).await.error(), (404, "RoleDefinitionDoesNotExist"));
    assert_eq!(local.by(&worker(), "DELETE", &id, None).await.status, 204);
}

#[tokio::test]
async fn permissions_are_those_of_all_roles_at_the_scope() {
    let access = Access::enforced()
        .with_grant(RoleAssignment::new(ROOT, READER, WORKER))
        .with_grant(RoleAssignment::new(SUBSCRIPTION, POLICY_CONTRIBUTOR, WORKER))
        .with_grant(RoleAssignment::new(format!("{SUBSCRIPTION}/resourceGroups/one"), OWNER, WORKER));
    let local = Guarded::start(land().with_access(access)).await;
    for (scope, count) in [(SUBSCRIPTION.to_owned(), 2), (format!("{SUBSCRIPTION}/resourceGroups/one"), 3)] {
        let found = local.get(&worker(), &format!("{scope}{AUTHORIZATION}/permissions")).await;
        assert_eq!(found.values().len(), count, "{scope}");
        assert_eq!(found.values()[0]["actions"], json!(["*/read"]));
        assert_eq!(found.values()[0]["notDataActions"], json!([]));
    }
}
