//! What happens outside of the worker: which resources there are and how their deployments will end, the events, and what
//! people do.

mod estate;
mod happenings;
mod spices;

use std::collections::BTreeMap;

use remediation::id::Target;
use remediation::time::Timestamp;

pub(crate) use estate::Script;
pub(crate) use happenings::{Happening, Interference};
pub(crate) use spices::Spices;

use crate::cloud::Assigned;

pub(crate) struct Scenario {
    pub(crate) spices: Spices,
    pub(crate) scripts: Vec<Script>,
    pub(crate) assigned: Vec<(Target, Assigned)>,
    /// By time, then by the order in which they were planned.
    to_come: BTreeMap<(Timestamp, usize), Happening>,
    planned: usize,
}

impl Scenario {
    pub(crate) fn new(random: &mut fastrand::Rng, now: Timestamp) -> Self {
        let spices = Spices::new(random);
        let mut scenario =
            Self { spices, scripts: Vec::new(), assigned: Vec::new(), to_come: BTreeMap::new(), planned: 0 };
        scenario.fill(random, now);
        scenario.plan_people(random, now);
        scenario
    }

    pub(crate) fn plan(&mut self, at: Timestamp, happening: Happening) {
        self.planned += 1;
        self.to_come.insert((at, self.planned), happening);
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.to_come.keys().next().map(|(at, _)| *at)
    }

    /// The next thing whose time has come.
    fn take(&mut self, now: Timestamp) -> Option<Happening> {
        let first = self.to_come.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }
}
