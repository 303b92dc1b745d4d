//! Makes the report of a run that has ended: what the services' records, the documents and the log have, counted.

use std::collections::BTreeMap;
use std::time::Instant;

use simulator::estate::{ComplianceState, Estate, RecordKey};
use simulator::ledger::Entry;
use simulator::{LocalAzure, Service};

use super::by_policy::by_policy;
use super::calls::kind;
use super::counted::target_documents;
use super::demo::QUEUES;
use super::planned;
use super::report::Report;
use super::scores::scores;
use super::stage::Stage;
use super::tally::StateTally;
use crate::judgement;

/// A run that has ended.
pub(crate) struct Ran<'a> {
    /// The estate at its start.
    pub(crate) estate: &'a Estate,
    pub(crate) stage: &'a Stage,
    /// Events that were delivered.
    pub(crate) events: usize,
    pub(crate) begun: Instant,
    pub(crate) seconds: f64,
    /// Whether it ended before everything had settled.
    pub(crate) timed_out: bool,
}

/// The report of a run.
pub(crate) fn reported(ran: &Ran<'_>) -> Report {
    let Stage { azure, manager, host, .. } = ran.stage;
    let wanted = judgement::fixable(ran.estate);
    let now: BTreeMap<RecordKey, Option<ComplianceState>> =
        manager.records().into_iter().map(|r| (r.key, r.state)).collect();
    let is_compliant = |key: &&RecordKey| now.get(*key) == Some(&Some(ComplianceState::Compliant));
    let fixed = wanted.iter().filter(is_compliant).count();
    let documents = target_documents(azure, manager);
    let state = StateTally::of(&documents);
    let scores = scores(ran.estate, manager, azure, &state);
    let log = ran.stage.log();
    let tasks = manager.tasks();
    let opened = tasks.iter().map(|task| (task.assignment.lower(), task.reference.as_deref()));
    let delivered_in = ran.stage.delivered_in(ran.begun);
    Report {
        events: ran.events,
        duplicates: queued(azure).1,
        rejected: azure.blobs().list("rejected", "").len(),
        tasks: tasks.len(),
        by_policy: by_policy(&documents, opened),
        fixed,
        unfixed: wanted.len() - fixed,
        waiting: state.waiting + state.in_task,
        waiting_reasons: state.waiting_reasons(&log),
        skipped: state.skipped,
        not_remediable: state.not_remediable,
        plans: planned::in_order(&log.plans),
        parked: state.parked,
        parked_targets: state.parked_targets.len(),
        parked_target_list: state.parked_targets,
        retries: log.retries,
        verified: log.verified,
        sweeps: log.sweeps,
        arm_calls: arm_calls(&azure.ledger().of(Service::ResourceManager)),
        seconds: ran.seconds,
        events_per_second: ran.events as f64 / delivered_in.as_secs_f64().max(0.001),
        seconds_to_fixed_median: log.seconds_to_fixed(0.5),
        seconds_to_fixed_p95: log.seconds_to_fixed(0.95),
        seconds_from_delivery_to_fixed_median: log.seconds_from(ran.begun, 0.5),
        seconds_from_delivery_to_fixed_p95: log.seconds_from(ran.begun, 0.95),
        arm_writes: scores.arm_writes,
        refused_arm_writes: scores.refused_arm_writes,
        least_arm_writes: scores.least_arm_writes,
        arm_reads: scores.arm_reads,
        duplicate_tasks: scores.duplicate_tasks,
        overlaps: scores.overlaps,
        retry_after_violations: scores.retry_after_violations,
        wrongly_parked: scores.wrongly_parked,
        peak_active_tasks_per_target: manager.peak_active_per_target().values().copied().max().unwrap_or(0),
        worker_peak_rss_bytes: (0..host.instances()).map(|instance| host.peak_rss_bytes(instance)).max().unwrap_or(0),
        parked_example: state.example.or(state.held_example),
        calls_without_right: ran.stage.calls_without_right(),
        undelivered: ran.stage.given_up(),
        timed_out: ran.timed_out,
        ..Report::default()
    }
}

/// Events that became messages, and those among them that said what another had said already.
pub(crate) fn queued(azure: &LocalAzure) -> (usize, usize) {
    let counts = azure.broker().counts(QUEUES[0]);
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    (number(counts.stored + counts.duplicates), number(counts.duplicates))
}

/// Calls by kind.
fn arm_calls(entries: &[Entry]) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for entry in entries {
        *calls.entry(kind(entry).unwrap_or("other").to_owned()).or_default() += 1;
    }
    calls
}
