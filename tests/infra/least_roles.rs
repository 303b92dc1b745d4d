//! Least privilege, tried with roles: the local Azure takes the role assignments of the snapshot for all that the worker and people on
//! call may do in Resource Manager, Service Bus and storage. All pass with them, and without one of them a call is refused, unless the
//! platform is what needs it.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;
use simulator::identity::{ManagedIdentities, Principal};
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::{LocalAzure, LocalAzureOptions};

use crate::held::{Held, Place, Who, entitled, given, held};
use crate::play::{NOTHING, Play};
use crate::proof::{Needs, of_role};
use crate::snapshot::role_actions;

/// The services, where this principal is the app's own and is refused what it has no right to.
pub(crate) fn options(manager: &ResourceManager, principal: &Principal, home_tenant_id: String) -> LocalAzureOptions {
    let identities = ManagedIdentities { system_assigned: Some(principal.clone()), user_assigned: Vec::new() };
    LocalAzureOptions { home_tenant_id, identities, gate: Some(manager.gate()), ..LocalAzureOptions::default() }
}

/// What a principal was refused: the action, and the last word of the place.
fn refused(manager: &ResourceManager, principal: &Principal) -> BTreeSet<(String, String)> {
    let calls = manager.refused_calls().into_iter().filter(|call| call.caller == principal.object_id);
    calls.map(|call| (call.action, call.scope.name().to_owned())).collect()
}

/// Whether this call is among them, at any place where none is named.
pub(crate) fn has(refused: &BTreeSet<(String, String)>, (action, place): (&str, &str)) -> bool {
    refused.iter().any(|(known, at)| known == action && (place.is_empty() || at == place))
}

impl Play {
    /// Plays with these roles until all that can be fixed is, or this is refused. What was, and whether all is fixed.
    pub(crate) async fn with_roles(
        mut self,
        rights: &BTreeSet<Held>,
        awaited: Option<(&str, &str)>,
    ) -> (BTreeSet<(String, String)>, bool) {
        let worker = Principal::random();
        let home = self.estate.home_tenant.clone();
        let grants = self.settings.get("GRANT_ROLES").cloned();
        self.estate = entitled(self.estate, &worker, rights, &role_actions("default"), grants.as_deref());
        let manager = ResourceManager::new(self.estate.clone(), self.tempo.clone());
        let run = self.begin(manager.clone(), manager.router(), options(&manager, &worker, home)).await;
        let is_refused = awaited.map(|call| {
            let worker = worker.clone();
            move |manager: &ResourceManager| has(&refused(manager, &worker), call)
        });
        let (is_done, _) = run.ended(is_refused).await;
        (refused(&manager, &worker), is_done)
    }
}

