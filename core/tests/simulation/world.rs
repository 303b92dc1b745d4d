//! The model as a whole: virtual time, randomness by seed, and the order in which things happen.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use remediation::settings::Tuning;
use remediation::time::{Moment, Timestamp, parse_time};

use crate::approvals::Approvals;
use crate::broker::Broker;
use crate::cloud::Cloud;
use crate::fleet::Fleet;
use crate::ledger::Ledger;
use crate::pauses::Pauses;
use crate::scenario::Scenario;
use crate::store::Store;
use crate::tally::Ingredient;
use crate::worker::Flow;

/// Most effects of one seed: far more than any needs, so that going round in circles shows.
const MOST_EFFECTS: usize = 200_000;
/// How far a clock may be off.
pub(crate) const MOST_SKEW: time::Duration = time::Duration::minutes(15);
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// How long faults strike, at the beginning and when the first parks end.
const FAULTY: Duration = Duration::from_secs(4 * HOUR);
const FAULTY_AGAIN: Duration = Duration::from_secs(14 * DAY);
/// Parks that end before this are waited for.
const HORIZON: Duration = Duration::from_secs(20 * DAY);
/// Until when everything must be settled: a park may come first, and eight attempts may wait a day each for an evaluation.
const LIMIT: Duration = Duration::from_secs(40 * DAY);
/// What a park holds is tried again when the park ends, for ever. A try that is under way at the limit has so long to come to its end.
const ROUND: Duration = Duration::from_secs(10 * DAY);

pub(crate) struct World {
    pub(crate) now: Timestamp,
    began: Timestamp,
    faulty: [Range<Timestamp>; 2],
    /// Parks that end before this are waited for.
    pub(crate) horizon: Timestamp,
    limit: Timestamp,
    pub(crate) random: fastrand::Rng,
    pub(crate) tuning: Tuning,
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) cloud: Cloud,
    pub(crate) scenario: Scenario,
    pub(crate) ledger: Ledger,
    pub(crate) flows: Vec<Flow>,
    pub(crate) met: BTreeSet<Ingredient>,
    told: bool,
    pub(crate) story: Vec<String>,
    pub(crate) effects: usize,
    pub(crate) next_sweep: Timestamp,
    pub(crate) pauses: Pauses,
    pub(crate) fleet: Fleet,
    pub(crate) approvals: Approvals,
    /// When people widened window, steps and pace.
    pub(crate) widened_at: Option<Timestamp>,
}

impl World {
    pub(crate) fn new(seed: u64, told: bool) -> Self {
        let now = parse_time("2026-11-21T07:00:00Z").expect("a time");
        let mut random = fastrand::Rng::with_seed(seed);
        let scenario = Scenario::new(&mut random, now);
        Self {
            now,
            began: now,
            faulty: [now..now + FAULTY, now + FAULTY_AGAIN..now + FAULTY_AGAIN + FAULTY],
            horizon: now + HORIZON,
            limit: now + LIMIT + scenario.spices.longer(),
            tuning: scenario.spices.tuning(&mut random),
            store: Store::default(),
            broker: Broker::default(),
            cloud: Cloud::new(&scenario),
            ledger: Ledger::default(),
            scenario,
            random,
            flows: Vec::new(),
            met: BTreeSet::new(),
            told,
            story: Vec::new(),
            effects: 0,
            next_sweep: now,
            pauses: Pauses::none(now),
            fleet: Fleet::default(),
            approvals: Approvals::default(),
            widened_at: None,
        }
    }

    /// How far the clock of an instance is off: that of the second one.
    fn skew(&self, instance: usize) -> time::Duration {
        let skew = if instance == 1 { MOST_SKEW * self.scenario.spices.skew } else { time::Duration::ZERO };
        // Less is not to be told from none.
        if skew.abs() < time::Duration::seconds(2) { time::Duration::ZERO } else { skew }
    }

    /// The time as an instance knows it. Storage tells whole seconds.
    pub(crate) fn moment(&self, instance: usize) -> Moment {
        let now = self.now + self.skew(instance);
        let stored_after = self.now.replace_nanosecond(0).expect("no nanoseconds are some");
        let running = Duration::try_from(self.now - self.began).expect("time goes on");
        Moment { now, stored_after, stored_before: stored_after + Duration::from_secs(1), running }
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.random.f64() < share
    }

    /// A fault that strikes with this share, as long as faults strike at all.
    pub(crate) fn strikes(&mut self, share: f64) -> bool {
        // In this order because drawing is cheap, and times are not in an unoptimised build.
        self.chance(share) && self.faulty.iter().any(|faulty| faulty.contains(&self.now))
    }

    /// A span of up to so many seconds.
    pub(crate) fn span(&mut self, seconds: Range<u64>) -> Duration {
        Duration::from_secs(self.random.u64(seconds))
    }

    pub(crate) fn meet(&mut self, ingredient: Ingredient) {
        self.met.insert(ingredient);
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
            if self.now > self.limit + ROUND {
                return self.check_settled().and(Err("something still moves in the end".to_owned()));
            }
            self.scenario_step();
            self.cloud_step()?;
            self.sweep_step()?;
            if !self.worker_step()? && !self.wait_for_something() {
                return self.check_settled();
            }
        }
    }

    /// Moves time to the next thing that is due; false when nothing ever will be.
    fn wait_for_something(&mut self) -> bool {
        let mut next =
            vec![self.scenario.next(), self.broker.next(self.now), self.cloud.next(self.now), self.sweep_at()];
        next.extend(self.flows.iter().map(|flow| flow.stands_until.filter(|until| *until > self.now)));
        // A parked target has its wake-up at the end of its park, long after everything else.
        let Some(next) = next.into_iter().flatten().min().filter(|at| *at <= self.limit + ROUND) else { return false };
        if next > self.limit && self.check_settled().is_ok() {
            return false;
        }
        self.now = self.now.max(next);
        true
    }

    /// A little time passes with every effect.
    pub(crate) fn tick(&mut self) {
        self.now += Duration::from_millis(self.random.u64(1..400));
    }
}
