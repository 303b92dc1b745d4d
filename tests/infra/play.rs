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
use simulator::resource_manager::ResourceManager;
use simulator::service_bus::{Message, event_grid};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{Burst, Mode, Storm, burst, estate, judgement, settings};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use crate::snapshot::path;

const PATIENCE: Duration = Duration::from_secs(240);

/// What happens: an estate, events of it, and what goes wrong.
pub(crate) struct Play {
    pub(crate) estate: Estate,
    pub(crate) events: Vec<Value>,
    pub(crate) settings: BTreeMap<String, String>,
    faults: Vec<Rule>,
    runs: Vec<String>,
}

impl Play {
    /// The demo, with batch runs over its management groups and through Resource Graph.
    pub(crate) fn demo() -> Self {
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
        let runs = scopes
            .map(|(id, scopes, how)| {
                json!({ "version": 1, "runId": id, "scopes": scopes, "discovery": how }).to_string()
            })
            .into();
        Self { estate, events, settings: BTreeMap::new(), faults: Vec::new(), runs }
    }

    /// Some resources of a storm have no evaluation result, so that evaluations are asked for.
    pub(crate) fn storm() -> Self {
        let storm = Storm::of(100, 1);
        let estate = storm.estate(OffsetDateTime::now_utc());
        let events = storm.events(&estate);
        Self { estate, events, settings: storm.settings(), faults: storm.faults(), runs: Vec::new() }
    }

    /// Begins to play it on this Resource Manager.
    pub(crate) async fn begin(mut self, manager: ResourceManager, router: Router, options: LocalAzureOptions) -> Run {
        let package = tempfile::tempdir().unwrap();
        let folder = package.path().join("dist");
        stage(&folder);
        let wanted = judgement::fixable(&self.estate);
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
        Run { manager, host, delivery, wanted, azure, _package: package }
    }
}

/// A play that goes on.
pub(crate) struct Run {
    pub(crate) manager: ResourceManager,
    host: FunctionsHost,
    delivery: JoinHandle<DeliveryReport>,
    /// What can be fixed.
    wanted: Vec<RecordKey>,
    azure: LocalAzure,
    _package: TempDir,
}

impl Run {
    /// Plays until all that can be fixed is, or enough was seen; whether all is fixed. The services go on.
    pub(crate) async fn ended(self, is_enough: impl Fn(&ResourceManager) -> bool) -> (bool, LocalAzure) {
        let begun = Instant::now();
        let is_done = loop {
            let records = self.manager.records().into_iter();
            let compliant: BTreeSet<_> = records
                .filter(|record| record.state == Some(ComplianceState::Compliant))
                .map(|record| record.key)
                .collect();
            let all_fixed = self.wanted.iter().all(|key| compliant.contains(key));
            if self.delivery.is_finished() && self.host.idle() && all_fixed {
                break true;
            }
            if is_enough(&self.manager) {
                break false;
            }
            assert!(begun.elapsed() < PATIENCE, "not all is fixed: {:?}", self.manager.refused_calls());
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
