//! What happens outside of the worker: events with duplicates and disorder, resources that drift back, and people's tasks.

use std::collections::VecDeque;
use std::time::Duration;

use policy_remediator::event::Timestamp;
use policy_remediator::queue::{Observation, Seen};
use policy_remediator::resource::{ResourceId, Target};

use crate::world::World;

const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

/// How the deployments to one resource under one target end: so many failures that pass, then success; or never.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) target: Target,
    pub(crate) resource: ResourceId,
    pub(crate) failures: usize,
    pub(crate) permanent: bool,
    /// Fails until it is evaluated anew.
    pub(crate) stale: bool,
    pub(crate) seen_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Event(Observation),
    PersonOpens(Target, Duration),
}

#[derive(Default)]
pub(crate) struct Scenario {
    pub(crate) scripts: Vec<Script>,
    pub(crate) to_come: VecDeque<(Timestamp, Happening)>,
}

impl Scenario {
    pub(crate) fn new(random: &mut fastrand::Rng, now: Timestamp) -> Self {
        let resources = random.usize(1..25);
        let mut scenario = Self::default();
        let mut to_come = Vec::new();
        for assignment in 0..random.usize(1..4) {
            for n in 0..resources {
                if random.f64() < 0.3 {
                    continue;
                }
                let at = now - Duration::from_secs(random.u64(0..1_800));
                let id: ResourceId =
                    format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a{n:02}")
                        .parse()
                        .expect("an id");
                let assignment = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/p{assignment}")
                    .parse()
                    .expect("an id");
                let observation = Observation::of_event(Seen::NonCompliant, id.clone(), assignment, None, at);
                let target = observation.target();
                scenario.scripts.push(Script {
                    target,
                    resource: id,
                    failures: if random.f64() < 0.2 { random.usize(1..3) } else { 0 },
                    permanent: random.f64() < 0.05,
                    stale: random.f64() < 0.05,
                    seen_at: at,
                });
                let arrives = now + Duration::from_secs(random.u64(0..3_600));
                to_come.push((arrives, Happening::Event(observation.clone())));
                while random.f64() < 0.3 {
                    let again = arrives + Duration::from_secs(random.u64(0..7_200));
                    to_come.push((again, Happening::Event(observation.clone())));
                }
            }
        }
        if random.f64() < 0.3
            && let Some(script) = scenario.scripts.first()
        {
            let at = now + Duration::from_secs(random.u64(0..3_600));
            to_come
                .push((at, Happening::PersonOpens(script.target.clone(), Duration::from_secs(random.u64(60..3_600)))));
        }
        to_come.sort_by_key(|(at, _)| *at);
        scenario.to_come = to_come.into();
        scenario
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.to_come.front().map(|(at, _)| *at)
    }
}

impl World {
    /// Lets everything happen whose time has come.
    pub(crate) fn scenario_step(&mut self) {
        while self.scenario.next().is_some_and(|at| at <= self.now) {
            let Some((_, happening)) = self.scenario.to_come.pop_front() else { return };
            match happening {
                Happening::Event(observation) => {
                    self.tell(|| format!("event: {} at {}", observation.resource_id, observation.observed_at));
                    self.send_observation(&observation);
                }
                Happening::PersonOpens(target, lasts) => self.person_opens(&target, lasts),
            }
        }
    }
}
