//! Runs the demo: starts the local Azure and the worker, delivers the events, and waits until nothing moves any more.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;
use tokio::sync::broadcast::{Receiver, error::RecvError, error::TryRecvError};
use tokio::sync::oneshot;

use super::calls::kind;
use super::report::Report;
use super::rights::with_rights;
use super::scores::scores;
use super::settings::{Mode, settings};
use super::tally::{LogTally, StateTally};
use crate::judgement;
use simulator::estate::{ComplianceState, Estate, RecordKey};
use simulator::faults::Rule;
use simulator::functions_host::{FunctionsHost, LogLine};
use simulator::identity::{ManagedIdentities, Principal};
use simulator::ledger::Entry;
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::{LocalAzure, LocalAzureOptions, Service};

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);
const QUEUES: [&str; 3] = ["noncompliant-resources", "wake-ups", "batch-runs"];

/// What is to be shown.
pub struct Demo {
    /// The estate.
    pub estate: Estate,
    /// The events, in the order of their delivery.
    pub events: Vec<Value>,
    /// Whether the worker may act.
    pub mode: Mode,
    /// The folder of the package.
    pub package: PathBuf,
    /// Longest time for everything.
    pub limit: Duration,
    /// Settings on top of the demo's.
    pub settings: BTreeMap<String, String>,
    /// What goes wrong with the services.
    pub faults: Vec<Rule>,
    /// Where the worker's log is written, line by line.
    pub log: Option<Box<dyn Write + Send>>,
}

/// A moment of the demo, for whoever shows progress.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Events to be delivered.
    pub events: usize,
    /// Events that became messages.
    pub queued: usize,
    /// Resources that are settled: fixed, skipped or parked.
    pub settled: usize,
    /// Resources that wait or are in a task.
    pub unsettled: usize,
    /// Of the settled ones, those that are fixed.
    pub fixed: usize,
    /// Tasks opened so far.
    pub tasks: usize,
}

/// Shows progress.
pub type Show<'a> = &'a mut dyn FnMut(Progress);

