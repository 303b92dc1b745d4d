//! The stage of a demo: the local Azure, the worker on it, what is delivered to it, and what it logs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use simulator::functions_host::{CtrlC, FunctionsHost, HostOptions, LogLine};
use simulator::identity::{ManagedIdentities, Principal};
use simulator::resource_manager::ResourceManager;
use simulator::{LocalAzure, LocalAzureOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::demo::{Demo, EVENTS, QUEUES};
use super::feed::{Events, POSTED_AHEAD, feed};
use super::follow::follow;
use super::rights::{with_operator, with_rights};
use super::settings::settings;
use super::tally::LogTally;
use crate::scenario::Scene;

/// When `sweep` looks over all targets in a demo, which does not last for a quarter of an hour.
const EVERY_FEW_SECONDS: &str = "*/4 * * * * *";

/// Everything runs.
pub(crate) struct Stage {
    /// The worker's identity.
    worker: Principal,
    pub(crate) azure: LocalAzure,
    pub(crate) manager: ResourceManager,
    pub(crate) host: FunctionsHost,
    /// All settings of the worker but those that the services give it.
    pub(crate) settings: BTreeMap<String, String>,
    deliveries: Vec<Delivery>,
    /// The end of the first one.
    first: Arc<Mutex<Option<Instant>>>,
    /// Events that the webhook took in no attempt.
    given_up: Arc<AtomicUsize>,
    log: Arc<Mutex<LogTally>>,
    reader: Option<(oneshot::Sender<()>, JoinHandle<std::io::Result<()>>)>,
}

/// A delivery, which ends with the stage.
struct Delivery(JoinHandle<anyhow::Result<()>>);

impl Drop for Delivery {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stage {
    /// Starts the services as the demo wants them, and the worker on them.
    pub(crate) async fn start(demo: &mut Demo) -> anyhow::Result<Self> {
        let conditions = std::mem::take(&mut demo.conditions);
        let worker = Principal::random();
        let estate = with_rights(demo.estate.clone(), &worker, demo.settings.get("GRANT_ROLES").map(String::as_str));
        let owner = demo.owner.take();
        let estate = owner.iter().fold(estate, |estate, owner| with_operator(estate, &owner.principal));
        let manager = ResourceManager::new(estate, conditions.tempo).with_allowance(conditions.allowance);
        let user_assigned = owner.iter().map(|owner| owner.principal.clone()).collect();
        let options = LocalAzureOptions {
            home_tenant_id: demo.estate.home_tenant.clone(),
            identities: ManagedIdentities { system_assigned: Some(worker.clone()), user_assigned },
            applications: owner.map(|owner| owner.application).into_iter().collect(),
            exchanges: demo.exchanges.take(),
            gate: Some(manager.gate()),
            ..LocalAzureOptions::default()
        };
        let azure = LocalAzure::start(manager.router(), options).await?;
        conditions.fakes.into_iter().for_each(|fake| azure.fakes().add(fake));
        demo.faults.drain(..).for_each(|rule| azure.faults().add(rule));
        let mut options = HostOptions {
            instances: demo.instances,
            timers_run: demo.goes_on,
            ctrl_c: CtrlC::Ignore,
            ..azure.host_options()
        };
        options.settings.extend(settings(demo.mode));
        if demo.goes_on {
            options.settings.insert("SWEEP_SCHEDULE".to_owned(), EVERY_FEW_SECONDS.to_owned());
        }
        options.settings.extend(demo.settings.clone());
        let settings = options.settings.clone();
        let host = FunctionsHost::start(&demo.package, azure.broker().clone(), options).await?;
        let log = Arc::new(Mutex::new(LogTally::default()));
        // On its own, so that no line is lost however busy the rest is.
        let (enough, told) = oneshot::channel();
        let (tally, mut file) = (Arc::clone(&log), demo.log.take());
        let take_in = move |line: &LogLine| {
            locked(&tally).read(line);
            file.as_mut().map_or(Ok(()), |file| writeln!(file, "{}", line.text).and_then(|()| file.flush()))
        };
        let reader = tokio::spawn(follow(host.subscribe(), told, take_in));
        let (deliveries, first, given_up) = (Vec::new(), Arc::default(), Arc::default());
        Ok(Self {
            worker,
            azure,
            manager,
            host,
            settings,
            deliveries,
            first,
            given_up,
            log,
            reader: Some((enough, reader)),
        })
    }

    /// Delivers events, beside everything else: as the deployment does, to the queue, and some to the webhook.
    pub(crate) fn deliver(&mut self, events: impl Into<Events>) {
        let (webhook, posted) = mpsc::channel(POSTED_AHEAD);
        let delivery = self.host.deliver_from("receive-event", posted);
        let feeding = feed(events.into(), self.azure.broker().clone(), webhook);
        let (first, given_up) = (Arc::clone(&self.first), Arc::clone(&self.given_up));
        self.deliveries.push(Delivery(tokio::spawn(async move {
            let (fed, posted) = tokio::join!(feeding, delivery);
            first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
            given_up.fetch_add(posted.dropped.len(), Ordering::Relaxed);
            fed
        })));
    }

    /// Whether all that was to be delivered could be read; of what is not delivered yet nothing is said.
    pub(crate) async fn delivered(&mut self) -> anyhow::Result<()> {
        for delivery in self.deliveries.iter_mut().filter(|delivery| delivery.0.is_finished()) {
            (&mut delivery.0).await??;
        }
        Ok(())
    }

    /// Whether nobody is at work: no delivery, no invocation, no message at hand.
    pub(crate) fn is_idle(&self) -> bool {
        self.deliveries.iter().all(|delivery| delivery.0.is_finished()) && self.host.idle()
    }

    /// Whether the worker has taken in all that was to be delivered, up to the documents of the targets.
    pub(crate) fn has_taken_all(&self) -> bool {
        let is_empty = |queue: &str| {
            let counts = self.azure.broker().counts(queue);
            counts.active + counts.locked == 0
        };
        self.deliveries.iter().all(|delivery| delivery.0.is_finished()) && [EVENTS, QUEUES[0]].into_iter().all(is_empty)
    }

    /// Whether no message comes due for so long, so that nothing but a timer could begin anything.
    pub(crate) fn sleeps_for(&self, time: Duration) -> bool {
        let until = self.azure.broker().now() + time;
        QUEUES.iter().filter_map(|queue| self.azure.broker().next_event(queue)).all(|next| next > until)
    }

    /// How long the first delivery took.
    pub(crate) fn delivered_in(&self, begun: Instant) -> Duration {
        let end = *self.first.lock().unwrap_or_else(PoisonError::into_inner);
        end.map_or_else(|| begun.elapsed(), |end| end - begun)
    }

    /// How many events were given up: Event Grid would keep them as dead letters.
    pub(crate) fn given_up(&self) -> usize {
        self.given_up.load(Ordering::Relaxed)
    }

    /// How often the worker, and nobody else, was refused for a missing right.
    pub(crate) fn calls_without_right(&self) -> usize {
        self.manager.refused_calls().iter().filter(|call| call.caller == self.worker.object_id).count()
    }

    /// What steps act on.
    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene { azure: &self.azure, manager: &self.manager, host: &self.host }
    }

    /// What the log tells so far.
    pub(crate) fn log(&self) -> MutexGuard<'_, LogTally> {
        locked(&self.log)
    }

    /// Takes in the last lines, which may still be on their way.
    pub(crate) async fn close_log(&mut self) -> anyhow::Result<()> {
        self.host.drain_log();
        let Some((enough, reader)) = self.reader.take() else { return Ok(()) };
        drop(enough);
        reader.await?.context("the log cannot be written")
    }
}

fn locked(log: &Mutex<LogTally>) -> MutexGuard<'_, LogTally> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
