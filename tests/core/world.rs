//! The model as a whole: virtual time, randomness by seed, and the order in which things happen.

use std::time::Duration;

use policy_remediator::config::{Mode, Policy};
use policy_remediator::event::{Timestamp, parse_time};

use crate::broker::Broker;
use crate::cloud::Cloud;
use crate::scenario::Scenario;
use crate::store::Store;
use crate::worker::Flow;

/// Most effects of one seed: far more than any needs, so that going round in circles shows.
const MOST_EFFECTS: usize = 60_000;
/// Until when faults strike; afterwards the dust settles.
const FAULTY: Duration = Duration::from_secs(4 * 3_600);
/// Until when everything must be settled.
const LIMIT: Duration = Duration::from_secs(3 * 86_400);

pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) began: Timestamp,
    pub(crate) random: fastrand::Rng,
    pub(crate) policy: Policy,
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) cloud: Cloud,
    pub(crate) scenario: Scenario,
    pub(crate) flows: Vec<Flow>,
    told: bool,
    pub(crate) story: Vec<String>,
    pub(crate) effects: usize,
    pub(crate) crashes: usize,
    swept_at: Timestamp,
}

impl World {
    pub(crate) fn new(seed: u64, told: bool) -> Self {
        let now = parse_time("2026-11-21T07:00:00Z").expect("a time");
        let mut random = fastrand::Rng::with_seed(seed);
        let scenario = Scenario::new(&mut random, now);
        Self {
            now,
            began: now,
            // Every fourth seed knows tasks for a whole scope.
            policy: Policy {
                mode: Mode::Act,
                escalate_above: if seed.is_multiple_of(4) { 2 } else { 300 },
                // And every eighth documents that list few resources.
                most_entries: if seed.is_multiple_of(8) { 8 } else { 5_000 },
                ..Policy::default()
            },
            store: Store::default(),
            broker: Broker::default(),
            cloud: Cloud::new(&scenario),
            scenario,
            random,
            flows: Vec::new(),
            told,
            story: Vec::new(),
            effects: 0,
            crashes: 0,
            swept_at: now,
        }
    }

    /// Effects, tasks, crashes, conflicts, throttled calls, tasks for a whole scope.
    pub(crate) fn numbers(&self) -> [usize; 6] {
        let cloud = &self.cloud;
        [self.effects, cloud.tasks.len(), self.crashes, self.store.conflicts, cloud.throttled, cloud.whole]
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.now < self.began + FAULTY
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.random.f64() < share
    }

    /// A fault that strikes with this share, as long as faults strike at all.
    pub(crate) fn strikes(&mut self, share: f64) -> bool {
        self.is_faulty() && self.chance(share)
    }

    pub(crate) fn tell(&mut self, words: impl FnOnce() -> String) {
        if !self.told {
            return;
        }
        let elapsed = (self.now - self.began).as_seconds_f64();
        self.story.push(format!("{elapsed:10.3} {}", words()));
    }

    /// Plays until everything is settled.
    pub(crate) fn play(&mut self) -> Result<(), String> {
        loop {
            self.effects += 1;
            if self.effects > MOST_EFFECTS {
                return Err("it goes round in circles".to_owned());
            }
            if self.now > self.began + LIMIT {
                return self.check_settled().and(Err("something still moves after three days".to_owned()));
            }
            self.scenario_step();
            self.cloud_step()?;
            self.sweep_step();
            if !self.worker_step()? && !self.wait_for_something() {
                break;
            }
            self.check_always()?;
        }
        self.check_settled()
    }

    /// Moves time to the next thing that is due; false when nothing ever will be.
    fn wait_for_something(&mut self) -> bool {
        let next =
            [self.scenario.next(), self.broker.next(self.now), self.cloud.next(self.now)].into_iter().flatten().min();
        let sweep = self.needs_sweep().then(|| self.swept_at + Duration::from_secs(900));
        let Some(next) = next.into_iter().chain(sweep).min() else { return false };
        self.now = self.now.max(next);
        true
    }

    /// A little time passes with every effect.
    pub(crate) fn tick(&mut self) {
        self.now += Duration::from_millis(self.random.u64(1..400));
    }

    fn sweep_step(&mut self) {
        if self.now < self.swept_at + Duration::from_secs(900) {
            return;
        }
        self.swept_at = self.now;
        self.sweep();
    }
}
