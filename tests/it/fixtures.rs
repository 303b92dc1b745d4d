//! Real payloads are read rightly by the worker's own types, and every payload of `tests/fixtures` is read by a test.

use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use serde::de::DeserializeOwned;
use serde_json::Value;
use simulator::{LocalAzure, LocalAzureOptions};

use policy_remediator::arm::{ArmClient, Call, Page, calls, read_item};
use policy_remediator::azure::{Clocks, Deadline, client_options, http_client};
use remediation::document::{TaskKind, TaskName, TaskRequest};
use remediation::event;
use remediation::event::{EventKind, Parsed, Relevance};
use remediation::fact::{Creation, Deployment, DeploymentStatus, ListedTask, TaskState, TaskStatus};
use remediation::id::{AssignmentId, ResourceId, Target};
use remediation::time::{Timestamp, parse_time};

const EVENTS: [(&str, EventKind, &str); 6] = [
    ("subscription.PolicyStateCreated", EventKind::Created, "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2"),
    ("subscription.PolicyStateChanged", EventKind::Changed, "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2"),
    ("subscription.PolicyStateDeleted", EventKind::Deleted, "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2"),
    (
        "managementgroup.PolicyStateCreated",
        EventKind::Created,
        "/providers/microsoft.management/managementgroups/contoso",
    ),
    (
        "managementgroup.PolicyStateChanged",
        EventKind::Changed,
        "/providers/microsoft.management/managementgroups/contoso",
    ),
    (
        "managementgroup.PolicyStateDeleted",
        EventKind::Deleted,
        "/providers/microsoft.management/managementgroups/contoso",
    ),
];

const TASKS: [(&str, TaskState, &str); 5] = [
    ("task-accepted", TaskState::Active, "Accepted"),
    ("task-cancelling", TaskState::Active, "Cancelling"),
    ("task-canceled", TaskState::Canceled, "Canceled"),
    ("task-canceled-before-it-began", TaskState::Canceled, "Canceled"),
    ("task-succeeded", TaskState::Succeeded, "Succeeded"),
];

const DEPLOYMENTS: &str = "remediations/deployments.json";

