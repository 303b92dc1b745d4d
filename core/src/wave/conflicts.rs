//! Fourth question: does anyone else touch it? Two deployments that change one resource at once lose changes (Microsoft
//! documentation, "Use Azure Policy to assign managed identities", known issues), so a wave waits for every other task,
//! ours or a person's.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::document::{ActiveTask, Claim, Claimed, TargetDocument, TaskKind};
use crate::fact::ListedTask;
use crate::id::{IdDigest, ReferenceId, ResourceId, Scope, Target, TargetHash};

use super::listed::{Known, Standing, is_void};
use super::task_limit::TaskLimit;

/// What other tasks touch, as far as it is known.
#[derive(Debug)]
pub(crate) struct Blockers<'a> {
    known: Known<'a>,
    /// Put together when it is first needed: a pass over one rival after the other does without.
    claimed: OnceCell<HashSet<IdDigest>>,
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
    pub(crate) fn new(known: Known<'a>) -> Self {
        let others: Vec<_> = known.tasks.iter().filter(|task| known.standing(task) != Standing::Known).collect();
        let others = || others.iter().copied();
        let target = &known.document.target;
        Self {
            known,
            claimed: OnceCell::new(),
            claimed_scopes: OnceCell::new(),
            touched: others().filter_map(|task| task.resources.as_ref()).flatten().map(String::as_str).collect(),
            scopes: others().filter(|task| task.resources.is_none()).map(|task| task.scope.as_str()).collect(),
            same_policy: others().any(|task| same_policy(task, target) && overlap(&task.scope, target.scope.as_str())),
            full: false,
        }
    }

    /// The same, with everything in the way when the policy is full.
    pub(crate) fn among(self, crowd: &TaskLimit<'_>) -> Self {
        Self { full: crowd.is_full(), ..self }
    }

    /// Whether a task touches the resource, or, for the same policy, a scope that holds it.
    pub(crate) fn block(&self, resource: &ResourceId) -> bool {
        self.full
            || self.same_policy
            || self.is_claimed(resource)
            || self.claimed_scopes().iter().any(|scope| resource.is_within(scope.as_str()))
            || self.touched.contains(resource.as_str())
            || self.scopes.iter().any(|scope| resource.is_within(scope))
    }

    /// Whether any task touches anything in the scope.
    pub(crate) fn block_scope(&self, scope: &Scope) -> bool {
        self.full
            || self.same_policy
            || self.standing().any(|claim| touches(claim, scope))
            || self.touched.iter().any(|resource| overlap(resource, scope.as_str()))
            || self.scopes.iter().any(|other| overlap(other, scope.as_str()))
    }

    /// A rival whose claim or task is in the way of one of these resources, and whose document has not been looked at.
    pub(crate) fn unknown_rival(
        &self,
        scope: &Scope,
        wanted: impl Iterator<Item = &'a ResourceId> + Clone,
    ) -> Option<TargetHash> {
        // Digests cost more than all else here, and mostly there is nobody to compare with.
        let digests: OnceCell<HashSet<IdDigest>> = OnceCell::new();
        let digests = || digests.get_or_init(|| wanted.clone().map(IdDigest::from).collect());
        let by_claim = self.unknown(|claim| match &claim.on {
            Claimed::Resources(resources) => resources.ids().any(|id| digests().contains(id)),
            Claimed::Scope(claimed) => overlap(claimed.as_str(), scope.as_str()),
        });
        by_claim.or_else(|| {
            let texts: OnceCell<HashSet<&str>> = OnceCell::new();
            let texts = || texts.get_or_init(|| wanted.clone().map(ResourceId::as_str).collect());
            self.unsure(|task| match &task.resources {
                Some(resources) => resources.iter().any(|id| texts().contains(id.as_str())),
                None => overlap(&task.scope, scope.as_str()),
            })
        })
    }

    /// A rival whose claim or task is in the way of a task for the whole scope, and whose document has not been looked at.
    pub(crate) fn unknown_rival_in(&self, scope: &Scope) -> Option<TargetHash> {
        self.unknown(|claim| touches(claim, scope)).or_else(|| {
            self.unsure(|task| match &task.resources {
                Some(resources) => resources.iter().any(|resource| overlap(resource, scope.as_str())),
                None => overlap(&task.scope, scope.as_str()),
            })
        })
    }

    fn unknown(&self, in_the_way: impl Fn(&Claim) -> bool) -> Option<TargetHash> {
        let Known { claims, hash, rivals, .. } = self.known;
        let unknown = |rival: &TargetHash| rival != hash && !rivals.contains_key(rival);
        let found = claims.claims.iter().find(|(rival, claim)| unknown(rival) && in_the_way(claim));
        found.map(|(rival, _)| rival.clone())
    }

    fn unsure(&self, in_the_way: impl Fn(&ListedTask) -> bool) -> Option<TargetHash> {
        let unsure = |task: &ListedTask| match self.known.standing(task) {
            Standing::Unsure(rival) if in_the_way(task) => Some(rival),
            Standing::Unsure(_) | Standing::Stranger | Standing::Known => None,
        };
        self.known.tasks.iter().find_map(unsure)
    }

    /// Rivals whose claims are void and can be cleared away.
    pub(crate) fn void_rivals(&self) -> impl Iterator<Item = &TargetHash> {
        let claims = self.known.claims;
        claims.claims.iter().filter(|(rival, claim)| is_void(&self.known, rival, claim)).map(|(rival, _)| rival)
    }

    fn is_claimed(&self, resource: &ResourceId) -> bool {
        let ids = |claim: &'a Claim| match &claim.on {
            Claimed::Resources(resources) => Some(resources.ids()),
            Claimed::Scope(_) => None,
        };
        let claimed = self.claimed.get_or_init(|| self.standing().filter_map(ids).flatten().copied().collect());
        !claimed.is_empty() && claimed.contains(&IdDigest::from(resource))
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
        let known = self.known;
        let stands =
            move |(rival, claim): &(&TargetHash, &Claim)| *rival != known.hash && !is_void(&known, rival, claim);
        let claims = known.claims;
        claims.claims.iter().filter(stands).map(|(_, claim)| claim)
    }
}

