//! Plays of what the demo has no cause for: an initiative that is pinned to an older version, finished tasks that are deleted, tasks that a
//! pause cancels, scans, grants, and what Resource Graph alone shows. Each passes with the right that it is about, and is refused without.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::estate::{Assignment, ComplianceRecord, ComplianceState, Definition, Estate, Initiative, RecordKey};
use simulator::identity::Principal;
use simulator::resource_manager::{ResourceManager, Tempo};
use time::OffsetDateTime;

use crate::held::{Place, Who, entitled, held};
use crate::least_roles::{has, of_worker, options};
use crate::play::Play;
use crate::snapshot::role_actions;

const TENANT: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";
const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";
const SUBSCRIPTION: &str = "/subscriptions/35ee058e-5fa0-414c-8145-000000000001";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const RESOURCES: usize = 10;

/// A subscription with an assignment of this, and resources that do not comply with it.
fn estate(name: &str, of: impl FnOnce(Estate, &Definition) -> Estate, change: fn(Assignment) -> Assignment) -> Estate {
    let guid = SUBSCRIPTION.rsplit('/').next().unwrap();
    let id = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/Inherit-Tag");
    let definition = Definition::new(id.as_str(), "Modify")
        .with_role(&format!("/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"));
    let estate = Estate::new(TENANT).with_subscription(guid, "One", None);
    let mut estate = of(estate, &definition).with_definition(definition);
    let (of, reference) = match estate.initiatives.first() {
        Some(initiative) => (initiative.id.to_string(), Some("tag")),
        None => (id, None),
    };
    let assignment =
        Assignment::new(SUBSCRIPTION, name, of.as_str()).with_system_identity(PRINCIPAL, TENANT, "westeurope");
    let assignment = change(assignment);
    let seen = OffsetDateTime::now_utc() - time::Duration::minutes(1);
    for place in 0..RESOURCES {
        let account =
            format!("{SUBSCRIPTION}/resourceGroups/app/providers/Microsoft.Storage/storageAccounts/st{place:03}");
        let key = RecordKey::new(account.as_str(), assignment.id.as_str(), reference);
        estate = estate.with_record(ComplianceRecord::non_compliant(key, seen));
    }
    estate.with_assignment(assignment)
}

fn plain() -> Estate {
    estate("Tag", |estate, _| estate, |assignment| assignment)
}

/// Its assignment is held to a version of its initiative that is not the newest.
fn pinned() -> Play {
    let initiatives = |estate: Estate, definition: &Definition| {
        let set = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/policySetDefinitions/Tags");
        let of = |version: &str| {
            Initiative::new(set.as_str()).with_version(version).with_member("tag", definition.id.as_str())
        };
        estate.with_initiative(of("2.0.0").with_older(of("1.4.0")))
    };
    Play::of(estate("Tags", initiatives, |assignment| assignment.pinned("1.*.*")), &[])
}

fn deleting() -> Play {
    Play::of(plain(), &[("KEEP_TASKS_FOR", "1s")])
}

/// Somebody pauses all with `cancelTasks` while a task runs.
fn canceling() -> Play {
    let pause = json!({
        "of": {}, "reason": "freeze", "by": "someone", "at": "2026-11-21T07:00:00Z", "cancelTasks": true,
    });
    let tempo = Tempo { deployment: Duration::from_secs(3), ..Tempo::quick() };
    let controls_later = Some(json!({ "version": 1, "pauses": [pause] }));
    Play { tempo, controls_later, ..Play::of(plain(), &[("PARALLEL_DEPLOYMENTS", "1")]) }
}

/// No event tells of anything: a scan finds it.
fn scanning() -> Play {
    let settings = [("SWEEP_SCOPES", SUBSCRIPTION), ("SWEEP_SCAN_INTERVAL", "1h"), ("SWEEP_SCHEDULE", "* * * * * *")];
    Play { events: Vec::new(), ..Play::of(plain(), &settings) }
}