/// What the default deployment gives to the worker.
pub(crate) fn of_worker() -> BTreeSet<Held> {
    held("default").into_iter().filter(|one| one.who == Who::Worker).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_batch_runs_and_storm_pass_with_the_deployed_roles_and_no_other() {
    for play in [Play::demo(), Play::storm()] {
        assert_eq!(play.with_roles(&of_worker(), None).await, (BTreeSet::new(), true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_the_workers_roles_a_call_is_refused_unless_the_platform_needs_it() {
    let all = of_worker();
    let mut of_others = all.clone();
    for right in &all {
        let Needs::Call(action, place) = of_role(right).needs else { continue };
        of_others.remove(right);
        // The demo begins no scan: a play of its own does.
        if place == "batch-runs" {
            continue;
        }
        let mut fewer = all.clone();
        fewer.remove(right);
        let (refused, _) = Play::demo().with_roles(&fewer, Some((action, place))).await;
        assert!(has(&refused, (action, place)), "{right:?}: {refused:?}");
    }
    let called: BTreeSet<_> = all.difference(&of_others).cloned().collect();
    assert!(!called.is_empty() && !of_others.is_empty());
    assert_eq!(
        Play::demo().with_roles(&called, None).await,
        (BTreeSet::new(), true),
        "what the platform and commands alone need"
    );
}

/// The services after a demo, with somebody who runs commands.
struct Desk {
    azure: LocalAzure,
    manager: ResourceManager,
    somebody: Principal,
    namespace: String,
}

impl Desk {
    /// A demo was played; some of its resources are parked.
    async fn after_a_demo() -> Self {
        let mut play = Play::demo();
        let (worker, somebody, home) = (Principal::random(), Principal::random(), play.estate.home_tenant.clone());
        play.estate = entitled(play.estate, &worker, &of_worker(), &role_actions("default"), None);
        let subscription = play.estate.subscriptions[0].id.clone();
        let manager = ResourceManager::new(play.estate.clone(), Tempo::quick());
        let mut options = options(&manager, &worker, home);
        options.identities.user_assigned.push(somebody.clone());
        let (is_done, azure) = play.begin(manager.clone(), manager.router(), options).await.ended(NOTHING).await;
        assert!(is_done);
        let group = format!("/subscriptions/{subscription}/resourceGroups/rg");
        let namespace = format!("{group}/providers/Microsoft.ServiceBus/namespaces/sb");
        manager.shows_queues(&namespace, azure.broker());
        Self { azure, manager, somebody, namespace }
    }

    /// What a command with these roles comes to, and what it was refused.
    async fn run(&self, rights: &BTreeSet<Held>, arguments: &[&str]) -> (Output, BTreeSet<(String, String)>) {
        let before = self.manager.refused_calls().len();
        self.manager.amends(|estate| {
            estate.access.grants.retain(|one| one.principal != self.somebody.object_id);
            let given = rights.iter().flat_map(|right| given(right, &self.somebody, Some(&self.namespace)));
            estate.access.grants.extend(given);
        });
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command.args(arguments).env_clear().envs(self.azure.worker_env());
        for (name, value) in [
            ("AZURE_CLIENT_ID", &self.somebody.client_id),
            ("ServiceBus__clientId", &self.somebody.client_id),
            ("SERVICEBUS_RESOURCE_ID", &self.namespace),
        ] {
            command.env(name, value);
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let calls = self.manager.refused_calls().into_iter().skip(before);
        let own = calls.filter(|call| call.caller == self.somebody.object_id);
        (output, own.map(|call| (call.action, call.scope.name().to_owned())).collect())
    }
}

/// What people on call run, of what needs storage and queues alone. The last word of one is the pattern of an assignment that is parked.
fn on_call(parked: &'static str) -> [Vec<&'static str>; 11] {
    [
        vec!["status", "--json"],
        vec!["pause", "--reason", "night"],
        vec!["resume"],
        vec!["parked", "list", "--json"],
        vec!["parked", "retry", "--assignment", parked],
        vec!["rejected", "list", "--json"],
        vec!["rejected", "list", "--dead-letter", "--json"],
        vec!["rejected", "retry", "--all", "--json"],
        vec!["rejected", "retry", "--dead-letter", "--all", "--json"],
        vec!["runs", "list", "--json"],
        vec!["run", "--scope", "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322", "--run-id", "night"],
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn people_on_call_can_do_what_the_commands_do_and_without_any_one_of_their_roles_one_is_refused() {
    let desk = Desk::after_a_demo().await;
    let all: BTreeSet<_> = held("all-options").into_iter().filter(|one| one.who == Who::People).collect();
    let event = Play::demo().events.remove(0);
    let given_up = || {
        let content = Value::Array(vec![event.clone()]).to_string();
        desk.azure.blobs().put("events-dead-letter", "topic/sub/2026/11/21/7/a.json", content).unwrap();
    };
    given_up();
    for arguments in on_call("*network*") {
        let (output, refused) = desk.run(&all, &arguments).await;
        assert_eq!(refused, BTreeSet::new(), "{arguments:?}: {output:?}");
        // 3 where something wants attention.
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {output:?}");
    }
    let counts = desk.run(&all, &["status", "--json"]).await.0;
    assert!(String::from_utf8_lossy(&counts.stdout).contains("noncompliant-resources"), "{counts:?}");
    for right in &all {
        let Needs::Command(command, action, place) = of_role(right).needs else { panic!("{right:?}") };
        let fewer = all.iter().filter(|one| *one != right).cloned().collect();
        given_up();
        let words: Vec<_> = command.split(' ').collect();
        let mut found = BTreeSet::new();
        for arguments in on_call("*alerts*").into_iter().filter(|arguments| arguments.starts_with(&words)) {
            found.extend(desk.run(&fewer, &arguments).await.1);
        }
        assert!(has(&found, (action, place)), "{right:?}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_of_the_queues_need_the_role_at_the_namespace() {
    let desk = Desk::after_a_demo().await;
    let all = of_worker().into_iter().filter(|right| right.role.is_some()).collect::<BTreeSet<_>>();
    let fewer = all.iter().filter(|right| right.place != Place::Namespace).cloned().collect();
    assert_eq!(desk.run(&all, &["status", "--json"]).await.1, BTreeSet::new());
    let refused = desk.run(&fewer, &["status", "--json"]).await.1;
    assert_eq!(refused, BTreeSet::from([("Microsoft.ServiceBus/namespaces/queues/read".to_owned(), "sb".to_owned())]));
}
