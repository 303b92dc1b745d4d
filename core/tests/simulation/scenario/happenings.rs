//! What happens when, apart from the worker: people by plan, evaluations and drifts as they follow from fixes.

use std::time::Duration;

use remediation::id::Target;
use remediation::message::Observation;
use remediation::time::Timestamp;

use crate::cloud::{Key, Trouble};
use crate::world::World;

use super::Scenario;

/// What a person does to a running task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interference {
    Cancels,
    Deletes,
}

#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Event(Observation),
    Evaluates(Key),
    Drifts(Key),
    /// With the number of passes whether it can be done; the same below.
    PersonOpens(Target, Duration, usize),
    PersonInterferes(Target, Interference, usize),
    PersonMends(Key),
    PersonFixes(Key),
    PersonGrants(Target),
    AssignmentGoes(Target),
    ResourceGoes(Key),
    GuardRailsWiden,
    /// All instances are started again with wider windows, steps and paces.
    ControlsWiden,
    WorkerIsRefused(Duration),
}

impl Scenario {
    /// Plans what people do, and the ends of assignments and resources.
    pub(super) fn plan_people(&mut self, random: &mut fastrand::Rng, now: Timestamp) {
        const HOUR: u64 = 3_600;
        let soon = |random: &mut fastrand::Rng| now + Duration::from_secs(random.u64(0..2 * HOUR));
        let some_day = |random: &mut fastrand::Rng| now + Duration::from_secs(random.u64(0..13 * 24 * HOUR));
        let spices = self.spices.clone();
        for (place, (target, assigned)) in self.assigned.clone().into_iter().enumerate() {
            if place == 0 && random.f64() < spices.persons_tasks {
                let lasts = Duration::from_secs(random.u64(60..HOUR));
                self.plan(soon(random), Happening::PersonOpens(target.clone(), lasts, 0));
            }
            for (share, how) in [(spices.cancels, Interference::Cancels), (spices.deletes, Interference::Deletes)] {
                if random.f64() < share {
                    self.plan(soon(random), Happening::PersonInterferes(target.clone(), how, 0));
                }
            }
            if assigned.lacks_roles && random.f64() < 0.7 {
                self.plan(some_day(random), Happening::PersonGrants(target.clone()));
            }
            if random.f64() < spices.gone_assignments {
                self.plan(soon(random), Happening::AssignmentGoes(target));
            }
        }
        if random.f64() < spices.refused_workers {
            let lasts = if random.f64() < 0.5 { random.u64(60..HOUR) } else { random.u64(HOUR..72 * HOUR) };
            self.plan(soon(random), Happening::WorkerIsRefused(Duration::from_secs(lasts)));
        }
        if spices.excluded > 0.0 && random.f64() < 0.7 {
            self.plan(some_day(random), Happening::GuardRailsWiden);
        }
        // It draws by itself, so that a seed without it plays what it played before.
        let mut own = fastrand::Rng::with_seed(random.clone().u64(..));
        if spices.windows + spices.limits > 0.0 && own.f64() < 0.3 {
            self.plan(some_day(&mut own), Happening::ControlsWiden);
        }
        for script in self.scripts.clone() {
            if script.trouble == Trouble::Permanent && random.f64() < 0.5 {
                self.plan(some_day(random), Happening::PersonMends(script.key.clone()));
            }
            if random.f64() < spices.fixed_by_people {
                let at = if random.f64() < 0.5 { soon(random) } else { some_day(random) };
                self.plan(at, Happening::PersonFixes(script.key.clone()));
            }
            if random.f64() < spices.gone_resources {
                self.plan(soon(random), Happening::ResourceGoes(script.key));
            }
        }
    }
}

impl World {
    /// Lets everything happen whose time has come.
    pub(crate) fn scenario_step(&mut self) {
        while let Some(happening) = self.scenario.take(self.now) {
            match happening {
                Happening::Event(observation) => {
                    let seen = observation.seen.as_str();
                    self.tell(|| format!("event: {} {seen} at {}", observation.resource_id, observation.observed_at));
                    self.send_observation(&observation);
                }
                Happening::Evaluates(key) => self.evaluate(&key),
                Happening::Drifts(key) => self.drift(&key),
                Happening::PersonOpens(target, lasts, looks) => self.person_opens(target, lasts, looks),
                Happening::PersonInterferes(target, how, looks) => self.person_interferes(target, how, looks),
                Happening::PersonMends(key) => self.person_mends(&key),
                Happening::PersonFixes(key) => self.person_fixes(key),
                Happening::PersonGrants(target) => self.person_grants(&target),
                Happening::AssignmentGoes(target) => self.assignment_goes(&target),
                Happening::ResourceGoes(key) => self.resource_goes(&key),
                Happening::GuardRailsWiden => self.guard_rails_widen(),
                Happening::ControlsWiden => self.controls_widen(),
                Happening::WorkerIsRefused(lasts) => {
                    self.cloud.refused_until = Some(self.now + lasts);
                    self.tell(|| format!("the worker is refused everything for {lasts:?}"));
                }
            }
        }
    }
}
