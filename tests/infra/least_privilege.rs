//! Least privilege, tried: Resource Manager of the local Azure takes the role of the snapshot for all that the worker may do. The demo
//! passes with it, every action of it is used by some call, and without one the call is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};
use axum::middleware::{Next, from_fn};
use serde_json::{Value, json};
use simulator::estate::{ComplianceState, Estate};
use simulator::faults::Rule;
use simulator::functions_host::FunctionsHost;
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::service_bus::{Message, event_grid};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{Burst, Mode, Storm, burst, estate, judgement, settings};
use time::OffsetDateTime;

use crate::snapshot::{path, role_actions};

const PATIENCE: Duration = Duration::from_secs(240);

/// The action that a call needs, by Resource Manager's rule: the provider, the types in the path without the names between them, and
/// what the method does.
fn action(method: &Method, path: &str) -> String {
    let Some((_, of_provider)) = path.rsplit_once("/providers/") else {
        return "Microsoft.Resources/subscriptions/read".to_owned();
    };
    let mut parts = of_provider.split('/');
    let provider = parts.next().unwrap();
    let types: Vec<_> = parts.step_by(2).collect();
    if provider == "Microsoft.ResourceGraph" {
        // Microsoft documentation, "Azure permissions for Management and governance": a query is a read.
        return format!("{provider}/{}/read", types.join("/"));
    }
    let verb = match (method.as_str(), types.last().copied()) {
        // Microsoft documentation, "Azure permissions for Management and governance", has this one as a read.
        ("POST", Some("listDeployments")) | ("GET", _) => "read",
        ("PUT", _) => "write",
        ("DELETE", _) => "delete",
        ("POST", _) => "action",
        (other, _) => panic!("{other} {path}"),
    };
    format!("{provider}/{}/{verb}", types.join("/"))
}

/// What the calls of a run needed, and what of it was refused; in lower case, as the service compares.
#[derive(Debug, Default)]
struct Asked {
    allowed: BTreeSet<String>,
    refused: BTreeSet<String>,
}

/// What happens: an estate, events of it, and what goes wrong.
struct Play {
    estate: Estate,
    events: Vec<Value>,
    settings: BTreeMap<String, String>,
    faults: Vec<Rule>,
    runs: Vec<String>,
}

impl Play {
    fn demo() -> Self {
        let estate = estate(OffsetDateTime::now_utc());
        let events = burst(&estate, Burst::default());
        // What a batch run asks of management groups, and of Resource Graph.
        let scopes = [
            (
                "groups",
                json!(
                    estate
                        .management_groups
                        .iter()
                        .map(|one| format!("/providers/Microsoft.Management/managementGroups/{}", one.name))
                        .collect::<Vec<_>>()
                ),
                "policyStates",
            ),
            (
                "graph",
                json!(estate.subscriptions.iter().map(|one| format!("/subscriptions/{}", one.id)).collect::<Vec<_>>()),
                "resourceGraph",
            ),
        ];
        let runs = scopes
            .map(|(id, scopes, how)| {
                json!({ "version": 1, "runId": id, "scopes": scopes, "discovery": how }).to_string()
            })
            .into();
        Self { estate, events, settings: BTreeMap::new(), faults: Vec::new(), runs }
    }

    /// Some resources of a storm have no evaluation result, so that evaluations are asked for.
    fn storm() -> Self {
        let storm = Storm::of(100, 1);
        let estate = storm.estate(OffsetDateTime::now_utc());
        let events = storm.events(&estate);
        Self { estate, events, settings: storm.settings(), faults: storm.faults(), runs: Vec::new() }
    }

