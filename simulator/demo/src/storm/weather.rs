//! What makes a storm hard besides its size: a Resource Manager that is too busy for one call in twenty. And the settings
//! that suit it, values only: the worker waits until the events are in, so that its waves are full.

use std::collections::BTreeMap;

use super::Storm;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

/// Share of Resource Manager's calls that are refused with 429.
const THROTTLED: f64 = 0.05;
/// Events a second that the settling counts on.
const DELIVERED_A_SECOND: usize = 1000;

impl Storm {
    /// The faults: half of the throttled calls are told to wait for one second, half for two.
    pub fn faults(&self) -> Vec<Rule> {
        let busy = |name: &str, retry_after, part| {
            let which = Which::Share { probability: THROTTLED / 2.0, seed: self.random(part).u64(..) };
            Rule::new(name, Service::ResourceManager, which, Kind::Throttle { retry_after })
        };
        vec![busy("busy for one second", 1, 4), busy("busy for two seconds", 2, 5)]
    }

    /// The worker's settings, on top of the demo's.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let settle = 1 + self.events / DELIVERED_A_SECOND;
        [
            ("SETTLE_DELAY", format!("{settle}s")),
            ("COALESCE_WINDOW", "2s".to_owned()),
            ("BACKOFF_BASE", "500ms".to_owned()),
            // Each call may be the one that is refused, so none is made in vain: facts are kept as long as in Azure, in
            // relation, and a task is looked at when it can have ended. Messages come at whole seconds: less than one, and
            // the look is at the next.
            ("FACTS_TTL", "30s".to_owned()),
            ("CHECK_INTERVAL_MIN", "800ms".to_owned()),
            ("PARALLEL_DEPLOYMENTS", "30".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
