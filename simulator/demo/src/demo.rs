//! What a demo is made of: the estate, the events, the worker's settings, and what Azure is like.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use simulator::Exchanges;
use simulator::entra::Application;
use simulator::estate::Estate;
use simulator::fakes::Fake;
use simulator::faults::Rule;
use simulator::identity::Principal;
use simulator::resource_manager::{Allowance, Tempo};

use super::feed::Events;
use super::settings::Mode;

/// The worker's queues.
pub(crate) const QUEUES: [&str; 4] = ["noncompliant-resources", "wake-ups", "batch-runs", EVENTS];
/// The queue that Event Grid delivers to.
pub(crate) const EVENTS: &str = "policy-events";

/// What is to be shown.
pub struct Demo {
    /// The estate.
    pub estate: Estate,
    /// The events, in the order of their delivery.
    pub events: Events,
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
    /// What Resource Manager is like.
    pub conditions: Conditions,
    /// How many instances of the worker run.
    pub instances: usize,
    /// Whether timers fire and evaluations tell of fixes. A scenario says itself what happens.
    pub goes_on: bool,
    /// Where the worker's log is written, line by line.
    pub log: Option<Box<dyn Write + Send>>,
    /// Where exchanges with Resource Manager are written down.
    pub exchanges: Option<Exchanges>,
    /// Somebody who may do everything, where a person is to look at what the demo did.
    pub owner: Option<Owner>,
}

/// An Owner of everything, and what it logs in with.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Who it is.
    pub principal: Principal,
    /// The same as an application.
    pub application: Application,
}

/// What Resource Manager is like.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// How fast it is.
    pub tempo: Tempo,
    /// How generous with calls.
    pub allowance: Allowance,
    /// What it answers instead of its own.
    pub fakes: Vec<Fake>,
}

impl Default for Conditions {
    /// Quick, generous, and itself.
    fn default() -> Self {
        Self { tempo: Tempo::quick(), allowance: Allowance::default(), fakes: Vec::new() }
    }
}
