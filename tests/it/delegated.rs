//! Subscriptions of a customer, delegated through Azure Lighthouse: two tenants of the local Azure, whose rights are enforced.

use simulator::Service;
use simulator::estate::{Assignment, ComplianceRecord, Estate, RecordKey};
use simulator::faults::{Kind, Rule, Which};
use simulator::rights::{Authorization, Group, RoleAssignment};
use time::{Duration, OffsetDateTime};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, record, subscription, until};

pub(crate) const CUSTOMER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const LOG_ANALYTICS: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
const RESOURCES: usize = 6;

/// Everything of the estate is a customer's, who has delegated it.
pub(crate) fn delegated(mut estate: Estate) -> Estate {
    for group in &mut estate.management_groups {
        CUSTOMER.clone_into(&mut group.tenant);
    }
    for subscription in &mut estate.subscriptions {
        subscription.managed_by = vec![std::mem::replace(&mut subscription.tenant, CUSTOMER.to_owned())];
    }
    estate
}

fn scope() -> String {
    format!("/subscriptions/{}", subscription(0))
}

fn system_assigned() -> Assignment {
    Assignment::new(&scope(), "Poor", DEFINITION).with_system_identity("p", CUSTOMER, "westeurope").without_roles()
}

fn user_assigned_id() -> String {
    format!("{}/resourceGroups/Shared/providers/Microsoft.ManagedIdentity/userAssignedIdentities/policy", scope())
}

fn user_assigned() -> Assignment {
    let named = Assignment::new(&scope(), "Poor", DEFINITION);
    named.with_user_identity(user_assigned_id(), "p", "c", "westeurope").without_roles()
}

