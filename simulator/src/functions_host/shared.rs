//! What the host's parts share: the package, the instances, whose turn it is, and the timers.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use time::OffsetDateTime;

use super::{
    instance::Instance,
    invocation::{TimerCall, timer},
    options::HostOptions,
    outcome::{Answer, InvocationFailed},
    package::{Function, Package, Trigger},
    timers::Timers,
};

pub(super) struct Shared {
    pub(super) package: Arc<Package>,
    pub(super) instances: Vec<Arc<Instance>>,
    pub(super) timers: Timers,
    /// With this key requests to the host are to be made, where one is asked for.
    pub(super) key: Option<String>,
    /// Requests of Event Grid and of HTTP clients that are going on.
    pub(super) requests: AtomicUsize,
    /// The host is about to stop: no further request is taken.
    pub(super) draining: AtomicBool,
    turn: AtomicUsize,
}

/// Why a timer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Schedule { is_past_due: bool },
    ByHand,
}

impl Shared {
    pub(super) fn new(package: Arc<Package>, instances: Vec<Arc<Instance>>, options: &HostOptions) -> Self {
        Self {
            package,
            instances,
            timers: Timers::of(options.timers.clone()),
            key: options.key.clone(),
            requests: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
        }
    }

    /// The function of this name, with its case.
    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.package.functions.iter().find(|function| function.name == name)
    }

    /// Runs a timer.
    pub(super) async fn fire(&self, function: &Function, cause: Cause) -> Result<Answer, InvocationFailed> {
        let Trigger::Timer { schedule, is_monitored, .. } = &function.trigger else {
            return Err(InvocationFailed::failed(format!("'{}' is no timer.", function.name)));
        };
        let instance = self.next_open(function).ok_or_else(|| InvocationFailed::failed("No instance is running."))?;
        let now = OffsetDateTime::now_utc();
        let name = function.name.as_str();
        let (status, is_past_due, by_hand) = match cause {
            Cause::Schedule { is_past_due } => (self.timers.listening(name), is_past_due, false),
            Cause::ByHand => (self.timers.stored(name), false, true),
        };
        let status = status.filter(|_| *is_monitored && schedule.keeps_status(now));
        let call = TimerCall { adjusts: schedule.adjusts(), status, is_past_due, by_hand };
        let result = instance.invoke(name, timer(function, call, now)).await;
        match cause {
            Cause::Schedule { .. } => self.timers.ran(name, schedule, now),
            Cause::ByHand => {}
        }
        result
    }

    /// The next instance that triggers may deliver this function's to, by turns.
    pub(super) fn next_open(&self, function: &Function) -> Option<Arc<Instance>> {
        let serves = |instance: &&Arc<Instance>| instance.is_open() && instance.group.serves(function);
        let open: Vec<&Arc<Instance>> = self.instances.iter().filter(serves).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        open.get(turn.checked_rem(open.len())?).map(|instance| Arc::clone(instance))
    }
}
