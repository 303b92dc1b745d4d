//! Last question: does anyone else touch it? Two deployments that change one resource at once lose changes (Microsoft
//! documentation, "Use Azure Policy to assign managed identities", known issues), so a wave waits for every other task,
//! ours or a person's.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};

use super::{Crowd, Eligible};
use crate::arm::{ListedTask, NewTask};
use crate::config::Policy;
use crate::resource::{ReferenceId, ResourceId, Scope, Target, TargetHash};
use crate::state::{ActiveTask, Claim, Claimed, Extent, SubscriptionDocument, TargetDocument, TaskName};

/// What other tasks touch, as far as it is known.
#[derive(Debug)]
pub(in crate::remediation) struct Blockers<'a> {
    claims: &'a SubscriptionDocument,
    hash: &'a TargetHash,
    rivals: &'a BTreeMap<TargetHash, Option<TaskName>>,
    /// Put together when it is first needed: a look at one rival after the other does without.
    claimed: OnceCell<HashSet<&'a ResourceId>>,
    claimed_scopes: OnceCell<Vec<&'a Scope>>,
    /// Resources and scopes that the tasks of others touch.
    touched: HashSet<&'a str>,
    scopes: Vec<&'a str>,
    /// A task of the same policy runs on an overlapping scope: Resource Manager would refuse another.
    same_policy: bool,
    /// The policy has as many tasks as it can have.
    full: bool,
}

impl<'a> Blockers<'a> {
    /// Puts together what is in the way of a target: the claims of the subscription, what the documents of claiming targets
    /// name as active (a claim for another task is void), and the active tasks of the subscription, once listed.
    pub(in crate::remediation) fn new(
        target: &'a Target,
        hash: &'a TargetHash,
        claims: &'a SubscriptionDocument,
        rivals: &'a BTreeMap<TargetHash, Option<TaskName>>,
        tasks: &'a [ListedTask],
    ) -> Self {
        // Tasks of this worker are known better by their claims; the list is up to a minute old.
        let others = || tasks.iter().filter(|task| !is_ours(&task.name));
        Self {
            claims,
            hash,
            rivals,
            claimed: OnceCell::new(),
            claimed_scopes: OnceCell::new(),
            touched: others().filter_map(|task| task.resources.as_ref()).flatten().map(String::as_str).collect(),
            scopes: others().filter(|task| task.resources.is_none()).map(|task| task.scope.as_str()).collect(),
            same_policy: others().any(|task| same_policy(task, target) && overlap(&task.scope, target.scope.as_str())),
            full: false,
        }
    }

    /// The same, with everything in the way when the policy is full.
    pub(in crate::remediation) fn among(self, crowd: &Crowd<'_>) -> Self {
        Self { full: crowd.is_full(), ..self }
    }

    /// Whether a task touches the resource, or, for the same policy, a scope that holds it.
    pub(in crate::remediation) fn block(&self, resource: &ResourceId) -> bool {
        self.full
            || self.same_policy
            || self.claimed().contains(resource)
            || self.claimed_scopes().iter().any(|scope| scope.holds(resource))
            || self.touched.contains(resource.as_str())
            || self.scopes.iter().any(|scope| resource.is_within(scope))
    }

    /// Whether any task touches anything in the scope.
    pub(in crate::remediation) fn block_scope(&self, scope: &Scope) -> bool {
        self.full
            || self.same_policy
            || self.standing().any(|claim| touches(claim, scope))
            || self.touched.iter().any(|resource| overlap(resource, scope.as_str()))
            || self.scopes.iter().any(|other| overlap(other, scope.as_str()))
    }

    /// A rival whose claim is in the way of one of these resources, and whose document has not been looked at.
    pub(in crate::remediation) fn unknown_rival(
        &self,
        scope: &Scope,
        wanted: impl Fn(&ResourceId) -> bool,
    ) -> Option<TargetHash> {
        self.unknown(|claim| match &claim.on {
            Claimed::Resources(resources) => resources.iter().any(&wanted),
            Claimed::Scope(claimed) => overlap(claimed.as_str(), scope.as_str()),
        })
    }

    /// A rival whose claim is in the way of a task for the whole scope, and whose document has not been looked at.
    pub(in crate::remediation) fn unknown_rival_in(&self, scope: &Scope) -> Option<TargetHash> {
        self.unknown(|claim| touches(claim, scope))
    }

    fn unknown(&self, in_the_way: impl Fn(&Claim) -> bool) -> Option<TargetHash> {
        let unknown = |rival: &TargetHash| rival != self.hash && !self.rivals.contains_key(rival);
        let found = self.claims.claims.iter().find(|(rival, claim)| unknown(rival) && in_the_way(claim));
        found.map(|(rival, _)| rival.clone())
    }

