//! What the host's parts share: the package, the instances, whose turn it is, and when timers fired last.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use time::OffsetDateTime;

use super::{
    instance::Instance,
    invocation,
    outcome::{Answer, InvocationFailed},
    package::{Function, Package, Trigger},
};

pub(super) struct Shared {
    pub(super) package: Arc<Package>,
    pub(super) instances: Vec<Arc<Instance>>,
    turn: AtomicUsize,
    fired: Mutex<HashMap<String, OffsetDateTime>>,
}

impl Shared {
    pub(super) fn new(package: Arc<Package>, instances: Vec<Arc<Instance>>) -> Self {
        Self { package, instances, turn: AtomicUsize::new(0), fired: Mutex::default() }
    }

    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.package.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    pub(super) async fn fire(&self, function: &Function) -> Result<Answer, InvocationFailed> {
        let Trigger::Timer { schedule } = &function.trigger else {
            return Err(InvocationFailed(format!("'{}' is no timer.", function.name)));
        };
        let instance = self.next_open().ok_or_else(|| InvocationFailed("No instance is running.".to_owned()))?;
        let now = OffsetDateTime::now_utc();
        let last = {
            let mut fired = self.fired.lock().unwrap_or_else(PoisonError::into_inner);
            fired.insert(function.name.clone(), now)
        };
        instance.invoke(&function.name, &invocation::timer(function, schedule, last, now)).await
    }

    /// The next instance that triggers may deliver to, by turns.
    pub(super) fn next_open(&self) -> Option<Arc<Instance>> {
        let open: Vec<&Arc<Instance>> = self.instances.iter().filter(|instance| instance.is_open()).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        open.get(turn.checked_rem(open.len())?).map(|instance| Arc::clone(instance))
    }
}