fn touches(claim: &Claim, scope: &Scope) -> bool {
    match &claim.on {
        Claimed::Resources(resources) => resources.touch(scope),
        Claimed::Scope(claimed) => overlap(claimed.as_str(), scope.as_str()),
    }
}

fn same_policy(task: &ListedTask, target: &Target) -> bool {
    let reference = target.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
    // A task of which nobody can read whose it is may be of this.
    task.assignment.is_empty() || task.assignment == target.policy_assignment_id.as_str() && task.reference == reference
}

/// Whether one scope holds the other.
fn overlap(a: &str, b: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    holds(a, b) || holds(b, a)
}

/// The claim that goes with the target's active task.
pub(crate) fn claim(active: &ActiveTask, document: &TargetDocument) -> Claim {
    let on = match active.kind {
        TaskKind::WholeScope { .. } => Claimed::Scope(document.target.scope.clone()),
        TaskKind::Listed => Claimed::Resources(document.in_task().collect()),
    };
    Claim { task: active.name.clone(), on }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::document::{InstallationId, Rival, SubscriptionDocument, TaskName};
    use crate::fact::TaskState;
    use crate::fixture::{SUB, installation, resource, target};

    /// The target that asks, and how its tasks are named.
    struct Own(TargetDocument, TargetHash, InstallationId);

    impl Default for Own {
        fn default() -> Self {
            Self(TargetDocument::new(target()), target().hash(), installation())
        }
    }

    impl Own {
        fn blockers<'a>(
            &'a self,
            claims: &'a SubscriptionDocument,
            rivals: &'a BTreeMap<TargetHash, Rival>,
            tasks: &'a [ListedTask],
        ) -> Blockers<'a> {
            let Self(document, hash, installation) = self;
            static NONE: BTreeSet<TaskName> = BTreeSet::new();
            let (new_since, ended) = (crate::fixture::now(), &NONE);
            Blockers::new(Known { document, hash, claims, rivals, tasks, ended, installation, new_since })
        }
    }

    fn active(task: &TaskName) -> Rival {
        Rival { active: Some(task.clone()), ..Rival::default() }
    }

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
        let claims = SubscriptionDocument::new(target().subscription().clone());
        Own::default().blockers(&claims, &BTreeMap::new(), &[task]).block(&resource(1))
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
    fn a_task_of_this_installation_is_in_the_way_unless_a_claim_or_its_targets_document_explains_it() {
        let own = Own::default();
        let rival = Target { policy_definition_reference_id: Some("r".parse().unwrap()), ..target() }.hash();
        let task = TaskName::new(&installation(), &rival, 7);
        let tasks = [listed(SUB, task.as_str(), "another", Some(&[1]))];
        let none = SubscriptionDocument::new(target().subscription().clone());
        let mut claimed = none.clone();
        claimed.claims.insert(
            rival.clone(),
            Claim { task: task.clone(), on: Claimed::Resources([&resource(2)].into_iter().collect()) },
        );
        let ended = Rival { past: vec![task.clone()], ..Rival::default() };
        let of = |known: Option<Rival>| BTreeMap::from_iter(known.map(|known| (rival.clone(), known)));
        let check = |claims: &SubscriptionDocument, known: Option<Rival>| {
            let rivals = of(known);
            let blockers = own.blockers(claims, &rivals, &tasks);
            (
                blockers.block(&resource(1)),
                blockers.unknown_rival(&target().scope, std::iter::once(&resource(1))).is_some(),
            )
        };
        assert_eq!(check(&none, None), (true, true), "its document may tell");
        assert_eq!(check(&none, Some(active(&task))), (true, false), "its claim is lost");
        assert_eq!(check(&none, Some(ended.clone())), (false, false), "it has ended since the list was read");
        assert_eq!(check(&none, Some(Rival::default())), (true, false), "its document is lost");
        assert_eq!(check(&claimed, None), (false, false), "the claim says what it touches");
        assert_eq!(check(&claimed, Some(ended)), (false, false));
        assert_eq!(check(&claimed, Some(Rival::default())), (true, false));
    }

    #[test]
    fn a_task_of_another_installation_is_in_the_way_as_a_persons_is() {
        let other = TaskName::new(&"other".parse().unwrap(), &target().hash(), 7);
        assert!(blocks(listed(SUB, other.as_str(), "another", None)));
        assert!(blocks(listed(SUB, "pr-hash-7", "another", None)));
    }

    #[test]
    fn a_claim_blocks_until_it_is_known_to_be_void() {
        let (own, target) = (Own::default(), target());
        let rival = Target { policy_definition_reference_id: Some("r".parse().unwrap()), ..target.clone() }.hash();
        let task = TaskName::new(&installation(), &rival, 3);
        let mut claims = SubscriptionDocument::new(target.subscription().clone());
        claims.claims.insert(
            rival.clone(),
            Claim { task: task.clone(), on: Claimed::Resources([&resource(1)].into_iter().collect()) },
        );
        let check = |rivals: &BTreeMap<_, _>| {
            let blockers = own.blockers(&claims, rivals, &[]);
            (blockers.block(&resource(1)), blockers.block(&resource(2)), blockers.void_rivals().count())
        };
        assert_eq!(check(&BTreeMap::new()), (true, false, 0));
        assert_eq!(check(&BTreeMap::from([(rival.clone(), active(&task))])), (true, false, 0));
        assert_eq!(check(&BTreeMap::from([(rival.clone(), Rival::lost())])), (false, false, 1), "an old task's");
        let named_now = u64::try_from(crate::fixture::now().unix_timestamp()).unwrap();
        let new = TaskName::new(&installation(), &rival, named_now);
        let mut claims = claims.clone();
        claims
            .claims
            .insert(rival.clone(), Claim { task: new, on: Claimed::Resources([&resource(1)].into_iter().collect()) });
        let lost = BTreeMap::from([(rival.clone(), Rival::lost())]);
        assert!(own.blockers(&claims, &lost, &[]).block(&resource(1)), "the list may lack it still");
        assert_eq!(check(&BTreeMap::from([(rival, Rival::default())])), (false, false, 1));
    }

    #[test]
    fn a_task_for_the_whole_scope_and_whatever_lies_in_it_keep_out_of_each_others_way() {
        let (own, target) = (Own::default(), target());
        let scope = |text: &str| -> Scope { format!("{SUB}{text}").parse().unwrap() };
        let (all, group, other) = (scope(""), scope("/resourceGroups/rg"), scope("/resourceGroups/rg2"));
        let rival = Target { policy_definition_reference_id: Some("r".parse().unwrap()), ..target.clone() }.hash();
        for (on, blocks_resource, blocks) in [
            (Claimed::Scope(all.clone()), true, [true, true, true]),
            (Claimed::Scope(group.clone()), true, [true, true, false]),
            (Claimed::Scope(other.clone()), false, [true, false, true]),
            (Claimed::Resources([&resource(1)].into_iter().collect()), true, [true, true, false]),
        ] {
            let mut claims = SubscriptionDocument::new(target.subscription().clone());
            claims
                .claims
                .insert(rival.clone(), Claim { task: TaskName::new(&installation(), &rival, 3), on: on.clone() });
            let unknown = BTreeMap::new();
            let blockers = own.blockers(&claims, &unknown, &[]);
            assert_eq!(blockers.block(&resource(1)), blocks_resource, "{on:?}");
            assert_eq!([&all, &group, &other].map(|scope| blockers.block_scope(scope)), blocks, "{on:?}");
            assert_eq!([&all, &group, &other].map(|s| blockers.unknown_rival_in(s).is_some()), blocks, "{on:?}");
        }
        let mut persons = listed(&format!("{SUB}/resourceGroups/rg"), "mine", "another", Some(&[1]));
        let claims = SubscriptionDocument::new(target.subscription().clone());
        for blocks in [[true, true, false], [true, true, false]] {
            let tasks = [persons.clone()];
            let rivals = BTreeMap::new();
            let blockers = own.blockers(&claims, &rivals, &tasks);
            assert_eq!([&all, &group, &other].map(|scope| blockers.block_scope(scope)), blocks);
            persons.resources = None;
        }
    }
}
