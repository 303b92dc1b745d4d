//! How many tasks of one policy run in the subscription. Resource Manager runs so many and no more (Microsoft documentation,
//! "Remediate non-compliant resources with Azure Policy"); to ask for one more is a call in vain. Tasks elsewhere are out of
//! sight: there its refusal tells, and means the same.

use std::collections::HashSet;

use crate::document::TaskName;
use crate::fact::ListedTask;
use crate::id::{ReferenceId, Target, TargetHash};

use super::listed::{Known, is_void};

/// Most tasks at a time of a single policy, or of one reference of an initiative.
const MOST: usize = 100;

/// The targets of one policy, and what is known of their tasks.
pub(crate) struct TaskLimit<'a> {
    /// The targets of the policy, the one that asks too.
    pub(crate) siblings: &'a [Target],
    /// What the target that asks knows of the tasks of others.
    pub(crate) known: Known<'a>,
    /// Whether Resource Manager has said so, to this target or to another.
    pub(crate) is_known: bool,
}

impl TaskLimit<'_> {
    /// Whether the policy has as many tasks as it can have.
    pub(crate) fn is_full(&self) -> bool {
        if self.is_known {
            return true;
        }
        // Hardly ever is there so much of anything; then nothing has to be told apart.
        if self.known.tasks.len() + self.known.claims.claims.len() < MOST {
            return false;
        }
        self.of_others() + self.ours() >= MOST
    }

    /// Tasks of this worker are known better by their claims, here as for what they touch: the list is up to a minute old,
    /// so it lacks the newest and holds some that have ended.
    fn ours(&self) -> usize {
        let siblings: HashSet<TargetHash> = self.siblings.iter().map(Target::hash).collect();
        let Known { claims, hash: own, .. } = self.known;
        let counts = |hash: &TargetHash| hash != own && siblings.contains(hash);
        claims.claims.iter().filter(|(hash, claim)| counts(hash) && !is_void(&self.known, hash, claim)).count()
    }

    fn of_others(&self) -> usize {
        let assignments: HashSet<&str> = self.siblings.iter().map(|of| of.policy_assignment_id.as_str()).collect();
        // They all have the same; a single policy has none, and what a person writes there means nothing.
        let reference = self.siblings.first().and_then(|of| of.policy_definition_reference_id.as_ref());
        let counts = |task: &&ListedTask| {
            TaskName::of_ours(&task.name, self.known.installation).is_none()
                && assignments.contains(task.assignment.as_str())
                && reference.map(ReferenceId::as_str).is_none_or(|wanted| task.reference == wanted)
        };
        self.known.tasks.iter().filter(counts).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::TaskState;
    use std::collections::{BTreeMap, BTreeSet};

    use crate::document::{Claim, Claimed, Rival, SubscriptionDocument, TargetDocument};
    use crate::fixture::{SUB, installation, now, resource, target};

    /// The targets of a policy that is assigned to each of so many resource groups.
    fn assigned_to_groups(count: usize, reference: Option<&str>) -> Vec<Target> {
        let home =
            |n: usize| format!("{SUB}/resourceGroups/g{n}/providers/Microsoft.Authorization/policyAssignments/a");
        let within = |n: usize| {
            let reference = reference.map(|reference| reference.parse().unwrap());
            Target::within(target().subscription(), home(n).parse().unwrap(), reference)
        };
        (0..count).map(within).collect()
    }

    fn listed(of: &Target, name: &str) -> ListedTask {
        ListedTask {
            name: name.to_owned(),
            scope: of.scope.to_string(),
            assignment: of.policy_assignment_id.to_string(),
            reference: of.policy_definition_reference_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            resources: None,
            state: TaskState::Active,
        }
    }

    fn claims(of: &[Target]) -> SubscriptionDocument {
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        for hash in of.iter().map(Target::hash) {
            let on = Claimed::Resources([&resource(1)].into_iter().collect());
            claims.claims.insert(hash.clone(), Claim { task: TaskName::new(&installation(), &hash, 1), on });
        }
        claims
    }

    /// Whether there is no place for the first of the siblings.
    fn full(siblings: &[Target], claims: &SubscriptionDocument, tasks: &[ListedTask]) -> bool {
        full_as(siblings, claims, &BTreeMap::new(), tasks)
    }

    fn full_as(
        siblings: &[Target],
        claims: &SubscriptionDocument,
        rivals: &BTreeMap<TargetHash, Rival>,
        tasks: &[ListedTask],
    ) -> bool {
        let (document, hash) = (TargetDocument::new(siblings[0].clone()), siblings[0].hash());
        let installation = &installation();
        let known = Known {
            document: &document,
            hash: &hash,
            claims,
            rivals,
            tasks,
            ended: &BTreeSet::new(),
            installation,
            new_since: now(),
        };
        TaskLimit { siblings, known, is_known: false }.is_full()
    }

    #[test]
    fn a_hundred_tasks_of_people_are_full_whatever_assignment_they_are_of() {
        let siblings = assigned_to_groups(150, None);
        let tasks: Vec<_> = siblings.iter().skip(1).map(|of| listed(of, "by-hand")).collect();
        assert!(!full(&siblings, &claims(&[]), &tasks[..99]));
        assert!(full(&siblings, &claims(&[]), &tasks[..100]));
        let mut odd = tasks[..100].to_vec();
        odd.iter_mut().for_each(|task| task.reference = "any".to_owned());
        assert!(full(&siblings, &claims(&[]), &odd), "a single policy has no references");
        assert!(!full(&siblings[..99], &claims(&[]), &tasks), "tasks of other policies do not count");
    }

    #[test]
    fn of_an_initiative_each_reference_counts_by_itself() {
        let siblings = assigned_to_groups(120, Some("one"));
        let of_other = assigned_to_groups(120, Some("two"));
        let mut tasks: Vec<_> = of_other.iter().map(|of| listed(of, "by-hand")).collect();
        assert!(!full(&siblings, &claims(&of_other), &tasks));
        tasks.extend(siblings.iter().skip(1).take(100).map(|of| listed(of, "by-hand")));
        assert!(full(&siblings, &claims(&of_other), &tasks));
    }

    #[test]
    fn claims_count_whether_the_list_knows_their_task_yet_or_not_and_only_once() {
        let siblings = assigned_to_groups(101, None);
        let ours = claims(&siblings[1..61]);
        let by_hand = |count: usize| siblings.iter().skip(61).take(count).map(|of| listed(of, "by-hand"));
        let known = || {
            siblings
                .iter()
                .skip(1)
                .take(30)
                .map(|of| listed(of, TaskName::new(&installation(), &of.hash(), 1).as_str()))
        };
        for (people, wanted) in [(39, false), (40, true)] {
            let fresh: Vec<_> = by_hand(people).collect();
            assert_eq!(full(&siblings, &ours, &fresh), wanted, "{people}, none of ours listed");
            let older: Vec<_> = by_hand(people).chain(known()).collect();
            assert_eq!(full(&siblings, &ours, &older), wanted, "{people}, thirty of ours listed");
        }
    }

    #[test]
    fn what_has_ended_does_not_count_though_the_list_still_has_it() {
        let siblings = assigned_to_groups(130, None);
        let ended: Vec<_> =
            siblings.iter().map(|of| listed(of, TaskName::new(&installation(), &of.hash(), 1).as_str())).collect();
        assert!(!full(&siblings, &claims(&[]), &ended), "their claims are released");
    }

    #[test]
    fn neither_its_own_claim_nor_a_void_one_takes_a_place() {
        let siblings = assigned_to_groups(101, None);
        let all = claims(&siblings);
        let check = |rivals: &BTreeMap<TargetHash, Rival>| full_as(&siblings, &all, rivals, &[]);
        assert!(check(&BTreeMap::new()), "a hundred beside its own");
        assert!(!check(&BTreeMap::from([(siblings[1].hash(), Rival::default())])));
        assert!(!full(&siblings[..100], &claims(&siblings[..100]), &[]), "ninety-nine beside its own");
    }
}