/// The identity lacks the role that its policy asks for, and the worker may grant it.
fn granting() -> Play {
    let poor = estate("Poor", |estate, _| estate, Assignment::without_roles);
    let wanted = poor.records.iter().map(|record| record.key.clone()).collect();
    Play { wanted, ..Play::of(poor, &[("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")]) }
}

/// No event tells of anything: a run asks Resource Graph.
fn searching() -> Play {
    let run = json!({ "version": 1, "runId": "graph", "scopes": [SUBSCRIPTION], "discovery": "resourceGraph" });
    Play { events: Vec::new(), ..Play::of(plain(), &[]) }.with_runs([run])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_only_some_need_is_asked_by_them_and_refused_without_it() {
    let all = [
        ("Microsoft.Authorization/policySetDefinitions/versions/read", pinned as fn() -> Play),
        ("Microsoft.PolicyInsights/remediations/delete", deleting),
        ("Microsoft.PolicyInsights/remediations/cancel/action", canceling),
    ];
    let given: BTreeSet<_> =
        role_actions("all-options").into_iter().map(|action| action.to_ascii_lowercase()).collect();
    for (action, play) in all {
        let action = BTreeSet::from([action.to_ascii_lowercase()]);
        let asked = play().with(&given, &action).await;
        assert!(asked.allowed.is_superset(&action) && asked.refused.is_empty(), "{action:?}: {asked:?}");
        let asked = play().with(&given.difference(&action).cloned().collect(), &action).await;
        assert_eq!(asked.refused, action);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_begun_with_the_right_to_send_batch_runs_and_refused_without_it() {
    let all = of_worker();
    assert_eq!(scanning().with_roles(&all, None).await, (BTreeSet::new(), true));
    let fewer = all.into_iter().filter(|right| right.place != Place::Queue("batch-runs".to_owned())).collect();
    let call = ("Microsoft.ServiceBus/namespaces/messages/send/action", "batch-runs");
    let (refused, _) = scanning().with_roles(&fewer, Some(call)).await;
    assert!(has(&refused, call), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_granted_by_an_administrator_of_exactly_these_roles_and_refused_without_that() {
    let mut all = of_worker();
    assert!(all.iter().all(|right| right.role.as_deref() != Some(ADMINISTRATOR)), "not by default");
    let call = ("Microsoft.Authorization/roleAssignments/write", "");
    let (refused, _) = granting().with_roles(&all, Some(call)).await;
    assert!(has(&refused, call), "{refused:?}");
    let of_granting =
        |right: &crate::held::Held| right.who == Who::Worker && right.role.as_deref() == Some(ADMINISTRATOR);
    all.extend(held("all-options").into_iter().filter(of_granting));
    assert_eq!(granting().with_roles(&all, None).await, (BTreeSet::new(), true));
}

const ADMINISTRATOR: &str = "roleBasedAccessControlAdministrator";
const RESULTS: &str = "Microsoft.PolicyInsights/policyStates/queryResults/read";

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_read_states_resource_graph_shows_nothing() {
    assert_eq!(searching().with_roles(&of_worker(), None).await, (BTreeSet::new(), true));
    let mut play = searching();
    let (worker, home) = (Principal::random(), play.estate.home_tenant.clone());
    let mut actions = role_actions("default");
    assert!(actions.remove(RESULTS));
    play.estate = entitled(play.estate, &worker, &of_worker(), &actions, None);
    let manager = ResourceManager::new(play.estate.clone(), Tempo::quick());
    let run = play.begin(manager.clone(), manager.router(), options(&manager, &worker, home)).await;
    let begun = Instant::now();
    let told = loop {
        let content = run.azure.blobs().get("state", "runs/graph.json").map(|blob| blob.content);
        let told: Value = content.map_or(Value::Null, |content| serde_json::from_slice(&content).unwrap());
        // It ends, or tells of its trouble.
        if told["endedAt"].is_string() || told.to_string().contains("NoValidSubscriptions") {
            break told;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let unfixed = manager.records().into_iter().filter(|one| one.state == Some(ComplianceState::NonCompliant)).count();
    assert_eq!((unfixed, manager.tasks().len()), (RESOURCES, 0), "{told}");
}
