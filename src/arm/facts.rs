//! The facts of an assignment, read at most once in `FACTS_TTL` and shared by all targets of a subscription; and the active
//! tasks of a subscription. What is kept has a limit, and an assignment of a management group is kept once for all below it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use remediation::fact::{ActiveTasks, AssignedPolicy, Assignment, CallKind, Effect, Facts, Found};
use remediation::id::{Scope, Target, hex};
use remediation::policy::Resolved;
use remediation::time::Timestamp;

use crate::azure::Deadline;
use crate::kept::Kept;

use super::assignments::{assignment, list_assignments};
use super::client::ArmClient;
use super::definitions::{PolicyDefinition, PolicySet};
use super::error::ArmError;
use super::inherited::{Inherited, is_inherited, size_of_assignment};
use super::known::{Known, member, references, without_words};
use super::own_rights::permissions_at;
use super::shelf::{Shelf, is_built_in};
use super::task_lists::TaskLists;
use super::turn::turn_at;

/// Most bytes of assignments that are kept; and of initiatives and definitions, each by their ids and by subscriptions.
const ASSIGNMENTS: usize = 40 << 20;
const DEFINITIONS: usize = 4 << 20;

/// Reads facts and lists, and keeps them for a while.
#[derive(Debug)]
pub struct FactsReader {
    ttl: Duration,
    pub(super) assignments: Kept<Scope, (Timestamp, Assignments)>,
    inherited: Inherited,
    sets: Shelf<PolicySet>,
    definitions: Shelf<PolicyDefinition>,
    tasks: TaskLists,
    /// Of several passes that need one list, one asks for it.
    turns: Mutex<HashMap<Scope, Arc<tokio::sync::Mutex<()>>>>,
}

type Assignments = Arc<[Arc<Assignment>]>;