/// Runs the demo to its end.
///
/// # Errors
/// When the local Azure or the worker does not start.
pub async fn run(demo: Demo, show: Show<'_>) -> anyhow::Result<Report> {
    let wanted: Vec<RecordKey> = judgement::fixable(&demo.estate);
    let worker = Principal::random();
    let manager = ResourceManager::new(with_rights(demo.estate.clone(), &worker), Tempo::quick());
    let options = LocalAzureOptions {
        home_tenant_id: demo.estate.home_tenant.clone(),
        identities: ManagedIdentities { system_assigned: Some(worker.clone()), user_assigned: Vec::new() },
        gate: Some(manager.gate()),
    };
    let azure = LocalAzure::start(manager.router(), options).await?;
    demo.faults.into_iter().for_each(|rule| azure.faults().add(rule));
    let mut options = azure.host_options();
    options.settings.extend(settings(demo.mode));
    options.settings.extend(demo.settings.clone());
    let host = FunctionsHost::start(&demo.package, azure.broker().clone(), options).await?;
    let log = Arc::new(Mutex::new(LogTally::default()));
    // On its own, so that no line is lost however busy the rest is.
    let (enough, told) = oneshot::channel();
    let reader = tokio::spawn(read_log(host.subscribe(), Arc::clone(&log), demo.log, told));
    let begun = Instant::now();
    let events = demo.events.len();
    let delivery = {
        let delivery = host.deliver("receive-event", demo.events);
        tokio::spawn(async move {
            delivery.await;
            begun.elapsed()
        })
    };
    let mut calm = 0;
    let timed_out = loop {
        tokio::time::sleep(LOOK).await;
        let state = StateTally::of(azure.blobs());
        let settled = state.fixed + state.skipped.values().sum::<usize>() + state.parked.values().sum::<usize>();
        show(Progress {
            events,
            queued: queued(&azure).0,
            settled,
            unsettled: state.waiting + state.in_task,
            fixed: state.fixed,
            tasks: manager.tasks().len(),
        });
        let quiet = delivery.is_finished() && host.idle() && is_settled(demo.mode, &state, &locked(&log), &azure);
        calm = if quiet { calm + 1 } else { 0 };
        if calm >= 3 {
            break false;
        }
        if begun.elapsed() > demo.limit {
            break true;
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    // The last lines may still be on their way.
    host.drain_log();
    drop(enough);
    reader.await?.context("the log cannot be written")?;
    let state = StateTally::of(azure.blobs());
    let now: BTreeMap<RecordKey, Option<ComplianceState>> =
        manager.records().into_iter().map(|r| (r.key, r.state)).collect();
    let is_compliant = |key: &&RecordKey| now.get(*key) == Some(&Some(ComplianceState::Compliant));
    let fixed = wanted.iter().filter(is_compliant).count();
    let waiting_reasons = state.waiting_reasons(&locked(&log));
    let peaks = manager.peak_active_per_target();
    let delivered_in = if delivery.is_finished() { delivery.await.unwrap_or_default() } else { begun.elapsed() };
    let scores = scores(&demo.estate, &manager, &azure, &state);
    let (_, duplicates) = queued(&azure);
    let (retries, seconds_to_fixed) = {
        let log = locked(&log);
        (log.retries, [0.5, 0.95].map(|share| log.seconds_to_fixed(share)))
    };
    let report = Report {
        events,
        duplicates,
        rejected: azure.blobs().list("rejected", "").len(),
        tasks: manager.tasks().len(),
        fixed,
        unfixed: wanted.len() - fixed,
        skipped: state.skipped,
        waiting: state.waiting + state.in_task,
        waiting_reasons,
        parked: state.parked,
        parked_targets: state.parked_targets,
        retries,
        arm_calls: arm_calls(&azure.ledger().of(Service::ResourceManager)),
        seconds,
        events_per_second: events as f64 / delivered_in.as_secs_f64().max(0.001),
        seconds_to_fixed_median: seconds_to_fixed[0],
        seconds_to_fixed_p95: seconds_to_fixed[1],
        arm_writes: scores.arm_writes,
        refused_arm_writes: scores.refused_arm_writes,
        least_arm_writes: scores.least_arm_writes,
        arm_reads: scores.arm_reads,
        duplicate_tasks: scores.duplicate_tasks,
        overlaps: scores.overlaps,
        retry_after_violations: scores.retry_after_violations,
        wrongly_parked: scores.wrongly_parked,
        peak_active_tasks_per_target: peaks.values().copied().max().unwrap_or(0),
        worker_peak_rss_bytes: (0..host.instances()).map(|instance| host.peak_rss_bytes(instance)).max().unwrap_or(0),
        parked_example: state.example.or(state.held_example),
        calls_without_right: without_right(&manager, &worker),
        timed_out,
    };
    host.shutdown().await;
    Ok(report)
}

/// Takes the log in until it is told that no more is to come, and then what is there.
async fn read_log(
    mut lines: Receiver<LogLine>,
    log: Arc<Mutex<LogTally>>,
    mut file: Option<Box<dyn Write + Send>>,
    mut enough: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let mut take_in = |line: &LogLine| {
        locked(&log).read(line);
        file.as_mut().map_or(Ok(()), |file| writeln!(file, "{}", line.text))
    };
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            _ = &mut enough => break,
        };
        match line {
            Ok(line) => take_in(&line)?,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    loop {
        match lines.try_recv() {
            Ok(line) => take_in(&line)?,
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    file.as_mut().map_or(Ok(()), Write::flush)
}

/// How often the worker, and nobody else, was refused for a missing right.
fn without_right(manager: &ResourceManager, worker: &Principal) -> usize {
    manager.refused_calls().iter().filter(|call| call.caller == worker.object_id).count()
}

/// Events that became messages, and those among them that said what another had said already.
fn queued(azure: &LocalAzure) -> (usize, usize) {
    let counts = azure.broker().counts(QUEUES[0]);
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    (number(counts.stored + counts.duplicates), number(counts.duplicates))
}

fn locked(log: &Mutex<LogTally>) -> MutexGuard<'_, LogTally> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_settled(mode: Mode, state: &StateTally, log: &LogTally, azure: &LocalAzure) -> bool {
    let queue_is_empty = |queue: &str| {
        let counts = azure.broker().counts(queue);
        counts.active + counts.locked + counts.dead_lettered == 0
    };
    if !QUEUES.iter().all(|queue| queue_is_empty(queue)) {
        return false;
    }
    match mode {
        Mode::Act => state.waiting + state.in_task + state.active_tasks == 0,
        Mode::Plan => state.waiting_targets.keys().all(|target| log.planned.contains(target)),
    }
}

/// Calls by kind.
fn arm_calls(entries: &[Entry]) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for entry in entries {
        *calls.entry(kind(entry).unwrap_or("other").to_owned()).or_default() += 1;
    }
    calls
}
