//! The resources and assignments of a seed, with the events that tell of them at first.

use std::time::Duration;

use remediation::id::ResourceId;
use remediation::message::{Finding, Observation};
use remediation::time::Timestamp;

use crate::cloud::{Assigned, Key, Trouble};

use super::{Happening, Scenario};

const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

/// How the deployments to one resource under one target end: so many failures that pass, then success; or never.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) key: Key,
    pub(crate) failures: usize,
    pub(crate) trouble: Trouble,
    pub(crate) drifts: usize,
    pub(crate) excluded: bool,
    pub(crate) seen_at: Timestamp,
}

impl Scenario {
    /// Fills the estate: one to three assignments over the same resources.
    pub(super) fn fill(&mut self, random: &mut fastrand::Rng, now: Timestamp) {
        let excluded = self.spices.excluded;
        let resources: Vec<bool> = (0..random.usize(1..25)).map(|_| random.f64() < excluded).collect();
        for assignment in 0..random.usize(1..4) {
            let lacks_roles = random.f64() < self.spices.lacking_roles;
            let is_delegated = random.f64() < 0.5;
            for (n, excluded) in resources.iter().enumerate() {
                if random.f64() < 0.3 {
                    continue;
                }
                let observation = observation(random, now, assignment, n, *excluded);
                let key = (observation.target(), observation.resource_id.clone());
                if self.assigned.last().is_none_or(|(target, _)| *target != key.0) {
                    self.assigned
                        .push((key.0.clone(), Assigned { gone: false, lacks_roles, granted: None, is_delegated }));
                }
                let script = self.script(random, key, *excluded, observation.observed_at);
                self.scripts.push(script);
                let arrives = now + Duration::from_secs(random.u64(0..3_600));
                self.plan(arrives, Happening::Event(observation.clone()));
                while random.f64() < 0.3 {
                    let again = arrives + Duration::from_secs(random.u64(0..7_200));
                    self.plan(again, Happening::Event(observation.clone()));
                }
            }
        }
    }

    fn script(&self, random: &mut fastrand::Rng, key: Key, excluded: bool, seen_at: Timestamp) -> Script {
        let trouble = match random.f64() {
            x if x < 0.05 => Trouble::Permanent,
            x if x < 0.10 => Trouble::Stale,
            x if x < 0.10 + self.spices.unseen => Trouble::Unseen,
            x if x < 0.10 + self.spices.unseen + self.spices.never_evaluated => Trouble::NeverEvaluated,
            x if x > 1.0 - self.spices.unhelped => Trouble::Unhelped,
            _ => Trouble::None,
        };
        let passing = if random.f64() < 0.2 { random.usize(1..3) } else { 0 };
        let failures = if random.f64() < self.spices.hopeless { random.usize(8..12) } else { passing };
        let drifts = if random.f64() < self.spices.drifts { random.usize(1..6) } else { 0 };
        Script { key, failures, trouble, drifts, excluded, seen_at }
    }
}

fn observation(
    random: &mut fastrand::Rng,
    now: Timestamp,
    assignment: usize,
    resource: usize,
    excluded: bool,
) -> Observation {
    let at = now - Duration::from_secs(random.u64(0..1_800));
    let letter = if excluded { 'x' } else { 'a' };
    let id: ResourceId = format!(
        "{SUB}/resourceGroups/rg{}/providers/Microsoft.Storage/storageAccounts/{letter}{resource:02}",
        resource % 5 / 4
    )
    .parse()
    .expect("an id");
    let assignment = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/p{assignment}");
    Observation::of_event(Finding::NonCompliant, id, assignment.parse().expect("an id"), None, at)
}
