//! One instance of the app: the worker process through its lives. What happens after an exit is decided in `restart`; the
//! invocations are in `call`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};

use super::{
    groups::Group,
    logs::{LogStream, Logs},
    options::HostOptions,
    outcome::InvocationFailed,
    package::Package,
    process::Process,
    readiness::Readiness,
    restart::{AfterExit, RestartBudget},
    wire::Pool,
};
use crate::{Faults, Ledger};

/// How often a running worker is looked at: its end, and its memory.
const WATCH_POLL: Duration = Duration::from_millis(10);

/// Where an instance is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The worker has been started and does not listen yet; invocations wait.
    Starting,
    /// The worker listens.
    Ready {
        /// On this port of 127.0.0.1.
        port: u16,
    },
    /// The worker ended with exit code 0 and is not restarted; invocations fail.
    Exited {
        /// The port on which nothing listens any more.
        port: u16,
    },
    /// There is no worker that can be run: the host goes on, and invocations wait.
    NothingToRun {
        /// Why, in its words.
        reason: String,
    },
    /// The host gave up and stopped itself.
    Stopped {
        /// Why, in its words.
        reason: String,
    },
}

pub(super) struct Instance {
    pub(super) number: usize,
    /// The functions that it serves.
    pub(super) group: Group,
    pub(super) package: Arc<Package>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) logs: Logs,
    pub(super) ledger: Ledger,
    pub(super) faults: Faults,
    phase: watch::Sender<Phase>,
    paused: watch::Sender<bool>,
    orders: mpsc::UnboundedSender<Order>,
    process: Mutex<Option<Arc<Process>>>,
    peak_rss: AtomicU64,
    pub(super) in_flight: AtomicUsize,
    starts: AtomicU64,
    closing: AtomicBool,
    stopping: AtomicBool,
    pub(super) wire: Arc<Pool>,
    platform_restart: Option<Duration>,
}

/// What the rest of the host may ask of the process's keeper.
pub(super) enum Order {
    /// Kill it as a crash would: counted.
    Kill,
    /// A function ran out of time on this port: kill it, uncounted.
    Replace { port: u16 },
    /// Invocations waited too long for it: the host stops.
    GiveUp,
}

/// What ended one life of the worker.
enum End {
    Decided(AfterExit),
    GaveUp(String),
}