impl FactsReader {
    /// A reader that keeps facts for `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            assignments: Kept::at_most(ASSIGNMENTS),
            inherited: Inherited::default(),
            sets: Shelf::new(ttl, DEFINITIONS),
            definitions: Shelf::new(ttl, DEFINITIONS),
            tasks: TaskLists::fresh_for(ttl),
            turns: Mutex::default(),
        }
    }

    /// The facts of a target's assignment, not older than `since`.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub async fn facts(
        &self,
        arm: &ArmClient,
        target: &Target,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<Facts, ArmError> {
        let known = match self.known(arm, target, since, deadline).await? {
            Ok(known) => known,
            Err(facts) => return Ok(facts),
        };
        let effect = known.effect(target);
        let policies = match &effect {
            Some(Resolved::Known(Effect::Other(_))) => Some(self.policies(arm, target, &known, since, deadline).await?),
            Some(Resolved::Known(Effect::Remediable) | Resolved::PerResource) | None => None,
        };
        Ok(Facts {
            references: known.set.as_ref().map(|set| references(set, target)),
            member_version: member(known.set.as_ref(), target)
                .and_then(|(_, member)| member.effective_version.as_deref().map(Box::from)),
            content: known.content(target),
            effect,
            policies,
            identity: known.identity(),
            siblings: siblings(&known.assignment, &known.all, target),
            assignment: Found::There(Assignment::clone(&known.assignment)),
            read_at: known.read_at,
        })
    }

    /// A digest of all that decides the effects of what is assigned: the same as long as no policy of the assignment has another one.
    async fn policies(
        &self,
        arm: &ArmClient,
        target: &Target,
        known: &Known,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<String, ArmError> {
        let own = match &known.set {
            None => known.definition.clone().map(|definition| vec![definition]),
            Some(Found::There(set)) if set.members.iter().any(|member| !is_built_in(&member.definition)) => {
                let (_, list) = self.definitions.of_subscription(arm, target.subscription(), since, deadline).await?;
                let is_member = |id: &str| set.members.iter().any(|member| member.definition == id);
                list.map(|all| {
                    let mut own: Vec<_> = all.iter().filter(|one| is_member(&one.id)).map(Arc::clone).collect();
                    own.sort_by(|one, other| one.id.cmp(&other.id));
                    own
                })
            }
            Some(_) => Found::Gone,
        };
        // The words of a refusal differ from one to the next: its id stands in them.
        let own = without_words(own);
        let set = known.set.clone().map(without_words);
        let Assignment { policy, instance, effective_version, .. } = known.assignment.as_ref();
        let digest = format!("{policy:?} {instance:?} {effective_version:?} {:?} {set:?} {own:?}", known.terms());
        Ok(hex(&Sha256::digest(digest)[..8]))
    }

    /// The target's assignment and what it assigns, not older than `since`. What is known instead, where it is not there.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub(super) async fn known(
        &self,
        arm: &ArmClient,
        target: &Target,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<Result<Known, Facts>, ArmError> {
        let subscription = target.subscription();
        let (mut read_at, all) = self.assignments_of(arm, target, since, deadline).await?;
        let listed = all.iter().find(|a| a.id == target.policy_assignment_id.as_str()).map(Arc::clone);
        let found = match listed {
            Some(assignment) => Found::There(assignment),
            None if all.is_empty() => self.alone(arm, target, deadline).await?,
            None => missing(&all).map(Arc::new),
        };
        let assignment = match found {
            Found::There(assignment) => assignment,
            Found::Gone => return Ok(Err(Facts::without_assignment(Found::Gone, read_at))),
            Found::Unreadable(words) => {
                return Ok(Err(Facts::without_assignment(Found::Unreadable(words), read_at)));
            }
        };
        let set = match &assignment.policy {
            AssignedPolicy::Definition(_) => None,
            AssignedPolicy::Set(id) => {
                let version = assignment.effective_version.as_deref();
                let (set_read_at, set) = self.sets.read(arm, subscription, id, version, since, deadline).await?;
                read_at = read_at.min(set_read_at);
                Some(set)
            }
            AssignedPolicy::Unreadable(words) => {
                return Ok(Err(Facts::without_assignment(Found::Unreadable(words.clone()), read_at)));
            }
        };
        let (id, version) = match (&assignment.policy, member(set.as_ref(), target)) {
            (AssignedPolicy::Definition(id), _) => (id.parse().ok(), assignment.effective_version.as_deref()),
            (_, Some((_, member))) => (member.definition.parse().ok(), member.effective_version.as_deref()),
            (AssignedPolicy::Set(_) | AssignedPolicy::Unreadable(_), None) => (None, None),
        };
        let definition = match id {
            Some(id) => self.definitions.read(arm, subscription, &id, version, since, deadline).await?.1,
            None => Found::Unreadable("nothing tells which definition it is".to_owned()),
        };
        Ok(Ok(Known { assignment, all, set, definition, read_at }))
    }

    /// The assignments that apply to the target's subscription. Of a customer who delegated a resource group alone, those that apply to
    /// the group: the subscription's are refused to us, or none is told.
    async fn assignments_of(
        &self,
        arm: &ArmClient,
        target: &Target,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<(Timestamp, Assignments), ArmError> {
        let whole = Scope::subscription_wide(target.subscription().clone());
        let listed = self.assignments(arm, &whole, since, deadline).await;
        let is_hidden = match &listed {
            Ok((_, all)) => all.is_empty(),
            Err(error) => error.is_forbidden(),
        };
        if is_hidden && !target.scope.is_whole_subscription() {
            return self.assignments(arm, &target.scope, since, deadline).await;
        }
        listed
    }

    /// The target's assignment by its id. An empty list is no proof of absence: whoever has no right at the subscription is told none
    /// instead of being refused (Azure/azure-docs, issue 110373).
    async fn alone(
        &self,
        arm: &ArmClient,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Found<Arc<Assignment>>, ArmError> {
        match arm.send(&assignment(&target.policy_assignment_id, target.subscription()), deadline).await {
            Ok(found) => Ok(Found::There(Arc::new(found))),
            Err(error) if error.is_missing() => Ok(Found::Gone),
            // At home a right at the subscription is enough to list what it inherits, and none to read that by its id.
            Err(error) if error.is_forbidden() => match self.may_list(arm, target, deadline).await? {
                true => Ok(Found::Gone),
                false => Err(error),
            },
            Err(error) => Ok(Found::Unreadable(error.final_words()?)),
        }
    }

    /// Whether the worker may list the assignments of the target's subscription, so that an empty list means that there are none.
    /// What is refused for good says no; what may be answered later says nothing.
    async fn may_list(&self, arm: &ArmClient, target: &Target, deadline: Deadline) -> Result<bool, ArmError> {
        let whole = Scope::subscription_wide(target.subscription().clone());
        let own = match arm.send_paged(&permissions_at(&whole), deadline).await {
            Err(error) if !error.is_final() => return Err(error),
            own => own.unwrap_or_default(),
        };
        Ok(own.iter().any(|element| element.allows(CallKind::ListAssignments.action())))
    }

    /// The assignments that apply to a subscription or a group, not older than `since`.
    async fn assignments(
        &self,
        arm: &ArmClient,
        scope: &Scope,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<(Timestamp, Assignments), ArmError> {
        let turn =
            Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(scope.clone()).or_default());
        let _turn = turn_at(&turn, CallKind::ListAssignments, deadline).await?;
        let kept = self.assignments.get(scope, self.ttl).filter(|(read_at, _)| is_new_enough(*read_at, since));
        match kept {
            Some(kept) => Ok(kept),
            None => {
                let read_at = crate::azure::now();
                let all = arm.send_paged(&list_assignments(scope), deadline).await?;
                Ok(self.keep(scope, read_at, all))
            }
        }
    }

    fn keep(&self, scope: &Scope, read_at: Timestamp, all: Vec<Assignment>) -> (Timestamp, Assignments) {
        let (mut shared, mut size) = (Vec::with_capacity(all.len()), 0);
        for assignment in all {
            size += size_of::<Arc<Assignment>>();
            if is_inherited(&assignment) {
                shared.push(self.inherited.one(assignment));
            } else {
                size += size_of_assignment(&assignment);
                shared.push(Arc::new(assignment));
            }
        }
        self.assignments.keep(scope, (read_at, shared.into()), size)
    }

    /// The active tasks of the target's subscription, whoever opened them, as far as they can be had now, and when the reading
    /// began: of what was opened since they may lack some.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub async fn active_tasks(
        &self,
        arm: &ArmClient,
        target: &Target,
        deadline: Deadline,
    ) -> Result<(Instant, ActiveTasks), ArmError> {
        self.tasks.active(arm, target, deadline).await
    }
}

/// Whether what was read then is as new as it must be.
fn is_new_enough(read_at: Timestamp, since: Option<Timestamp>) -> bool {
    since.is_none_or(|since| read_at >= since)
}

/// What is known of an assignment that the list does not name: one that cannot be read may be it.
fn missing(all: &[Arc<Assignment>]) -> Found<Assignment> {
    match all.iter().find(|assignment| assignment.id.is_empty()) {
        Some(_) => {
            Found::Unreadable("the id of an assignment in the list cannot be read, which may be this".to_owned())
        }
        None => Found::Gone,
    }
}

/// The targets of the same single policy, or of the same reference of the same initiative.
fn siblings(assignment: &Assignment, all: &[Arc<Assignment>], target: &Target) -> Vec<Target> {
    let reference = match &assignment.policy {
        AssignedPolicy::Definition(_) | AssignedPolicy::Unreadable(_) => None,
        AssignedPolicy::Set(_) => target.policy_definition_reference_id.as_ref(),
    };
    all.iter()
        .filter(|other| other.policy == assignment.policy)
        // An id that cannot be read names no target that we could have.
        .filter_map(|other| other.id.parse().ok())
        .map(|id| Target::within(target.subscription(), id, reference.cloned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::definitions::SetMember;
    use crate::arm::lenient::read_item;
    use remediation::fixture::{SUB, target};
    use std::collections::BTreeMap;

    const DEFINITION: &str = "/providers/Microsoft.Authorization/policyDefinitions/Tag";
    const SET: &str = "/providers/Microsoft.Authorization/policySetDefinitions/Baseline";

    fn assigned(home: &str, name: &str, policy: &str) -> Arc<Assignment> {
        let id = format!("{home}/providers/Microsoft.Authorization/policyAssignments/{name}");
        let wire = serde_json::json!({ "id": id, "properties": { "policyDefinitionId": policy } });
        Arc::new(read_item(&wire).unwrap())
    }

    #[test]
    fn the_facts_of_five_thousand_subscriptions_with_two_hundred_assignments_each_take_less_than_64_mib() {
        let reader = FactsReader::new(Duration::from_secs(600));
        let subscription =
            |n: usize| format!("/subscriptions/35ee058e-5fa0-414c-8145-{n:012}").parse::<Scope>().unwrap();
        let group = "/providers/Microsoft.Management/managementGroups/contoso";
        let inherited: Vec<_> =
            (0..150).map(|n| assigned(group, &format!("a-rather-long-name-{n}"), DEFINITION)).collect();
        for n in 0..5_000 {
            let home = subscription(n);
            let id = |n: usize| format!("{home}/providers/microsoft.authorization/policyassignments/own-{n}");
            let own = (0..50).map(|n| Assignment { id: id(n), ..Assignment::clone(&inherited[0]) });
            let all = inherited.iter().map(|one| Assignment::clone(one)).chain(own);
            reader.keep(&subscription(n), Timestamp::UNIX_EPOCH, all.collect());
        }
        let kept = |n| reader.assignments.get(&subscription(n), Duration::MAX).map(|(_, all)| all);
        let (last, before) = (kept(4_999).unwrap(), kept(4_998).unwrap());
        assert!((0..150).all(|n| Arc::ptr_eq(&last[n], &before[n])), "what is inherited is kept once");
        assert!(kept(0).is_none(), "what was read longest ago is gone");
        let own = |all: &Assignments| {
            all.iter().filter(|one| !is_inherited(one)).map(|one| size_of_assignment(one)).sum::<usize>()
        };
        let all: Vec<_> = (0..5_000).filter_map(kept).collect();
        let bytes: usize = all.iter().map(|list| own(list) + list.len() * size_of::<Arc<Assignment>>()).sum();
        println!("{} lists, {bytes} bytes", all.len());
        assert!(bytes <= 64 << 20 && all.len() > 1_500, "{} lists, {bytes} bytes", all.len());
        let changed = Assignment { is_enforced: false, ..Assignment::clone(&last[0]) };
        let (_, list) = reader.keep(&subscription(0), Timestamp::UNIX_EPOCH, vec![changed]);
        assert!(!list[0].is_enforced && last[0].is_enforced, "what says something else is another");
    }

    #[test]
    fn what_cannot_be_read_may_be_what_is_looked_for() {
        assert_eq!(missing(&[assigned(SUB, "a", DEFINITION)]), Found::Gone);
        let odd = Arc::new(read_item(&serde_json::json!({ "id": 5, "properties": [] })).unwrap());
        assert!(matches!(missing(&[assigned(SUB, "a", DEFINITION), odd]), Found::Unreadable(_)));
        let of = |reference: &str, unread: Option<&str>| {
            let target = Target { policy_definition_reference_id: Some(reference.parse().unwrap()), ..target() };
            let unread = unread.map(str::to_owned);
            let member = SetMember {
                reference: "Known".to_owned(),
                definition: String::new(),
                effective_version: None,
                parameters: BTreeMap::new(),
                content: 0,
            };
            let (members, defaults) = (vec![member], BTreeMap::new());
            let set = PolicySet { id: String::new(), version: None, members, defaults, unread, content: 0 };
            references(&Found::There(Arc::new(set)), &target)
        };
        let known = Found::There(vec!["Known".to_owned()]);
        assert_eq!((of("known", Some("words")), of("other", None)), (known.clone(), known));
        assert_eq!(of("other", Some("words")), Found::Unreadable("words".to_owned()));
    }

    #[test]
    fn whatever_assigns_the_same_policy_is_a_sibling_wherever_it_is_assigned() {
        let group = format!("{SUB}/resourceGroups/Rg");
        let store = format!("{group}/providers/Microsoft.Storage/storageAccounts/a");
        let all = [
            assigned(SUB, "A", DEFINITION),
            assigned(&group, "b", &DEFINITION.to_uppercase()),
            assigned(&store, "c", DEFINITION),
            assigned("/providers/Microsoft.Management/managementGroups/mg", "d", DEFINITION),
            assigned(SUB, "e", &format!("{DEFINITION}2")),
            assigned(SUB, "f", SET),
            assigned(SUB, "g", SET),
        ];
        let names = |targets: &[Target]| -> Vec<String> {
            let name = |target: &Target| {
                let id = target.policy_assignment_id.as_str();
                let reference = target.policy_definition_reference_id.as_ref().map(ToString::to_string);
                format!("{} {}{}", target.scope, id.rsplit('/').next().unwrap(), reference.unwrap_or_default())
            };
            targets.iter().map(name).collect()
        };
        let [sub, group, store] = [SUB.to_lowercase(), group.to_lowercase(), store.to_lowercase()];
        let of = |place: usize, target: &Target| names(&siblings(&all[place], &all, target));
        let wanted = [format!("{sub} a"), format!("{group} b"), format!("{store} c"), format!("{sub} d")];
        assert_eq!(of(0, &target()), wanted);
        let referring = Target { policy_definition_reference_id: Some("R".parse().unwrap()), ..target() };
        assert_eq!(of(0, &referring), wanted, "a single policy has no references");
        assert_eq!(of(5, &referring), [format!("{sub} fr"), format!("{sub} gr")]);
    }
}