    /// Rivals whose claims are void and can be cleared away.
    pub(in crate::remediation) fn void_rivals(&self) -> impl Iterator<Item = &TargetHash> {
        self.claims.claims.iter().filter(|(rival, claim)| is_void(self.rivals, rival, claim)).map(|(rival, _)| rival)
    }

    fn claimed(&self) -> &HashSet<&'a ResourceId> {
        let resources = |claim: &'a Claim| match &claim.on {
            Claimed::Resources(resources) => Some(resources),
            Claimed::Scope(_) => None,
        };
        self.claimed.get_or_init(|| self.standing().filter_map(resources).flatten().collect())
    }

    fn claimed_scopes(&self) -> &[&'a Scope] {
        let scope = |claim: &'a Claim| match &claim.on {
            Claimed::Resources(_) => None,
            Claimed::Scope(scope) => Some(scope),
        };
        self.claimed_scopes.get_or_init(|| self.standing().filter_map(scope).collect())
    }

    /// The claims of others that are not known to be void.
    fn standing(&self) -> impl Iterator<Item = &'a Claim> {
        let stands =
            |(rival, claim): &(&TargetHash, &Claim)| *rival != self.hash && !is_void(self.rivals, rival, claim);
        self.claims.claims.iter().filter(stands).map(|(_, claim)| claim)
    }
}

fn touches(claim: &Claim, scope: &Scope) -> bool {
    match &claim.on {
        Claimed::Resources(resources) => resources.iter().any(|resource| scope.holds(resource)),
        Claimed::Scope(claimed) => overlap(claimed.as_str(), scope.as_str()),
    }
}

pub(super) fn is_void(rivals: &BTreeMap<TargetHash, Option<TaskName>>, rival: &TargetHash, claim: &Claim) -> bool {
    rivals.get(rival).is_some_and(|active| active.as_ref() != Some(&claim.task))
}

fn same_policy(task: &ListedTask, target: &Target) -> bool {
    let reference = target.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
    // A task of which nobody can read whose it is may be of this.
    task.assignment.is_empty() || task.assignment == target.policy_assignment_id.as_str() && task.reference == reference
}

pub(super) fn is_ours(name: &str) -> bool {
    let mut parts = name.splitn(3, '-');
    let hex = |s: &str| s.len() == 20 && s.bytes().all(|b| b.is_ascii_hexdigit());
    let number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    parts.next() == Some("pr") && parts.next().is_some_and(hex) && parts.next().is_some_and(number)
}

/// Whether one scope holds the other.
fn overlap(a: &str, b: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    holds(a, b) || holds(b, a)
}

/// A wave that nothing is in the way of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::remediation) struct Free {
    wave: Eligible,
}

impl Free {
    /// Asks claims and active tasks. None when every resource is blocked.
    pub(in crate::remediation) fn among(mut wave: Eligible, blockers: &Blockers<'_>) -> Option<Self> {
        wave.resources.retain(|id| !blockers.block(id));
        (!wave.resources.is_empty()).then_some(Self { wave })
    }

    /// The task that remediates the wave: what `act` creates and `plan` shows. Its resources are in the order in which the
    /// document keeps them, so that the request is the same whoever makes it.
    pub(in crate::remediation) fn into_task(self, document: &TargetDocument, policy: &Policy) -> NewTask {
        let mut resources = self.wave.resources;
        resources.sort();
        task(document, policy, self.wave.reference, Extent::Resources, resources)
    }
}

/// The next task of the target.
pub(in crate::remediation) fn task(
    document: &TargetDocument,
    policy: &Policy,
    reference: Option<String>,
    extent: Extent,
    resources: Vec<ResourceId>,
) -> NewTask {
    NewTask {
        name: TaskName::new(&document.target.hash(), document.sequence + 1),
        target: document.target.clone(),
        reference,
        extent,
        resources,
        parallel_deployments: policy.parallel_deployments,
        failure_threshold: policy.failure_threshold,
    }
}

