//! Least privilege, tried: Resource Manager of the local Azure takes the role of the snapshot for all that the worker may do. The demo
//! passes with it, every action of it is used by some call, and without one the call is refused.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};
use axum::middleware::{Next, from_fn};
use serde_json::json;
use simulator::LocalAzureOptions;
use simulator::resource_manager::ResourceManager;

use crate::play::Play;
use crate::proof::UNPLAYED;
use crate::snapshot::role_actions;

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
pub(crate) struct Asked {
    pub(crate) allowed: BTreeSet<String>,
    pub(crate) refused: BTreeSet<String>,
}

impl Play {
    /// Plays until all that can be fixed is, or until all of `awaited` was asked.
    pub(crate) async fn with(self, granted: &BTreeSet<String>, awaited: &BTreeSet<String>) -> Asked {
        let options =
            LocalAzureOptions { home_tenant_id: self.estate.home_tenant.clone(), ..LocalAzureOptions::default() };
        let manager = ResourceManager::new(self.estate.clone(), self.tempo.clone());
        let asked = Arc::new(Mutex::new(Asked::default()));
        let router = guarded(manager.router(), granted.clone(), Arc::clone(&asked));
        let run = self.begin(manager, router, options).await;
        let was_asked =
            |asked: &Asked| awaited.iter().all(|one| asked.refused.contains(one) || asked.allowed.contains(one));
        run.ended((!awaited.is_empty()).then_some(|_: &_| was_asked(&asked.lock().unwrap()))).await;
        std::mem::take(&mut *asked.lock().unwrap())
    }
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
/// Asked where the worker is refused something, to tell what it lacks.
const OWN_RIGHTS: &str = "microsoft.authorization/permissions/read";
const ASSIGNMENTS: &str = "microsoft.authorization/policyassignments/read";
const STATES: &str = "microsoft.policyinsights/policystates/queryresults/action";

/// Asked in the demo's delegated subscription, where the customer's template gives it.
const OF_THE_CUSTOMER: &str = "microsoft.managedservices/registrationassignments/read";

/// The actions of the deployed role, and what a customer gives.
fn deployed() -> BTreeSet<String> {
    let mut actions: BTreeSet<_> =
        role_actions("default").into_iter().map(|action| action.to_ascii_lowercase()).collect();
    assert!(actions.insert(OF_THE_CUSTOMER.to_owned()), "no role of ours reaches there");
    actions
}

/// What these plays have no cause to ask.
fn unplayed() -> BTreeSet<String> {
    UNPLAYED.iter().map(|(action, _)| action.to_ascii_lowercase()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_and_storm_pass_with_the_deployed_role_and_need_all_of_it() {
    let granted = deployed();
    let mut needed = unplayed();
    needed.extend([AFTER_A_REFUSAL, OWN_RIGHTS].map(str::to_owned));
    needed.retain(|action| granted.contains(action));
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
    let unplayed = unplayed();
    for action in granted.difference(&unplayed) {
        let mut missing = BTreeSet::from([action.clone()]);
        match action.as_str() {
            AFTER_A_REFUSAL => _ = missing.insert(STATES.to_owned()),
            OWN_RIGHTS => _ = missing.insert(ASSIGNMENTS.to_owned()),
            _ => {}
        }
        let play = if action.contains("evaluation") || action.contains("asyncoperation") {
            Play::storm()
        } else {
            Play::demo()
        };
        let asked = play.with(&granted.difference(&missing).cloned().collect(), &missing).await;
        assert!(asked.refused.is_superset(&missing), "{missing:?}: {:?}", asked.refused);
        println!("refused without it: {action}");
    }
}
