//! Last question: does anyone else touch it? Two deployments that change one resource at once lose changes (Microsoft
//! documentation, "Use Azure Policy to assign managed identities", known issues), so a wave waits for every other task,
//! ours or a person's.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Eligible;
use crate::arm::{ListedTask, NewTask};
use crate::config::Policy;
use crate::resource::{ReferenceId, ResourceId, Target, TargetHash};
use crate::state::{Claim, Entry, SubscriptionDocument, TargetDocument, TaskName};

/// What other tasks touch, as far as it is known.
#[derive(Debug)]
pub(in crate::remediation) struct Blockers<'a> {
    claims: &'a SubscriptionDocument,
    hash: &'a TargetHash,
    rivals: &'a BTreeMap<TargetHash, Option<TaskName>>,
    /// Put together when it is first needed: a look at one rival after the other does without.
    claimed: OnceCell<HashSet<&'a ResourceId>>,
    /// Resources and scopes that the tasks of others touch.
    touched: HashSet<&'a str>,
    scopes: Vec<&'a str>,
    /// A task of the same policy runs on an overlapping scope: Resource Manager would refuse another.
    same_policy: bool,
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
            touched: others().filter_map(|task| task.resources.as_ref()).flatten().map(String::as_str).collect(),
            scopes: others().filter(|task| task.resources.is_none()).map(|task| task.scope.as_str()).collect(),
            same_policy: others().any(|task| same_policy(task, target) && overlap(&task.scope, target.scope.as_str())),
        }
    }

    /// Whether a task touches the resource, or, for the same policy, a scope that holds it.
    pub(in crate::remediation) fn block(&self, resource: &ResourceId) -> bool {
        self.same_policy
            || self.claimed().contains(resource)
            || self.touched.contains(resource.as_str())
            || self.scopes.iter().any(|scope| resource.is_within(scope))
    }

    /// A rival whose claim is in the way of one of these resources, and whose document has not been looked at.
    pub(in crate::remediation) fn unknown_rival(&self, wanted: impl Fn(&ResourceId) -> bool) -> Option<TargetHash> {
        let unknown = |rival: &TargetHash| rival != self.hash && !self.rivals.contains_key(rival);
        let in_the_way = |(rival, claim): &(&TargetHash, &Claim)| unknown(rival) && claim.resources.iter().any(&wanted);
        self.claims.claims.iter().find(in_the_way).map(|(rival, _)| rival.clone())
    }

    /// Rivals whose claims are void and can be cleared away.
    pub(in crate::remediation) fn void_rivals(&self) -> impl Iterator<Item = &TargetHash> {
        self.claims.claims.iter().filter(|(rival, claim)| is_void(self.rivals, rival, claim)).map(|(rival, _)| rival)
    }

    fn claimed(&self) -> &HashSet<&'a ResourceId> {
        let stands =
            |(rival, claim): &(&TargetHash, &Claim)| *rival != self.hash && !is_void(self.rivals, rival, claim);
        let collect = || self.claims.claims.iter().filter(stands).flat_map(|(_, claim)| &claim.resources).collect();
        self.claimed.get_or_init(collect)
    }
}

fn is_void(rivals: &BTreeMap<TargetHash, Option<TaskName>>, rival: &TargetHash, claim: &Claim) -> bool {
    rivals.get(rival).is_some_and(|active| active.as_ref() != Some(&claim.task))
}

fn same_policy(task: &ListedTask, target: &Target) -> bool {
    let reference = target.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
    task.assignment == target.policy_assignment_id.as_str() && task.reference == reference
}

fn is_ours(name: &str) -> bool {
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

    /// The task that remediates the wave: what `act` creates and `plan` shows. A resource that must be evaluated anew goes
    /// alone, in its turn; the others go together, in the order in which the document keeps them, so that the request is the
    /// same whoever makes it.
    pub(in crate::remediation) fn into_task(self, document: &TargetDocument, policy: &Policy) -> NewTask {
        let target = &document.target;
        let is_stale = |id: &ResourceId| document.resources.get(id).is_some_and(Entry::is_stale);
        let mut resources = self.wave.resources;
        let at = resources.first().filter(|id| is_stale(id)).cloned();
        match &at {
            Some(_) => resources.truncate(1),
            None => resources.retain(|id| !is_stale(id)),
        }
        resources.sort();
        NewTask {
            name: TaskName::new(&target.hash(), document.sequence + 1),
            target: target.clone(),
            reference: self.wave.reference,
            at,
            resources,
            parallel_deployments: policy.parallel_deployments,
            failure_threshold: policy.failure_threshold,
        }
    }
}

/// The claim that goes with a task.
pub(in crate::remediation) fn claim(task: &TaskName, resources: impl Iterator<Item = ResourceId>) -> Claim {
    Claim { task: task.clone(), resources: resources.collect::<BTreeSet<_>>() }
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
        claims.claims.insert(rival.clone(), claim(&task, std::iter::once(resource(1))));
        let check = |rivals: &BTreeMap<_, _>| {
            let blockers = Blockers::new(&target, &hash, &claims, rivals, &[]);
            (blockers.block(&resource(1)), blockers.block(&resource(2)), blockers.void_rivals().count())
        };
        assert_eq!(check(&BTreeMap::new()), (true, false, 0));
        assert_eq!(check(&BTreeMap::from([(rival.clone(), Some(task))])), (true, false, 0));
        assert_eq!(check(&BTreeMap::from([(rival, None)])), (false, false, 1));
    }
}