/// The claim that goes with the target's active task.
pub(in crate::remediation) fn claim(active: &ActiveTask, document: &TargetDocument) -> Claim {
    let on = match active.extent {
        Extent::Whole { .. } => Claimed::Scope(document.target.scope.clone()),
        Extent::Resources => Claimed::Resources(document.in_task().cloned().collect()),
    };
    Claim { task: active.name.clone(), on }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::TaskState;
    use crate::remediation::fixture::{SUB, resource, target};

    fn listed(scope: &str, name: &str, assignment: &str, resources: Option<&[usize]>) -> ListedTask {
        ListedTask {
            name: name.to_owned(),
            scope: scope.to_lowercase(),
            assignment: assignment.to_owned(),
            reference: String::new(),
            resources: resources.map(|ids| ids.iter().map(|n| resource(*n).as_str().to_owned()).collect()),
            state: TaskState::Active,
        }
    }

    fn blocks(task: ListedTask) -> bool {
        let target = target();
        let claims = SubscriptionDocument::new(target.subscription().clone());
        let tasks = [task];
        Blockers::new(&target, &target.hash(), &claims, &BTreeMap::new(), &tasks).block(&resource(1))
    }

    #[test]
    fn a_task_of_a_person_blocks_what_it_touches_and_its_own_policy_everywhere_in_scope() {
        let same = target().policy_assignment_id.to_string();
        let group = format!("{SUB}/resourceGroups/rg");
        let elsewhere = format!("{SUB}/resourceGroups/other");
        assert!(blocks(listed(SUB, "mine", "another", None)));
        assert!(blocks(listed(&group, "mine", "another", None)));
        assert!(!blocks(listed(&elsewhere, "mine", "another", None)));
        assert!(blocks(listed(SUB, "mine", "another", Some(&[1]))));
        assert!(!blocks(listed(SUB, "mine", "another", Some(&[2]))));
        assert!(blocks(listed(SUB, "mine", &same, Some(&[2]))));
        assert!(blocks(listed(&elsewhere, "mine", &same, None)));
    }

    #[test]
    fn a_task_that_cannot_be_read_blocks_whatever_it_may_touch() {
        assert!(blocks(listed("", "odd", "another", None)), "anywhere in the subscription");
        assert!(!blocks(listed("", "odd", "another", Some(&[2]))), "what it is limited to is known");
        assert!(blocks(listed(&format!("{SUB}/resourceGroups/other"), "odd", "", Some(&[2]))), "of any policy");
    }

    #[test]
    fn our_own_tasks_are_known_by_their_claims_not_by_the_list() {
        let own = TaskName::new(&target().hash(), 7);
        assert!(!blocks(listed(SUB, own.as_str(), "another", None)));
        assert!(blocks(listed(SUB, "pr-hash-7", "another", None)));
    }

    #[test]
    fn a_claim_blocks_until_it_is_known_to_be_void() {
        let target = target();
        let hash = target.hash();
        let rival = Target { policy_definition_reference_id: Some("r".parse().unwrap()), ..target.clone() }.hash();
        let task = TaskName::new(&rival, 3);
        let mut claims = SubscriptionDocument::new(target.subscription().clone());
        claims.claims.insert(rival.clone(), Claim { task: task.clone(), on: Claimed::Resources([resource(1)].into()) });
        let check = |rivals: &BTreeMap<_, _>| {
            let blockers = Blockers::new(&target, &hash, &claims, rivals, &[]);
            (blockers.block(&resource(1)), blockers.block(&resource(2)), blockers.void_rivals().count())
        };
        assert_eq!(check(&BTreeMap::new()), (true, false, 0));
        assert_eq!(check(&BTreeMap::from([(rival.clone(), Some(task))])), (true, false, 0));
        assert_eq!(check(&BTreeMap::from([(rival, None)])), (false, false, 1));
    }

    #[test]
    fn a_task_for_the_whole_scope_and_whatever_lies_in_it_keep_out_of_each_others_way() {
        let target = target();
        let hash = target.hash();
        let scope = |text: &str| -> Scope { format!("{SUB}{text}").parse().unwrap() };
        let (all, group, other) = (scope(""), scope("/resourceGroups/rg"), scope("/resourceGroups/rg2"));
        let rival = Target { policy_definition_reference_id: Some("r".parse().unwrap()), ..target.clone() }.hash();
        for (on, blocks_resource, blocks) in [
            (Claimed::Scope(all.clone()), true, [true, true, true]),
            (Claimed::Scope(group.clone()), true, [true, true, false]),
            (Claimed::Scope(other.clone()), false, [true, false, true]),
            (Claimed::Resources([resource(1)].into()), true, [true, true, false]),
        ] {
            let mut claims = SubscriptionDocument::new(target.subscription().clone());
            claims.claims.insert(rival.clone(), Claim { task: TaskName::new(&rival, 3), on: on.clone() });
            let unknown = BTreeMap::new();
            let blockers = Blockers::new(&target, &hash, &claims, &unknown, &[]);
            assert_eq!(blockers.block(&resource(1)), blocks_resource, "{on:?}");
            assert_eq!([&all, &group, &other].map(|scope| blockers.block_scope(scope)), blocks, "{on:?}");
            assert_eq!([&all, &group, &other].map(|s| blockers.unknown_rival_in(s).is_some()), blocks, "{on:?}");
        }
        let mut persons = listed(&format!("{SUB}/resourceGroups/rg"), "mine", "another", Some(&[1]));
        let claims = SubscriptionDocument::new(target.subscription().clone());
        for blocks in [[true, true, false], [true, true, false]] {
            let tasks = [persons.clone()];
            let rivals = BTreeMap::new();
            let blockers = Blockers::new(&target, &hash, &claims, &rivals, &tasks);
            assert_eq!([&all, &group, &other].map(|scope| blockers.block_scope(scope)), blocks);
            persons.resources = None;
        }
    }
}
