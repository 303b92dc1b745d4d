//! How a host is run.

use std::{collections::BTreeMap, time::Duration};

use super::{event_grid::EventGridPolicy, timers::TimerStore};
use crate::{Faults, Ledger};

/// How a host is run.
#[derive(Clone)]
pub struct HostOptions {
    /// The app settings: the worker's environment, what `%NAME%` in the package stands for, and overrides of `host.json`
    /// as `AzureFunctionsJobHost__path__to__setting`.
    pub settings: BTreeMap<String, String>,
    /// How many instances of the app run, each with a worker of its own.
    pub instances: usize,
    /// Whether every function has so many instances of its own, as Flex Consumption does it; only those with HTTP triggers
    /// share theirs.
    pub split: bool,
    /// Where the size of batches and their completion come from when a trigger does not say it.
    pub batches: Batches,
    /// What becomes of a function that Azure's host would not run.
    pub function_errors: FunctionErrors,
    /// The key that requests to the host need; `None`: they need none, as under the Core Tools.
    pub key: Option<String>,
    /// What is kept of the timers, from one host to the next.
    pub timers: TimerStore,
    /// Whether timers run by their schedules; else only [`fire`](super::FunctionsHost::fire) runs them, and requests by hand.
    pub timers_run: bool,
    /// How Event Grid delivers.
    pub event_grid: EventGridPolicy,
    /// After what time the platform brings back a host that has stopped itself; `None`: never.
    pub platform_restart: Option<Duration>,
    /// What Ctrl-C does.
    pub ctrl_c: CtrlC,
    /// How many log lines are kept.
    pub kept_log_lines: usize,
    /// Faults of invocations and webhooks (service `Functions`).
    pub faults: Faults,
    /// Where invocations and webhooks are recorded.
    pub ledger: Ledger,
    /// The port of its endpoint; any free one where none is chosen.
    pub port: Option<u16>,
}

/// Where the size of batches and their completion come from when a trigger does not say it: that depends on the version of
/// the Service Bus extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batches {
    /// 1,000 messages, completed, whatever `host.json` says: recorded with an extension built from its public source.
    #[default]
    OfTheExtension,
    /// From `host.json`, as the public source of later versions has it.
    OfHostJson,
}

/// What becomes of a function that Azure's host would not run: a setting that is not there, a schedule that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FunctionErrors {
    /// The package is refused, so that nobody overlooks it.
    #[default]
    Refuse,
    /// As in Azure: the log tells it, and the others run.
    Disable,
}

/// What Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CtrlC {
    /// Kills the workers and ends this process with exit code 130.
    KillAndExit,
    /// Kills the workers; the caller ends the process.
    Kill,
    /// Nothing: the caller listens itself and drops the host.
    Ignore,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            settings: BTreeMap::new(),
            instances: 1,
            split: false,
            batches: Batches::default(),
            function_errors: FunctionErrors::default(),
            key: None,
            timers: TimerStore::default(),
            timers_run: false,
            event_grid: EventGridPolicy::default(),
            platform_restart: Some(Duration::from_secs(1)),
            ctrl_c: CtrlC::KillAndExit,
            kept_log_lines: 20_000,
            faults: Faults::new(),
            ledger: Ledger::new(),
            port: None,
        }
    }
}
