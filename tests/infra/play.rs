//! What is played to see which rights the worker needs: the demo with batch runs, and a storm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::Router;
use serde_json::{Value, json};
use simulator::estate::{ComplianceState, Estate, RecordKey};
use simulator::faults::Rule;
use simulator::functions_host::{DeliveryReport, FunctionsHost};
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::service_bus::{Message, event_grid};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{Burst, Mode, Storm, burst, estate, judgement, settings};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use crate::snapshot::path;

/// Nothing is awaited but that all is fixed.
pub(crate) const NOTHING: Option<fn(&ResourceManager) -> bool> = None;
const PATIENCE: Duration = Duration::from_secs(240);

/// What happens: an estate, events of it, and what goes wrong.
pub(crate) struct Play {
    pub(crate) estate: Estate,
    pub(crate) events: Vec<Value>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) faults: Vec<Rule>,
    pub(crate) runs: Vec<String>,
    pub(crate) tempo: Tempo,
    /// What people write about pauses as soon as a task runs.
    pub(crate) controls_later: Option<Value>,
    /// What can be fixed.
    pub(crate) wanted: Vec<RecordKey>,
}

impl Play {
    /// What events tell of an estate.
    pub(crate) fn of(estate: Estate, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self {
            events: burst(&estate, Burst::default()),
            wanted: judgement::fixable(&estate),
            estate,
            settings,
            faults: Vec::new(),
            runs: Vec::new(),
            tempo: Tempo::quick(),
            controls_later: None,
        }
    }

    /// With batch runs as well.
    pub(crate) fn with_runs(mut self, runs: impl IntoIterator<Item = Value>) -> Self {
        self.runs.extend(runs.into_iter().map(|run| run.to_string()));
        self
    }

    /// The demo, with batch runs over its management groups and through Resource Graph.
    pub(crate) fn demo() -> Self {
        let estate = estate(OffsetDateTime::now_utc());
        // What a batch run asks of management groups, and of Resource Graph.
        let scopes = [
            (
                "groups",
                json!(
                    estate
                        .management_groups
                        .iter()
                        // Lighthouse delegates no management groups.
                        .filter(|one| one.tenant == estate.home_tenant)
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
        let runs =
            scopes.map(|(id, scopes, how)| json!({ "version": 1, "runId": id, "scopes": scopes, "discovery": how }));
        Self::of(estate, &[]).with_runs(runs)
    }

    /// Some resources of a storm have no evaluation result, so that evaluations are asked for.
    pub(crate) fn storm() -> Self {
        let storm = Storm::of(100, 1);
        let estate = storm.estate(OffsetDateTime::now_utc());
        let events = storm.events(&estate);
        Self { events, settings: storm.settings(), faults: storm.faults(), ..Self::of(estate, &[]) }
    }

    /// Begins to play it on this Resource Manager.
    pub(crate) async fn begin(mut self, manager: ResourceManager, router: Router, options: LocalAzureOptions) -> Run {
        let package = tempfile::tempdir().unwrap();
        let folder = package.path().join("dist");
        stage(&folder);
        let azure = LocalAzure::start(router, options).await.unwrap();
        self.faults.into_iter().for_each(|rule| azure.faults().add(rule));
        let mut options = azure.host_options();
        options.settings.extend(settings(Mode::Act));
        options.timers_run = self.settings.contains_key("SWEEP_SCHEDULE");
        options.settings.extend(self.settings);
        let host = FunctionsHost::start(&folder, azure.broker().clone(), options).await.unwrap();
        // By the queue, as it is deployed, and by the webhook.
        let posted = self.events.split_off(self.events.len() / 2);
        event_grid::deliver(azure.broker(), "policy-events", &self.events).unwrap().unwrap();
        azure.broker().send("batch-runs", self.runs.into_iter().map(Message::text).collect()).unwrap().unwrap();
        let delivery = tokio::spawn(host.deliver("receive-event", posted));
        let (wanted, controls_later) = (self.wanted, self.controls_later);
        Run { manager, host, delivery, wanted, azure, controls_later, _package: package }
    }
}

/// A play that goes on.
pub(crate) struct Run {
    pub(crate) manager: ResourceManager,
    host: FunctionsHost,
    delivery: JoinHandle<DeliveryReport>,
    /// What can be fixed.
    wanted: Vec<RecordKey>,
    pub(crate) azure: LocalAzure,
    controls_later: Option<Value>,
    _package: TempDir,
}

impl Run {
    /// Plays until enough was seen, or, where nothing is awaited, until all that can be fixed is; whether all is. The services go on.
    pub(crate) async fn ended(mut self, awaited: Option<impl Fn(&ResourceManager) -> bool>) -> (bool, LocalAzure) {
        let begun = Instant::now();
        let is_done = loop {
            if let Some(controls) = self.controls_later.take_if(|_| !self.manager.tasks().is_empty()) {
                self.azure.blobs().put("state", "controls.json", controls.to_string()).unwrap();
            }
            let records = self.manager.records().into_iter();
            let compliant: BTreeSet<_> = records
                .filter(|record| record.state == Some(ComplianceState::Compliant))
                .map(|record| record.key)
                .collect();
            let all_fixed = self.wanted.iter().all(|key| compliant.contains(key));
            let is_enough = match &awaited {
                Some(awaited) => awaited(&self.manager),
                None => self.delivery.is_finished() && self.host.idle() && all_fixed,
            };
            if is_enough {
                break all_fixed;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {:?}", self.manager.refused_calls());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        self.host.shutdown().await;
        (is_done, self.azure)
    }
}

/// The package, laid out by the script that lays out the deployed one.
pub(crate) fn stage(folder: &Path) {
    let staged = Command::new(path("scripts/package"))
        .arg("--stage")
        .arg(env!("CARGO_BIN_EXE_policy-remediator"))
        .arg(folder)
        .status();
    assert!(staged.unwrap().success());
}
