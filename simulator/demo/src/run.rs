//! Runs the demo: starts the local Azure and the worker, delivers the events, and waits until nothing moves any more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::LocalAzure;
use simulator::estate::PolicyEvent;
use simulator::functions_host::FunctionsHost;
use simulator::resource_manager::ResourceManager;

use super::demo::{Demo, QUEUES};
use super::glance::{Glance, Glances};
use super::report::Report;
use super::reported::{Ran, queued, reported};
use super::settings::Mode;
use super::stage::Stage;
use super::tally::LogTally;
use crate::scenario::{End, Later};

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// So many looks in a row that find everything at rest are enough.
const CALM: u32 = 3;
/// So many looks that find nobody at work come after a step before all can be at rest again: a wake-up that it led to is scheduled
/// for the next whole second, and nothing shows before that. What wakes itself again and again is not waited for.
const AFTER_STEP: u32 = 12;
/// So many looks in a row that find nobody at work are enough, where something waits for longer than the demo lasts.
const LULL: u32 = 12;

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
pub type Show<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Runs the demo to its end.
///
/// # Errors
/// When the local Azure or the worker does not start.
pub async fn run(demo: Demo, show: Show<'_>) -> anyhow::Result<Report> {
    Ok(run_with(demo, &[], show).await?.0)
}

/// What is still there after a demo: the local Azure with all that happened, and the worker on it.
pub struct Kept(Stage);

impl Kept {
    /// The services.
    #[must_use]
    pub fn azure(&self) -> &LocalAzure {
        &self.0.azure
    }

    /// Resource Manager.
    #[must_use]
    pub fn manager(&self) -> &ResourceManager {
        &self.0.manager
    }

    /// The Functions host with the worker.
    #[must_use]
    pub fn host(&self) -> &FunctionsHost {
        &self.0.host
    }

    /// All settings of the worker but those that the services give it.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.0.settings
    }
}

/// Runs the demo, and leaves everything running until what is kept is dropped.
///
/// # Errors
/// When the local Azure or the worker does not start.
pub async fn run_and_keep(demo: Demo, show: Show<'_>) -> anyhow::Result<(Report, Kept)> {
    let (report, _, stage) = play(demo, &[], show).await?;
    Ok((report, Kept(stage)))
}

/// The same with steps that are taken later, and how it has ended.
pub(crate) async fn run_with(demo: Demo, later: &[Later], show: Show<'_>) -> anyhow::Result<(Report, End)> {
    let (report, end, stage) = play(demo, later, show).await?;
    stage.host.shutdown().await;
    Ok((report, end))
}

async fn play(mut demo: Demo, later: &[Later], show: Show<'_>) -> anyhow::Result<(Report, End, Stage)> {
    let mut stage = Stage::start(&mut demo).await?;
    let delivered = std::mem::take(&mut demo.events);
    let mut events = delivered.number();
    let mut acts = Vec::new();
    let mut steps = later.iter().zip(1..).peekable();
    let begun = Instant::now();
    stage.deliver(delivered);
    let (mut idle, mut calm, mut exchanges) = (0, 0, 0);
    let mut after_step = 0_u32;
    let (mut glances, mut quiet) = (Glances::default(), None);
    // Beside those of the demo come those of its own fixes.
    let mut of_fixes = 0;
    let timed_out = loop {
        tokio::time::sleep(LOOK).await;
        let state = glances.look(&stage.azure);
        let queued = queued(&stage.azure).0;
        let (settled, unsettled, fixed) = (state.settled, state.unsettled, state.fixed);
        show(Progress {
            events: events + of_fixes,
            queued,
            settled,
            unsettled,
            fixed,
            tasks: stage.manager.task_count(),
        });
        let is_idle = stage.is_idle();
        quiet = if stage.has_taken_all() { quiet.or(Some(Instant::now())) } else { None };
        let is_settled = (is_idle && is_settled(demo.mode, &state, &stage.log(), &stage.azure))
            || (demo.mode == Mode::Plan
                && quiet.is_some_and(|quiet| stage.log().has_planned(&state.waiting_targets, quiet)));
        // A look at a target may go on when its invocation has ended.
        let before = std::mem::replace(&mut exchanges, stage.azure.ledger().len());
        idle = if is_idle && !is_settled && exchanges == before { idle + 1 } else { 0 };
        after_step = after_step.saturating_sub(u32::from(is_idle));
        calm = if is_settled && after_step == 0 { calm + 1 } else { 0 };
        let goes_on = demo.goes_on && {
            let found: Vec<Value> = stage.manager.fixes().iter().map(PolicyEvent::event_grid).collect();
            if !found.is_empty() {
                of_fixes += found.len();
                stage.deliver(found);
                calm = 0;
            }
            stage.manager.has_fixes_to_tell()
        };
        let is_due = |step: &Later| begun.elapsed().as_secs_f64() >= step.at && (calm >= CALM || !step.when_settled);
        if let Some((step, number)) = steps.next_if(|(step, _)| is_due(step)) {
            let taken = stage.scene().take(number, step).await;
            acts.extend(taken.acts);
            events += taken.events.len();
            stage.deliver(taken.events);
            (idle, calm, after_step) = (0, 0, AFTER_STEP);
            continue;
        }
        if calm >= CALM && steps.peek().is_none() && !goes_on {
            break false;
        }
        let left = demo.limit.saturating_sub(begun.elapsed());
        if left.is_zero() || (idle >= LULL && steps.peek().is_none() && stage.sleeps_for(left)) {
            break true;
        }
    };
    acts.extend(steps.map(|(_, number)| (format!("step {number}"), Some("the run ended before it".to_owned()))));
    let seconds = begun.elapsed().as_secs_f64();
    stage.close_log().await?;
    stage.delivered().await?;
    let end = End { acts, ..End::of(&stage.azure, &stage.manager, &stage.host.log(), !timed_out) };
    let report = reported(&Ran { estate: &demo.estate, stage: &stage, events, begun, seconds, timed_out });
    Ok((report, end, stage))
}

fn is_settled(mode: Mode, state: &Glance, log: &LogTally, azure: &LocalAzure) -> bool {
    let queue_is_empty = |queue: &str| {
        let counts = azure.broker().counts(queue);
        counts.active + counts.locked + counts.dead_lettered == 0
    };
    if !QUEUES.iter().all(|queue| queue_is_empty(queue)) {
        return false;
    }
    match mode {
        Mode::Act => state.unsettled + state.active_tasks == 0,
        Mode::Plan => state.waiting_targets.iter().all(|target| log.plans.contains_key(target)),
    }
}
