//! How the deployments of a storm fail: some once or twice, some until the resource is evaluated, some for ever, and all
//! those of one target, because the identity of its assignment lacks the roles there.

use super::Storm;
use simulator::estate::{Attempt, Failure, RecordKey};

/// Shares of all records: failing once or twice, missing an evaluation result, failing for ever.
const TRANSIENT: f64 = 0.08;
const STALE: f64 = 0.02;
const PERMANENT: f64 = 0.02;
/// With fewer targets, one without roles would be too much of the storm.
const ENOUGH_TARGETS: usize = 4;
const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";

/// A record, as far as its failures depend on it.
pub(super) struct Place {
    /// The number of its target.
    pub(super) target: usize,
    /// What it is about.
    pub(super) key: RecordKey,
    /// Whether the effect is `modify`, which is refused in other words than a deployment.
    pub(super) is_modify: bool,
}

#[derive(Clone, Copy)]
enum Script {
    Works,
    FailsFirst(usize),
    Stale(usize),
    FailsForEver,
}

impl Storm {
    /// The target whose assignment's identity lacks the roles; none in a small storm.
    pub(super) fn target_without_roles(&self) -> Option<usize> {
        (self.targets >= ENOUGH_TARGETS).then(|| self.random(6).usize(..self.targets))
    }

    /// How the deployments to each of the records end.
    pub(super) fn scripts(&self, places: &[Place]) -> Vec<Vec<Attempt>> {
        let without_roles = self.target_without_roles();
        let lacks_roles = |place: &Place| Some(place.target) == without_roles;
        let others = places.iter().filter(|place| !lacks_roles(place)).count();
        let mut random = self.random(7);
        let mut scripts = shares(places.len(), others, &mut random).into_iter();
        let mut script = |place: &Place| {
            if lacks_roles(place) {
                return vec![Attempt::Fail(missing_role(place, &mut random))];
            }
            let mut transient = |times| (0..times).map(|_| Attempt::Fail(transient(&mut random))).collect();
            match scripts.next().unwrap_or(Script::Works) {
                Script::Works => Vec::new(),
                Script::FailsFirst(times) => with(transient(times), [Attempt::Succeed]),
                Script::Stale(after) => {
                    with(transient(after), [Attempt::Fail(Failure::no_evaluation_result()), Attempt::Succeed])
                }
                Script::FailsForEver => vec![Attempt::Fail(permanent(place.key.resource.as_str(), &mut random))],
            }
        };
        places.iter().map(&mut script).collect()
    }
}

/// Exactly the shares of all that are wanted, at places among the others that chance gives; at least one of each.
fn shares(all: usize, others: usize, random: &mut fastrand::Rng) -> Vec<Script> {
    let share = |share: f64| ((all as f64 * share).round() as usize).max(1);
    let mut scripts = vec![Script::FailsForEver; share(PERMANENT)];
    scripts.extend((0..share(STALE)).map(|_| Script::Stale(random.usize(0..=1))));
    scripts.extend((0..share(TRANSIENT)).map(|_| Script::FailsFirst(random.usize(1..=2))));
    scripts.resize(others, Script::Works);
    random.shuffle(&mut scripts);
    scripts
}

fn with<const N: usize>(mut script: Vec<Attempt>, end: [Attempt; N]) -> Vec<Attempt> {
    script.extend(end);
    script
}

fn transient(random: &mut fastrand::Rng) -> Failure {
    match random.u8(..3) {
        0 => Failure::another_operation_in_progress(),
        1 => Failure::service_unavailable(),
        _ => Failure::internal_server_error(),
    }
}

fn permanent(resource: &str, random: &mut fastrand::Rng) -> Failure {
    if random.bool() {
        return Failure::invalid_template_deployment();
    }
    Failure::disallowed_by_policy(resource, "Deny-Public-Network")
}

fn missing_role(place: &Place, random: &mut fastrand::Rng) -> Failure {
    let resource = place.key.resource.as_str();
    if place.is_modify {
        return Failure::missing_modify_permission(resource, "Microsoft.Storage/storageAccounts/write");
    }
    if random.bool() {
        return Failure::authorization_failed(PRINCIPAL, resource);
    }
    let group = resource.split("/providers/").next().unwrap_or(resource);
    let deployment = format!("{group}/providers/Microsoft.Resources/deployments/PolicyDeployment_{}", random.u64(..));
    Failure::missing_deployment_permission(place.key.assignment.as_str(), &deployment)
}