/// What an answer to the creation of a task means.
const ERRORS: [(&str, &str); 6] = [
    ("another-task-runs", "wait"),
    ("this-task-runs", "accepted"),
    ("initiative-without-reference", "parked: referenceMissing"),
    ("no-assignment", "refused: InvalidRequestContent"),
    ("re-evaluation-at-a-management-group", "refused: InvalidCreateRemediationRequest"),
    ("throttled", "throttled"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture<T: DeserializeOwned>(path: &str) -> T {
    let text = fs::read_to_string(folder().join(path)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_documentations_events_are_read_alike_in_both_schemas() {
    for (name, kind, home) in EVENTS {
        let read = |schema: &str| {
            let delivery: Vec<Value> = fixture(&format!("events/{name}.{schema}.json"));
            match event::read(&delivery[0]) {
                Ok(Parsed::Policy(event)) => event,
                other => panic!("{name}.{schema}: {other:?}"),
            }
        };
        let event = read("eventgrid");
        assert_eq!(event, read("cloudevents"), "{name}");
        assert_eq!((event.kind, &event.reference), (kind, &None), "{name}: an empty reference is none");
        assert!(event.resource.as_str().eq_ignore_ascii_case(
            "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2/resourceGroups/App-Group/providers/Microsoft.Storage/storageAccounts/stcontoso001"
        ));
        let assignment = format!("{home}/providers/microsoft.authorization/policyassignments/inherit-tag");
        assert_eq!(event.assignment.as_str(), assignment, "{name}");
        assert_eq!(Some(event.observed_at), parse_time("2021-03-27T18:37:42.4496956Z"), "{name}: to the tick");
        let wanted = if kind == EventKind::Deleted { Relevance::Deleted } else { Relevance::NonCompliant };
        assert_eq!(event.relevance(), wanted, "{name}");
    }
}

#[test]
fn recorded_tasks_are_read_by_their_states() {
    for (name, state, word) in TASKS {
        let path = format!("remediations/{name}.json");
        let status: TaskStatus = read_item(&fixture(&path)).unwrap();
        assert_eq!((status.state, status.word.as_str()), (state, word), "{name}");
        let created = fixture::<Value>(&path)["properties"]["createdOn"].as_str().map(str::to_owned).unwrap();
        assert_eq!(status.created_on, parse_time(&created), "{name}");
        let listed: ListedTask = read_item(&fixture(&path)).unwrap();
        assert!(listed.scope.starts_with("/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourcegroups/pstest"));
        assert_eq!((listed.reference.as_str(), listed.resources), ("", None), "{name}: all of its scope");
        assert!(listed.assignment.ends_with("/policyassignments/pstestdeployassignmentsub"), "{name}");
    }
}

#[test]
fn recorded_deployments_are_read_with_resource_and_end() {
    let _: Page<Deployment> = fixture(DEPLOYMENTS);
    let list: Value = fixture(DEPLOYMENTS);
    let one: Deployment = read_item(&list["value"][0]).unwrap();
    assert_eq!(one.status, DeploymentStatus::Succeeded);
    assert!(one.resource.ends_with("/microsoft.network/networksecuritygroups/pstests1"));
    assert_eq!(one.ended, parse_time("2022-01-25T23:09:11.9336417Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_refusals_of_a_task_mean_what_they_mean() {
    // Each refusal at the address of a task of its own number.
    let bodies: Vec<Value> = ERRORS.iter().map(|(name, _)| fixture(&format!("errors/{name}.json"))).collect();
    let answer = move |uri: axum::http::Uri| async move {
        let number: usize = uri.path().rsplit('-').next().unwrap().parse().unwrap();
        let status = u16::try_from(bodies[number]["status"].as_u64().unwrap()).unwrap();
        (StatusCode::from_u16(status).unwrap(), axum::Json(bodies[number]["body"].clone()))
    };
    let azure = LocalAzure::start(Router::new().fallback(answer), LocalAzureOptions::default()).await.unwrap();
    let places = azure.endpoints();
    let client = http_client(Some(&places.ca_file)).unwrap();
    let token = Arc::new(Token(azure.token("https://management.azure.com").unwrap()));
    for (number, (name, meaning)) in ERRORS.iter().enumerate() {
        // A client each: after a 429 one makes no further call to the subscription.
        let endpoint = places.resource_manager.parse().unwrap();
        let audience = "https://management.azure.com/.default".to_owned();
        let arm = ArmClient::new(endpoint, audience, token.clone(), client_options(&client), Clocks::default());
        let before = Timestamp::now_utc();
        let put = policy_remediator::arm::creation(
            arm.send(&creation(number), Deadline::after(crate::stage::PATIENCE)).await,
        );
        let found = match put {
            Creation::Accepted => "accepted".to_owned(),
            Creation::Wait => "wait".to_owned(),
            Creation::Throttled(until) => {
                assert!(until > before, "{name}: a floor ahead");
                "throttled".to_owned()
            }
            Creation::Refused(words) => {
                assert!(words.len() > 80, "{name}: the service's own words: {words}");
                format!("refused: {}", words.split(':').next().unwrap())
            }
            Creation::Park(cause) => format!("parked: {}", cause.reason.as_str()),
            Creation::Unknown => "unknown".to_owned(),
        };
        assert_eq!(found, *meaning, "{name}");
    }
}

/// The creation of a task with this number.
fn creation(number: usize) -> Call<TaskStatus> {
    let scope = "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2";
    let resource: ResourceId = format!("{scope}/resourceGroups/g/providers/a.b/c/d").parse().unwrap();
    let assignment: AssignmentId =
        format!("{scope}/providers/Microsoft.Authorization/policyAssignments/a").parse().unwrap();
    let target = Target::of(&resource, assignment, None);
    calls::create_task(&remediation::fact::NewTask {
        name: TaskName::new(&"fixtures".parse().unwrap(), &target.hash(), u64::try_from(number).unwrap()),
        target,
        kind: TaskKind::Listed,
        resources: vec![resource],
        request: TaskRequest {
            reference: None,
            parallel_deployments: 10,
            failure_threshold: 1.0,
            locations: BTreeSet::new(),
        },
    })
}

#[test]
fn every_fixture_is_used_and_its_source_is_named() {
    let mut used: BTreeSet<String> = BTreeSet::from([DEPLOYMENTS.to_owned()]);
    for (name, _, _) in EVENTS {
        used.extend(["eventgrid", "cloudevents"].map(|schema| format!("events/{name}.{schema}.json")));
    }
    used.extend(TASKS.iter().map(|(name, _, _)| format!("remediations/{name}.json")));
    used.extend(ERRORS.iter().map(|(name, _)| format!("errors/{name}.json")));
    let mut found = BTreeSet::new();
    for kind in ["events", "remediations", "errors"] {
        for file in fs::read_dir(folder().join(kind)).unwrap() {
            found.insert(format!("{kind}/{}", file.unwrap().file_name().into_string().unwrap()));
        }
    }
    assert_eq!(found, used);
    let sources = fs::read_to_string(folder().join("SOURCES.md")).unwrap();
    let patterns: Vec<&str> =
        sources.split('`').filter(|text| text.ends_with(".json") || text.ends_with(".*")).collect();
    for file in found {
        let name = file.split_once('/').unwrap().1;
        let named = patterns.iter().any(|pattern| {
            let pattern = pattern.rsplit('/').next().unwrap();
            let mut rest = name;
            pattern.split('*').all(|part| match rest.find(part) {
                Some(at) => {
                    rest = &rest[at + part.len()..];
                    true
                }
                None => false,
            })
        });
        assert!(named, "SOURCES.md says nothing of {file}");
    }
}

/// A credential that has its token already.
#[derive(Debug)]
pub(crate) struct Token(pub(crate) String);

impl TokenCredential for Token {
    fn get_token<'a, 'b, 'c, 'd, 'e>(
        &'a self,
        _: &'b [&'c str],
        _: Option<TokenRequestOptions<'d>>,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AccessToken>> + Send + 'e>>
    where
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
        Self: 'e,
    {
        let expires_on = Timestamp::now_utc() + time::Duration::hours(1);
        let token = AccessToken::new(Secret::new(self.0.clone()), expires_on);
        Box::pin(std::future::ready(Ok(token)))
    }
}