/// The resources of an assignment whose identity has no roles, in a subscription whose template lets the worker grant these. Nothing is
/// delivered yet.
async fn poor(poor: Assignment, settings: &[(&str, &str)], grantable: &[&str]) -> Stage {
    let estate = delegated(land(1)).with_assignment(poor);
    let estate = (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Poor")));
    let stage = Stage::with_rights(estate, settings).await;
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    let line = Authorization::to_grant(&worker.object_id, "Policy remediator", grantable);
    stage.manager.amends(|estate| estate.access.delegations[0].authorizations.push(line));
    stage
}

impl Stage {
    pub(crate) async fn deliver_all(&self) {
        let mut burst = Vec::new();
        self.manager.amends(|estate| burst = events(estate));
        self.deliver(burst).await;
    }

    /// The role assignments that were made since the start.
    pub(crate) fn made(&self) -> Vec<RoleAssignment> {
        let mut made = Vec::new();
        self.manager.amends(|estate| {
            made = estate.access.grants.iter().filter(|one| one.made_at.is_some()).cloned().collect();
        });
        made
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_template_is_granted_across_tenants_with_the_resource_that_holds_the_identity() {
    for (holds, assigned) in [(assignment(0, "Poor"), system_assigned()), (user_assigned_id(), user_assigned())] {
        let stage = poor(assigned, &[("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")], &[CONTRIBUTOR]).await;
        stage.deliver_all().await;
        // What was granted is looked at again after half a minute.
        until("all is fixed", || stage.count("fixed") == RESOURCES).await;
        let granted = stage.told("role_granted", 1).await;
        assert!(granted[0]["role"] == CONTRIBUTOR && granted[0]["delegated"] == true, "{granted:?}");
        let made = stage.made();
        let [made] = made.as_slice() else { panic!("{made:?}") };
        let holder = made.delegated_identity.as_ref().map(|id| id.as_str().to_lowercase());
        assert_eq!(holder, Some(holds.to_lowercase()));
        assert_eq!((stage.calls("grantRole"), stage.logged("target_parked").len()), (1, 0));
        stage.at_rest().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_template_lets_a_group_of_the_workers_grant_is_granted() {
    const TEAM: &str = "7e000000-0000-4000-8000-000000000001";
    let stage = poor(system_assigned(), &[("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")], &[CONTRIBUTOR]).await;
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    stage.manager.amends(|estate| {
        estate.access.groups.push(Group { id: TEAM.to_owned(), members: vec![worker.object_id.clone()] });
        for line in &mut estate.access.delegations[0].authorizations {
            TEAM.clone_into(&mut line.principal);
        }
    });
    stage.deliver_all().await;
    let granted = stage.told("role_granted", 1).await;
    assert!(granted[0]["role"] == CONTRIBUTOR && granted[0]["delegated"] == true, "{granted:?}");
    assert_eq!((stage.made().len(), stage.logged("target_parked").len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_template_lacks_sends_one_resource_ahead_and_its_failure_tells_the_line_and_the_command() {
    let settings = [("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")];
    let stage = poor(system_assigned(), &settings, &[LOG_ANALYTICS]).await;
    stage.deliver_all().await;
    let parked = stage.told("target_parked", 1).await;
    let hint = parked[0]["hint"].as_str().unwrap();
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    let line = format!(
        r#"{{ "principalId": "{}", "roleDefinitionId": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "delegatedRoleDefinitionIds": ["{LOG_ANALYTICS}","{CONTRIBUTOR}"] }}"#,
        worker.object_id
    );
    assert!(hint.contains(&line), "{hint}");
    assert!(hint.starts_with("Have the customer run: az role assignment create"), "{hint}");
    assert_eq!(parked[0]["reason"], "missingPermission");
    let tasks = stage.manager.tasks();
    assert!(!tasks.is_empty() && tasks.iter().all(|task| task.resources.len() == 1), "one at a time: {tasks:?}");
    assert_eq!((stage.calls("grantRole"), stage.made().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_assigned_identity_that_cannot_be_granted_to_is_told_with_the_services_words() {
    let stage = poor(user_assigned(), &[("GRANT_ROLES", CONTRIBUTOR)], &[CONTRIBUTOR]).await;
    let body = r#"{"error":{"code":"UnsupportedIdentity","message":"Not for such an identity."}}"#;
    let refusal = Kind::Answer { status: 400, body };
    let rule = Rule::new("grant", Service::ResourceManager, Which::Always, refusal);
    stage.azure.faults().add(rule.path_contains("/roleAssignments/"));
    stage.deliver_all().await;
    let parked = stage.told("target_parked", 1).await;
    let words = parked[0]["words"].as_str().unwrap();
    assert!(words.contains("UnsupportedIdentity: Not for such an identity."), "{words}");
    assert!(words.contains("nobody has shown yet"), "{words}");
    assert_eq!(stage.manager.tasks().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_group_alone_is_delegated_what_is_assigned_to_it_is_fixed_and_the_rest_is_told() {
    let group = format!("{}/resourceGroups/App-0", scope());
    let own = Assignment::new(&group, "Group", DEFINITION).with_system_identity("p", CUSTOMER, "westeurope");
    let key = RecordKey::new(account(0, 0), own.id.as_str(), None);
    let of_group = ComplianceRecord::non_compliant(key, OffsetDateTime::now_utc() - Duration::minutes(1));
    let estate = delegated(land(1)).with_assignment(own).with_record(of_group).with_record(record(0, 3, "Tag"));
    let stage = Stage::with_rights(estate, &[]).await;
    stage.manager.amends(|estate| estate.access.delegations[0].scope = group.as_str().into());
    stage.deliver_all().await;
    until("the group's is fixed", || stage.count("fixed") == 1).await;
    let parked = stage.told("subscription_parked", 1).await;
    assert_eq!((&parked[0]["reason"], &parked[0]["scope"]), (&"workerLacksPermission".into(), &scope().into()));
    let tasks = stage.manager.tasks();
    assert!(tasks.len() == 1 && tasks[0].scope.as_str().to_lowercase().ends_with("app-0"), "{tasks:?}");
    assert_eq!(stage.count("skipped"), 0, "an empty list is no proof that the assignment is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_that_is_withdrawn_parks_the_subscription_once_and_goes_on_when_it_is_back() {
    let estate = delegated(land(1)).with_assignment(
        Assignment::new(&scope(), "Other", DEFINITION).with_system_identity("p", CUSTOMER, "westeurope"),
    );
    let estate = estate.with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Other"));
    let stage = Stage::with_rights(estate, &[("CHECK_INTERVAL_MIN", "20ms")]).await;
    let mut withdrawn = Vec::new();
    stage.manager.amends(|estate| {
        withdrawn = std::mem::take(&mut estate.access.delegations);
        estate.subscriptions[0].managed_by.clear();
    });
    stage.deliver_all().await;
    let parked = stage.told("subscription_parked", 1).await;
    assert_eq!(parked[0]["reason"], "delegationWithdrawn", "{parked:?}");
    until("both rest", || stage.count("parked") == 2).await;
    assert_eq!(stage.manager.tasks().len(), 0);
    stage.manager.amends(|estate| {
        estate.subscriptions[0].managed_by.push(estate.home_tenant.clone());
        estate.access.delegations = std::mem::take(&mut withdrawn);
    });
    until("both are fixed", || stage.count("fixed") == 2).await;
    assert_eq!(stage.logged("subscription_parked").len(), 1);
    stage.at_rest().await;
}