    /// Plays until all that can be fixed is, or until all of `awaited` is refused.
    async fn with(mut self, granted: &BTreeSet<String>, awaited: &BTreeSet<String>) -> Asked {
        let package = tempfile::tempdir().unwrap();
        let folder = package.path().join("dist");
        stage(&folder);
        let wanted = judgement::fixable(&self.estate);
        let options =
            LocalAzureOptions { home_tenant_id: self.estate.home_tenant.clone(), ..LocalAzureOptions::default() };
        let manager = ResourceManager::new(self.estate, Tempo::quick());
        let asked = Arc::new(Mutex::new(Asked::default()));
        let router = guarded(manager.router(), granted.clone(), Arc::clone(&asked));
        let azure = LocalAzure::start(router, options).await.unwrap();
        self.faults.into_iter().for_each(|rule| azure.faults().add(rule));
        let mut options = azure.host_options();
        options.settings.extend(settings(Mode::Act));
        options.settings.extend(self.settings);
        let host = FunctionsHost::start(&folder, azure.broker().clone(), options).await.unwrap();
        // By the queue, as it is deployed, and by the webhook.
        let posted = self.events.split_off(self.events.len() / 2);
        event_grid::deliver(azure.broker(), "policy-events", &self.events).unwrap().unwrap();
        azure.broker().send("batch-runs", self.runs.into_iter().map(Message::text).collect()).unwrap().unwrap();
        let delivery = tokio::spawn(host.deliver("receive-event", posted));
        let begun = Instant::now();
        loop {
            let records = manager.records().into_iter();
            let compliant: BTreeSet<_> = records
                .filter(|record| record.state == Some(ComplianceState::Compliant))
                .map(|record| record.key)
                .collect();
            let is_done = delivery.is_finished() && host.idle() && wanted.iter().all(|key| compliant.contains(key));
            let is_refused = !awaited.is_empty() && asked.lock().unwrap().refused.is_superset(awaited);
            if is_done || is_refused {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "not all is fixed: {:?}", asked.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        host.shutdown().await;
        std::mem::take(&mut *asked.lock().unwrap())
    }
}

/// The package, laid out by the script that lays out the deployed one.
fn stage(folder: &Path) {
    let staged = Command::new(path("scripts/package"))
        .arg("--stage")
        .arg(env!("CARGO_BIN_EXE_policy-remediator"))
        .arg(folder)
        .status();
    assert!(staged.unwrap().success());
}

/// Access control in front of Resource Manager, with the words of the real one.
fn guarded(manager: Router, granted: BTreeSet<String>, asked: Arc<Mutex<Asked>>) -> Router {
    let granted = Arc::new(granted);
    manager.layer(from_fn(move |request: Request, next: Next| {
        let (granted, asked) = (Arc::clone(&granted), Arc::clone(&asked));
        async move {
            let scope = request.uri().path().to_owned();
            let action = action(request.method(), &scope);
            let known = action.to_ascii_lowercase();
            if granted.contains(&known) {
                asked.lock().unwrap().allowed.insert(known);
                return next.run(request).await;
            }
            asked.lock().unwrap().refused.insert(known);
            let message = format!(
                "The client does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
            );
            let body = json!({ "error": { "code": "AuthorizationFailed", "message": message } });
            let answer = Response::builder().status(403).header("content-type", "application/json");
            answer.body(Body::from(body.to_string())).unwrap()
        }
    }))
}

/// Asked only where another question was refused: whose subscription is it?
const AFTER_A_REFUSAL: &str = "microsoft.resources/subscriptions/read";
/// Asked in a delegated subscription only, of which these estates have none.
const DELEGATED: &str = "microsoft.managedservices/registrationassignments/read";
const STATES: &str = "microsoft.policyinsights/policystates/queryresults/action";

/// Resource Graph asks for it itself, behind its own call.
const OF_GRAPH: &str = "microsoft.policyinsights/policystates/queryresults/read";

/// Asked where an initiative is pinned to another version than the current one; these estates pin a policy only.
const OF_PINNED_SETS: &str = "microsoft.authorization/policysetdefinitions/versions/read";

/// Asked where the worker is refused something, to tell what it lacks.
const OWN_RIGHTS: &str = "microsoft.authorization/permissions/read";

/// What these plays have no cause to ask.
const UNPLAYED: [&str; 4] = [DELEGATED, OF_GRAPH, OF_PINNED_SETS, OWN_RIGHTS];

/// The actions of the deployed role.
fn deployed() -> BTreeSet<String> {
    role_actions("default").into_iter().map(|action| action.to_ascii_lowercase()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_and_storm_pass_with_the_deployed_role_and_need_all_of_it() {
    let granted = deployed();
    let mut needed = BTreeSet::from(UNPLAYED.map(str::to_owned));
    needed.insert(AFTER_A_REFUSAL.to_owned());
    for play in [Play::demo(), Play::storm()] {
        let asked = play.with(&granted, &BTreeSet::new()).await;
        assert_eq!(asked.refused, BTreeSet::new());
        needed.extend(asked.allowed);
    }
    assert_eq!(needed, granted, "what nobody needs goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_its_actions_a_call_is_refused() {
    if std::env::var_os("LONG_SCENARIOS").is_none() {
        println!("left out: it plays a demo for each action; LONG_SCENARIOS=1, as CI sets it, runs it");
        return;
    }
    let granted = deployed();
    for action in granted.iter().filter(|action| !UNPLAYED.contains(&action.as_str())) {
        let mut missing = BTreeSet::from([action.clone()]);
        if action == AFTER_A_REFUSAL {
            missing.insert(STATES.to_owned());
        }
        let play = if action.contains("evaluation") || action.contains("asyncoperation") {
            Play::storm()
        } else {
            Play::demo()
        };
        let asked = play.with(&granted.difference(&missing).cloned().collect(), &missing).await;
        assert_eq!(asked.refused, missing);
        println!("refused without it: {action}");
    }
}
