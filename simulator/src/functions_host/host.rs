//! The host: reads the package, starts the instances and their triggers, and holds the controls. Dropping it kills every
//! worker; so does Ctrl-C.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, Stream, stream};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
};

use super::{
    event_grid::{self, DeliveryReport, EventGridPolicy, Pending},
    groups::Group,
    instance::{Instance, Order, Phase},
    listener::Listener,
    logs::{LogLine, LogStream, Logs},
    options::{CtrlC, HostOptions},
    outcome::InvocationFailed,
    package::{Function, Package, PackageError, Trigger},
    shared::{Cause, Shared},
    web,
};
use crate::{
    Front, Service,
    service_bus::{Broker, Entity},
    tls::Endpoint,
};

/// How long a host that stops waits for the invocations of its triggers; recorded.
const PATIENCE_WITH_TRIGGERS: Duration = Duration::from_secs(10);

/// Why a host did not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The package cannot be served.
    #[error("the package cannot be served")]
    Package(#[from] PackageError),
    /// No port for the host's endpoint.
    #[error("the host's endpoint cannot be bound")]
    Endpoint(#[source] std::io::Error),
    /// A worker did not get ready.
    #[error("the worker did not start: {reason}\n{last_words}")]
    Worker {
        /// The host's words.
        reason: String,
        /// The last lines of the worker's output.
        last_words: String,
    },
    /// There is no function of this name and trigger.
    #[error("there is no {trigger} function '{name}'")]
    NoFunction {
        /// The name asked for.
        name: String,
        /// The kind of trigger.
        trigger: &'static str,
    },
}

/// A running Functions host. Dropping it stops everything.
pub struct FunctionsHost {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    broker: Broker,
    logs: Logs,
    event_grid: EventGridPolicy,
    deliveries: Arc<AtomicUsize>,
    // The last field: its tasks own what the others use.
    tasks: JoinSet<()>,
}

impl FunctionsHost {
    /// Starts the package in a folder (the script root) and waits until every worker is ready; only then do triggers
    /// deliver.
    ///
    /// # Errors
    /// When the package cannot be served, the endpoint not bound, or a worker does not get ready.
    pub async fn start(package: &Path, broker: Broker, options: HostOptions) -> Result<Self, HostError> {
        let root = std::path::absolute(package).unwrap_or_else(|_| package.to_owned());
        let package = Arc::new(Package::read(&root, &options)?);
        let logs = Logs::new(options.kept_log_lines);
        let mut tasks = JoinSet::new();
        let mut instances = Vec::new();
        for group in Group::of(&package.functions, options.split) {
            for _ in 0..options.instances.max(1) {
                let (instance, orders) =
                    Instance::new(instances.len(), group.clone(), package.clone(), logs.clone(), &options);
                tasks.spawn(instance.clone().keep(orders));
                instances.push(instance);
            }
        }
        let shared = Arc::new(Shared::new(package, instances, &options));
        let front = Front::new(Service::Functions, web::router(shared.clone()), options.ledger, options.faults);
        let endpoint = Endpoint::open_on(options.port, None, front.exchange()).await.map_err(HostError::Endpoint)?;
        let deliveries = Arc::new(AtomicUsize::new(0));
        let mut host = Self { shared, endpoint, broker, logs, event_grid: options.event_grid, deliveries, tasks };
        host.watch_ctrl_c(options.ctrl_c);
        host.until_ready().await?;
        for error in &host.shared.package.in_error {
            let name = error.function.as_deref().unwrap_or_default();
            host.logs.write(0, LogStream::Host, format!("The '{name}' function is in error: {}", error.problem));
        }
        host.listen(&options.settings);
        host.keep_time(options.timers_run);
        Ok(host)
    }

    /// `http://127.0.0.1:PORT` of the host: webhooks, HTTP functions, `/admin/functions/{name}`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The address of the host.
    pub fn address(&self) -> SocketAddr {
        self.endpoint.address()
    }

    /// The names of the functions it serves.
    pub fn functions(&self) -> Vec<String> {
        self.shared.package.functions.iter().map(|function| function.name.clone()).collect()
    }

    /// The numbers of the instances that serve a function.
    pub fn instances_of(&self, function: &str) -> Vec<usize> {
        let Some(function) = self.shared.function(function) else { return Vec::new() };
        let serving = self.shared.instances.iter().filter(|instance| instance.group.serves(function));
        serving.map(|instance| instance.number).collect()
    }

    /// How many instances there are.
    pub fn instances(&self) -> usize {
        self.shared.instances.len()
    }

    /// Delivers events to a function as Event Grid does: each in a post of its own, again after a failure. The future
    /// does not borrow the host, so it can be spawned.
    pub fn deliver(&self, function: &str, events: Vec<Value>) -> impl Future<Output = DeliveryReport> + Send + use<> {
        self.deliver_all(function, stream::iter(events))
    }

    /// The same of events that come one after the other, until their sender is gone.
    pub fn deliver_from(
        &self,
        function: &str,
        mut events: mpsc::Receiver<Value>,
    ) -> impl Future<Output = DeliveryReport> + Send + use<> {
        self.deliver_all(function, stream::poll_fn(move |context| events.poll_recv(context)))
    }

    fn deliver_all<S: Stream<Item = Value> + Send>(
        &self,
        function: &str,
        events: S,
    ) -> impl Future<Output = DeliveryReport> + Send + use<S> {
        let pending = Pending::new(self.deliveries.clone());
        let webhook = event_grid::webhook(self.address(), function, self.shared.key.as_deref());
        let delivery = event_grid::deliver(webhook, events, self.event_grid.clone());
        async move {
            let report = delivery.await;
            drop(pending);
            report
        }
    }

    /// Runs a timer now, on one instance, as if it were due, and waits for the function's end.
    ///
    /// # Errors
    /// The outer error: there is no such timer. The inner: the invocation failed.
    pub async fn fire(&self, name: &str) -> Result<Result<(), InvocationFailed>, HostError> {
        let function = self.shared.function(name).filter(|function| matches!(function.trigger, Trigger::Timer { .. }));
        let function = function.ok_or_else(|| HostError::NoFunction { name: name.to_owned(), trigger: "timer" })?;
        Ok(self.shared.fire(function, Cause::Schedule { is_past_due: false }).await.map(|_| ()))
    }

    /// Nothing is going on: no invocation, no delivery of Event Grid (waiting ones included), and no message active or
    /// locked in a queue that a function listens to. Scheduled messages do not count.
    pub fn idle(&self) -> bool {
        self.deliveries.load(Ordering::SeqCst) == 0
            && self.shared.instances.iter().all(|instance| instance.in_flight.load(Ordering::SeqCst) == 0)
            && self.entities().iter().all(|entity| self.broker.at_hand(entity) == 0)
    }

    /// Waits until nothing is going on; says whether that came within the limit.
    pub async fn until_idle(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, until(|| self.idle())).await.is_ok()
    }

    /// Kills a worker with SIGKILL, as a crash: the host restarts it, and stops itself at the third within 30 minutes.
    pub fn kill(&self, instance: usize) {
        if let Some(instance) = self.shared.instances.get(instance) {
            instance.order(Order::Kill);
        }
    }

    /// As [`FunctionsHost::kill`], but the signal has been sent when it comes back: for [`crate::Faults::on_kill`].
    pub fn killer(&self, instance: usize) -> impl Fn() + Send + Sync + use<> {
        let instance = self.shared.instances.get(instance).cloned();
        move || {
            if let Some(instance) = &instance {
                instance.strike();
            }
        }
    }

    /// Lets no trigger deliver to an instance any more; what it has goes on.
    pub fn pause(&self, instance: usize) {
        if let Some(instance) = self.shared.instances.get(instance) {
            instance.pause(true);
        }
    }

    /// Ends a pause.
    pub fn resume(&self, instance: usize) {
        if let Some(instance) = self.shared.instances.get(instance) {
            instance.pause(false);
        }
    }

    /// Where an instance is in its life, and what becomes of it; `None` when there is no such instance.
    pub fn phase(&self, instance: usize) -> Option<watch::Receiver<Phase>> {
        self.shared.instances.get(instance).map(|instance| instance.phase())
    }

    /// How often an instance's worker has been started.
    pub fn starts(&self, instance: usize) -> u64 {
        self.shared.instances.get(instance).map_or(0, |instance| instance.starts())
    }

    /// The most memory that any worker of an instance has had resident, in bytes; 0 where the system does not tell.
    pub fn peak_rss_bytes(&self, instance: usize) -> u64 {
        self.shared.instances.get(instance).map_or(0, |instance| instance.peak_rss())
    }

    /// Log lines from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.logs.subscribe()
    }

    /// Waits until all that the workers have written is in the log, and with those who subscribe to it.
    pub fn drain_log(&self) {
        self.logs.drain();
    }

    /// The log lines kept so far, oldest first; all that the workers had written when it was asked for is among them.
    pub fn log(&self) -> Vec<LogLine> {
        self.logs.kept()
    }

    /// Stops as the real host does when it is asked to: requests that are going on are waited for as long as they take, the
    /// invocations of other triggers for ten seconds, in which no further batch begins; then every worker is killed. No worker
    /// is told of it. What is in hand then stays locked.
    pub async fn stop(self) -> Vec<LogLine> {
        self.shared.draining.store(true, Ordering::SeqCst);
        until(|| self.shared.requests.load(Ordering::SeqCst) == 0).await;
        let instances = &self.shared.instances;
        instances.iter().for_each(|instance| instance.stop_listening());
        self.logs.write(0, LogStream::Host, "Stopping JobHost");
        let ended = until(|| instances.iter().all(|instance| instance.in_flight.load(Ordering::SeqCst) == 0));
        if tokio::time::timeout(PATIENCE_WITH_TRIGGERS, ended).await.is_ok() {
            self.logs.write(0, LogStream::Host, "Job host stopped");
        }
        self.shutdown().await
    }

    /// Kills every worker, waits until it is gone, and stops; gives the whole log. Messages in hand stay locked until their
    /// locks expire, as in Azure.
    pub async fn shutdown(mut self) -> Vec<LogLine> {
        // First nobody listens any more, so that no end of an invocation gives its messages back.
        self.tasks.shutdown().await;
        self.close();
        for instance in &self.shared.instances {
            instance.until_gone().await;
        }
        self.endpoint.stop().await;
        self.log()
    }

    fn close(&self) {
        self.shared.instances.iter().for_each(|instance| instance.close());
    }

    async fn until_ready(&self) -> Result<(), HostError> {
        for instance in &self.shared.instances {
            let mut phase = instance.phase();
            let settled = phase.wait_for(|phase| !matches!(phase, Phase::Starting)).await.map(|phase| phase.clone());
            let reason = match settled {
                Ok(Phase::Ready { .. }) => continue,
                Ok(Phase::Stopped { reason }) => reason,
                Ok(Phase::Exited { .. }) => "it ended with exit code 0".to_owned(),
                Ok(Phase::NothingToRun { reason }) => {
                    format!("{reason} (in Azure the host would run, and every invocation wait)")
                }
                Ok(Phase::Starting) | Err(_) => "the host is shutting down".to_owned(),
            };
            let lines = self.log().into_iter().filter(|line| line.stream != LogStream::Host);
            let mut last: Vec<String> = lines.map(|line| line.text).collect();
            let last_words = last.split_off(last.len().saturating_sub(20)).join("\n");
            return Err(HostError::Worker { reason, last_words });
        }
        Ok(())
    }

    fn listen(&mut self, settings: &BTreeMap<String, String>) {
        let namespace =
            settings.iter().find(|(name, _)| name.to_ascii_lowercase().ends_with("__fullyqualifiednamespace"));
        let namespace = namespace.map_or("localhost", |(_, value)| value).to_owned();
        for instance in &self.shared.instances {
            for function in &self.shared.package.functions {
                let Trigger::ServiceBus { entity, many, data_type, batch_size, completes } = &function.trigger else {
                    continue;
                };
                if !instance.group.serves(function) {
                    continue;
                }
                let listener = Listener {
                    instance: instance.clone(),
                    package: self.shared.package.clone(),
                    function: function.clone(),
                    broker: self.broker.clone(),
                    entity: entity.clone(),
                    data_type: *data_type,
                    batch_size: *batch_size,
                    completes: *completes,
                    namespace: namespace.clone(),
                };
                if *many {
                    self.tasks.spawn(listener.listen_for_batches());
                } else {
                    self.tasks.spawn(listener.listen_for_single_messages());
                }
            }
        }
    }

    /// Timers begin to be kept, and run by their schedules where that is wanted.
    fn keep_time(&mut self, timers_run: bool) {
        let shared = self.shared.clone();
        for function in &shared.package.functions {
            let Trigger::Timer { schedule, runs_on_startup, .. } = &function.trigger else { continue };
            let is_past_due = shared.timers.begin(&function.name, schedule, OffsetDateTime::now_utc());
            if timers_run {
                let first = if is_past_due {
                    Some(Cause::Schedule { is_past_due })
                } else {
                    runs_on_startup.then_some(Cause::Schedule { is_past_due: false })
                };
                self.tasks.spawn(run_by_schedule(shared.clone(), function.clone(), first));
            }
        }
    }

    fn watch_ctrl_c(&mut self, ctrl_c: CtrlC) {
        if ctrl_c == CtrlC::Ignore {
            return;
        }
        let shared = self.shared.clone();
        let mut interrupted = Box::pin(tokio::signal::ctrl_c());
        // Listens from the first poll on: before that, Ctrl-C would end this process and leave the workers behind.
        let is_early = (&mut interrupted).now_or_never();
        self.tasks.spawn(async move {
            let interrupted = match is_early {
                Some(early) => early,
                None => interrupted.await,
            };
            if interrupted.is_ok() {
                shared.instances.iter().for_each(|instance| instance.close());
                if ctrl_c == CtrlC::KillAndExit {
                    std::process::exit(130);
                }
            }
        });
    }

    fn entities(&self) -> Vec<&Entity> {
        let functions = self.shared.package.functions.iter();
        functions
            .filter_map(|function| match &function.trigger {
                Trigger::ServiceBus { entity, .. } => Some(entity),
                Trigger::EventGrid { .. } | Trigger::Timer { .. } | Trigger::Http { .. } => None,
            })
            .collect()
    }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Runs a timer whenever it is due, one run at a time.
async fn run_by_schedule(shared: Arc<Shared>, function: Function, first: Option<Cause>) {
    if let Some(cause) = first {
        // How it ended stands in the log; a timer is not run again for that.
        let _ = shared.fire(&function, cause).await;
    }
    let Trigger::Timer { schedule, .. } = &function.trigger else { return };
    while let Some(next) = schedule.next(OffsetDateTime::now_utc()) {
        while let Ok(wait) = Duration::try_from(next - OffsetDateTime::now_utc()) {
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
        }
        let _ = shared.fire(&function, Cause::Schedule { is_past_due: false }).await;
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        self.close();
    }
}
