//! A stage: the local Azure of one test, and the worker on it under a Functions host.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use simulator::estate::Estate;
use simulator::functions_host::{CtrlC, FunctionsHost, HostOptions, LogLine};
use simulator::identity::{ManagedIdentities, Principal};
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::with_rights;
use tempfile::TempDir;

use super::package::stage_package;
use super::settings::{NEVER, settings};

/// The tempo of the tests' tasks: short, but long enough to be seen while they run. What is seen of them lags a little.
pub(crate) fn tempo() -> Tempo {
    Tempo {
        accepted: Duration::from_millis(50),
        evaluating: Duration::from_millis(50),
        on_demand: Duration::from_millis(200),
        deployment: Duration::from_millis(150),
        cancelling: Duration::from_millis(50),
        counters_lag: Duration::from_millis(60),
        lists_lag: Duration::from_millis(20),
        states_lag: Duration::from_millis(500),
        evaluation_cycle: Duration::from_secs(24 * 3_600),
    }
}

/// A local Azure with the worker on it.
pub(crate) struct Stage {
    /// Resource Manager.
    pub(crate) manager: ResourceManager,
    /// All other services.
    pub(crate) azure: LocalAzure,
    host: Option<FunctionsHost>,
    /// What hosts that are gone have logged.
    earlier: Vec<LogLine>,
    package: TempDir,
}

impl Stage {
    /// Everything runs, the worker in `act` mode.
    pub(crate) async fn start(estate: Estate) -> Self {
        Self::with(estate, &[]).await
    }

    /// The same with other settings.
    pub(crate) async fn with(estate: Estate, changes: &[(&str, &str)]) -> Self {
        let mut stage = Self::without_worker(estate).await;
        stage.start_worker(changes, 1).await;
        stage
    }

    /// The services, and no worker yet.
    pub(crate) async fn without_worker(estate: Estate) -> Self {
        let options = LocalAzureOptions { home_tenant_id: estate.home_tenant.clone(), ..LocalAzureOptions::default() };
        let manager = ResourceManager::new(estate, tempo());
        let azure = LocalAzure::start(manager.router(), options).await.unwrap();
        azure.ledger().keep_bodies(true);
        Self { manager, azure, host: None, earlier: Vec::new(), package: stage_package() }
    }

    /// Another installation over the same Resource Manager, with storage, queues and an identity of its own, and no worker yet.
    pub(crate) async fn beside(&self, home_tenant_id: String) -> Self {
        let options = LocalAzureOptions { home_tenant_id, ..LocalAzureOptions::default() };
        let azure = LocalAzure::start(self.manager.router(), options).await.unwrap();
        azure.ledger().keep_bodies(true);
        Self { manager: self.manager.clone(), azure, host: None, earlier: Vec::new(), package: stage_package() }
    }

    /// Everything runs, and rights are enforced: the worker has those of its deployment and nobody else has any.
    pub(crate) async fn with_rights(estate: Estate, changes: &[(&str, &str)]) -> Self {
        let worker = Principal::random();
        let home_tenant_id = estate.home_tenant.clone();
        let grants = changes.iter().find(|(name, _)| *name == "GRANT_ROLES").map(|(_, roles)| *roles);
        let manager = ResourceManager::new(with_rights(estate, &worker, grants), tempo());
        let identities = ManagedIdentities { system_assigned: Some(worker), user_assigned: Vec::new() };
        let options = LocalAzureOptions {
            home_tenant_id,
            identities,
            gate: Some(manager.gate()),
            ..LocalAzureOptions::default()
        };
        let azure = LocalAzure::start(manager.router(), options).await.unwrap();
        azure.ledger().keep_bodies(true);
        let mut stage = Self { manager, azure, host: None, earlier: Vec::new(), package: stage_package() };
        stage.start_worker(changes, 1).await;
        stage
    }

    /// Starts the worker on what is there.
    pub(crate) async fn start_worker(&mut self, changes: &[(&str, &str)], instances: usize) {
        self.start_host(changes, instances, false).await;
        self.azure.faults().on_kill(self.host().killer(0));
    }

    /// Starts so many workers of each function; who is killed is one that remediates.
    pub(crate) async fn start_split_worker(&mut self, changes: &[(&str, &str)], each: usize) {
        self.start_host(changes, each, true).await;
        let first = self.host().instances_of("remediate")[0];
        self.azure.faults().on_kill(self.host().killer(first));
    }

    async fn start_host(&mut self, changes: &[(&str, &str)], instances: usize, split: bool) {
        assert!(self.host.is_none(), "one host at a time");
        let mut options = HostOptions {
            ctrl_c: CtrlC::Ignore,
            instances,
            split,
            platform_restart: Some(Duration::from_millis(20)),
            kept_log_lines: 500_000,
            ..self.azure.host_options()
        };
        options.settings.extend(settings(changes));
        options.timers_run = options.settings["SWEEP_SCHEDULE"] != NEVER;
        let host = FunctionsHost::start(self.package.path(), self.azure.broker().clone(), options).await.unwrap();
        self.host = Some(host);
    }

    /// All settings of a worker here, with these changes.
    pub(crate) fn worker_settings(&self, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut all = self.azure.worker_env();
        all.extend(settings(changes));
        all
    }

    /// Stops the worker as the platform does: SIGKILL, and what it held stays locked until its locks expire.
    pub(crate) async fn stop_worker(&mut self) {
        let host = self.host.take().expect("a worker runs");
        self.earlier.extend(host.shutdown().await);
    }

    /// The host, while a worker runs.
    pub(crate) fn host(&self) -> &FunctionsHost {
        self.host.as_ref().expect("a worker runs")
    }

    /// All log lines so far, of hosts that are gone too.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.earlier.iter().cloned().chain(self.host.iter().flat_map(FunctionsHost::log)).collect()
    }

    /// Delivers events as Event Grid does; every one must be accepted at last. How many deliveries were repeated.
    pub(crate) async fn deliver(&self, events: Vec<Value>) -> usize {
        let count = events.len();
        let report = self.host().deliver("receive-event", events).await;
        assert_eq!((report.delivered, report.dropped.len()), (count, 0), "{:?}", report.dropped);
        report.redeliveries
    }
}