impl Instance {
    pub(super) fn new(
        number: usize,
        group: Group,
        package: Arc<Package>,
        logs: Logs,
        options: &HostOptions,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, receiver) = mpsc::unbounded_channel();
        let instance = Self {
            number,
            group,
            package,
            settings: options.settings.clone(),
            logs,
            ledger: options.ledger.clone(),
            faults: options.faults.clone(),
            phase: watch::Sender::new(Phase::Starting),
            paused: watch::Sender::new(false),
            orders,
            process: Mutex::default(),
            peak_rss: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            starts: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            wire: Arc::default(),
            platform_restart: options.platform_restart,
        };
        (Arc::new(instance), receiver)
    }

    /// Keeps the worker alive, life after life, until it is aborted.
    pub(super) async fn keep(self: Arc<Self>, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut budget = RestartBudget::default();
        loop {
            let reason = match self.live(&mut budget, &mut orders).await {
                End::Decided(AfterExit::Restart) => continue,
                End::Decided(AfterExit::Nothing) => {
                    self.say("The worker ended with exit code 0 and is not restarted.");
                    // Only a new host would start it again; orders to a process that is gone change nothing.
                    while orders.recv().await.is_some() {}
                    return;
                }
                End::Decided(AfterExit::StopHost) => {
                    "Exceeded http worker restart retry count. Shutting down Functions Host".to_owned()
                }
                End::GaveUp(reason) => reason,
            };
            self.say(&reason);
            self.phase.send_replace(Phase::Stopped { reason });
            match self.platform_restart {
                // The platform brings a stopped host back, with nothing remembered.
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    while orders.recv().await.is_some() {}
                    return;
                }
            }
            budget = RestartBudget::default();
        }
    }

    /// One life of the worker, from its start to what follows its end.
    async fn live(&self, budget: &mut RestartBudget, orders: &mut mpsc::UnboundedReceiver<Order>) -> End {
        self.phase.send_replace(Phase::Starting);
        if self.closing.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let process = match Process::start(&self.package, &self.settings, &self.logs, self.number) {
            Ok(process) => Arc::new(process),
            Err(error) => {
                let executable = self.package.executable.display();
                let reason = format!("Failed to start Worker Channel. Process fileName: {executable}: {error}");
                return self.without_a_process(reason, orders).await;
            }
        };
        self.starts.fetch_add(1, Ordering::Relaxed);
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process.clone());
        let deadline = tokio::time::Instant::now() + self.package.initialization_timeout;
        let mut replaced = false;
        let readiness = Readiness::of(self.wire.clone(), process.port);
        loop {
            let ready = matches!(*self.phase.borrow(), Phase::Ready { .. });
            self.peak_rss.fetch_max(process.peak_rss().unwrap_or_default(), Ordering::Relaxed);
            match process.ended() {
                Some(_) if replaced => return End::Decided(AfterExit::Restart),
                // The host takes 0 for intended and goes on waiting for the port, until the time for that is over.
                Some(status) if status.code() == Some(0) && !ready => {}
                Some(status) => {
                    self.say(&format!("The worker has ended: {status}."));
                    let decided = budget.on_exit(status.code(), OffsetDateTime::now_utc());
                    if decided == AfterExit::Nothing {
                        self.phase.send_replace(Phase::Exited { port: process.port });
                    }
                    return End::Decided(decided);
                }
                None => {}
            }
            if !ready && !replaced {
                if readiness.has_answered() {
                    self.phase.send_replace(Phase::Ready { port: process.port });
                    continue;
                }
                // An answer that is on its way is waited for, however long it takes.
                if !readiness.is_connected() && tokio::time::Instant::now() >= deadline {
                    process.kill();
                    self.say("Initializing HttpWorker timed out.");
                    return End::Decided(budget.on_error(OffsetDateTime::now_utc()));
                }
            }
            tokio::select! {
                order = orders.recv() => match order {
                    None => return End::GaveUp("The host is shutting down.".to_owned()),
                    Some(Order::Kill) => process.kill(),
                    Some(Order::Replace { port }) if port == process.port => {
                        replaced = true;
                        process.kill();
                        // Invocations from now on wait for the next life.
                        self.phase.send_replace(Phase::Starting);
                    }
                    Some(Order::Replace { .. }) => {}
                    Some(Order::GiveUp) => {
                        process.kill();
                        return End::GaveUp("The worker did not get ready while invocations waited.".to_owned());
                    }
                },
                () = tokio::time::sleep(WATCH_POLL) => {}
            }
        }
    }

    /// Nothing can be run: the host stays as it is, until an invocation has waited too long.
    async fn without_a_process(&self, reason: String, orders: &mut mpsc::UnboundedReceiver<Order>) -> End {
        self.say(&reason);
        self.phase.send_replace(Phase::NothingToRun { reason });
        loop {
            match orders.recv().await {
                None => return End::GaveUp("The host is shutting down.".to_owned()),
                Some(Order::GiveUp) => {
                    return End::GaveUp("The worker did not get ready while invocations waited.".to_owned());
                }
                Some(Order::Kill | Order::Replace { .. }) => {}
            }
        }
    }

    /// Waits until the worker listens, or never will: four times its time to get ready.
    pub(super) async fn until_started(&self) -> Result<u16, InvocationFailed> {
        let mut phase = self.phase.subscribe();
        let started = phase.wait_for(|phase| !matches!(phase, Phase::Starting | Phase::NothingToRun { .. }));
        let started = tokio::time::timeout(self.package.initialization_timeout * 4, started).await;
        match started.map(|phase| phase.map(|phase| phase.clone())) {
            Ok(Ok(Phase::Ready { port } | Phase::Exited { port })) => Ok(port),
            Ok(Ok(Phase::Stopped { reason })) => Err(InvocationFailed::failed(reason)),
            Ok(Ok(Phase::Starting | Phase::NothingToRun { .. }) | Err(_)) => {
                Err(InvocationFailed::failed("The host is shutting down."))
            }
            Err(_) => {
                self.order(Order::GiveUp);
                Err(InvocationFailed::failed("Did not find any initialized language workers"))
            }
        }
    }

    /// Waits until triggers may deliver to it: not paused, and its host not stopped.
    pub(super) async fn until_open(&self) {
        let (mut paused, mut phase) = (self.paused.subscribe(), self.phase.subscribe());
        loop {
            // The senders live as long as this instance, so waiting cannot fail.
            let _ = paused.wait_for(|paused| !paused).await;
            let _ = phase.wait_for(|phase| !matches!(phase, Phase::Stopped { .. })).await;
            if self.is_open() {
                return;
            }
        }
    }

    /// Waits until it is no longer open.
    pub(super) async fn until_closed(&self) {
        let (mut paused, mut phase) = (self.paused.subscribe(), self.phase.subscribe());
        tokio::select! {
            _ = paused.wait_for(|paused| *paused) => {}
            _ = phase.wait_for(|phase| matches!(phase, Phase::Stopped { .. })) => {}
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !*self.paused.borrow() && !matches!(*self.phase.borrow(), Phase::Stopped { .. })
    }

    pub(super) fn pause(&self, paused: bool) {
        self.paused.send_replace(paused);
    }

    /// As a pause, but for good: a receive that is not over ends without an invocation.
    pub(super) fn stop_listening(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.pause(true);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn order(&self, order: Order) {
        // Nobody takes orders once the host is gone.
        let _ = self.orders.send(order);
    }

    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(super) fn peak_rss(&self) -> u64 {
        self.peak_rss.load(Ordering::Relaxed)
    }

    pub(super) fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    /// Kills the worker for good, at once.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.strike();
    }

    /// After [`Instance::close`]: waits until no worker is left.
    pub(super) async fn until_gone(&self) {
        let is_gone = || {
            let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
            process.as_ref().is_none_or(|process| process.ended().is_some())
        };
        while !is_gone() {
            tokio::time::sleep(WATCH_POLL).await;
            // One that was just being started.
            self.strike();
        }
    }

    /// Sends SIGKILL to the worker of this moment; what follows is for its keeper.
    pub(super) fn strike(&self) {
        if let Some(process) = self.process.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            process.kill();
        }
    }

    pub(super) fn say(&self, words: &str) {
        self.logs.write(self.number, LogStream::Host, words);
    }
}
