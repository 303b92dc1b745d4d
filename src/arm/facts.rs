//! The facts of an assignment, read at most once in `FACTS_TTL` and shared by all targets of a subscription; and the active
//! tasks of a subscription. What is kept has a limit, and an assignment of a management group is kept once for all below it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use remediation::fact::{ActiveTasks, AssignedPolicy, Assignment, CallKind, Facts, Found};
use remediation::id::{ArmId, SubscriptionId, Target, fold};
use remediation::time::Timestamp;

use crate::azure::Deadline;
use crate::kept::Kept;

use super::assignments::{SetMembers, list_assignments, set_definition};
use super::client::ArmClient;
use super::error::ArmError;
use super::task_lists::TaskLists;
use super::turn::turn_at;

/// Most bytes of assignments that are kept, and of initiatives.
const ASSIGNMENTS: usize = 40 << 20;
const MEMBERS: usize = 4 << 20;

/// Reads facts and lists, and keeps them for a while.
#[derive(Debug)]
pub struct FactsReader {
    ttl: Duration,
    assignments: Kept<SubscriptionId, (Timestamp, Assignments)>,
    inherited: Inherited,
    members: Kept<ArmId, (Timestamp, Found<SetMembers>)>,
    tasks: TaskLists,
    /// Of several passes that need one list, one asks for it.
    turns: Mutex<HashMap<SubscriptionId, Arc<tokio::sync::Mutex<()>>>>,
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
            members: Kept::at_most(MEMBERS),
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
        let subscription = target.subscription();
        let turn = Arc::clone(
            self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(subscription.clone()).or_default(),
        );
        let turn = turn_at(&turn, CallKind::ListAssignments, deadline).await?;
        let kept = self.assignments.get(subscription, self.ttl).filter(|(read_at, _)| is_new_enough(*read_at, since));
        let (mut read_at, all) = match kept {
            Some(kept) => kept,
            None => {
                let read_at = crate::azure::now();
                let all = arm.send_paged(&list_assignments(subscription), deadline).await?;
                self.keep(subscription, read_at, all)
            }
        };
        drop(turn);
        let Some(assignment) = all.iter().find(|a| a.id == target.policy_assignment_id.as_str()) else {
            return Ok(Facts::without_assignment(missing(&all), read_at));
        };
        let references = match &assignment.policy {
            AssignedPolicy::Definition(_) => None,
            AssignedPolicy::Set(id) => {
                let (members_read_at, members) = self.members(arm, id, since, deadline).await?;
                read_at = read_at.min(members_read_at);
                Some(references(members, target))
            }
            AssignedPolicy::Unreadable(words) => {
                return Ok(Facts::without_assignment(Found::Unreadable(words.clone()), read_at));
            }
        };
        let siblings = siblings(assignment, &all, target);
        Ok(Facts { assignment: Found::There(Assignment::clone(assignment)), references, siblings, read_at })
    }

    fn keep(
        &self,
        subscription: &SubscriptionId,
        read_at: Timestamp,
        all: Vec<Assignment>,
    ) -> (Timestamp, Assignments) {
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
        self.assignments.keep(subscription, (read_at, shared.into()), size)
    }

    async fn members(
        &self,
        arm: &ArmClient,
        id: &ArmId,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<(Timestamp, Found<SetMembers>), ArmError> {
        if let Some(kept) = self.members.get(id, self.ttl).filter(|(read_at, _)| is_new_enough(*read_at, since)) {
            return Ok(kept);
        }
        let read_at = crate::azure::now();
        let found = members(arm.send(&set_definition(id), deadline).await)?;
        let size = match &found {
            Found::There(members) => members.references.iter().map(|reference| reference.len() + 32).sum(),
            Found::Gone => 0,
            Found::Unreadable(words) => words.len(),
        };
        Ok(self.members.keep(id, (read_at, found), size + 256))
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

/// The assignments of management groups, each kept once as long as the list of any subscription has it.
#[derive(Debug, Default)]
struct Inherited {
    all: Mutex<HashMap<String, Weak<Assignment>>>,
}

impl Inherited {
    /// The one that is kept already, if it says the same.
    fn one(&self, assignment: Assignment) -> Arc<Assignment> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.get(&assignment.id).and_then(Weak::upgrade).filter(|kept| **kept == assignment) {
            return kept;
        }
        if all.len() == all.capacity() {
            all.retain(|_, kept| kept.strong_count() > 0);
        }
        let kept = Arc::new(assignment);
        all.insert(kept.id.clone(), Arc::downgrade(&kept));
        kept
    }
}

fn is_inherited(assignment: &Assignment) -> bool {
    assignment.id.starts_with("/providers/microsoft.management/managementgroups/")
}

/// What an assignment takes in memory, by estimate.
fn size_of_assignment(assignment: &Assignment) -> usize {
    let policy = match &assignment.policy {
        AssignedPolicy::Definition(text) | AssignedPolicy::Unreadable(text) => text.len(),
        AssignedPolicy::Set(id) => id.as_str().len(),
    };
    let scopes: usize = assignment.not_scopes.iter().map(|scope| scope.len() + size_of::<String>()).sum();
    size_of::<Assignment>() + assignment.id.len() + policy + scopes + 64
}

/// Whether what was read then is as new as it must be.
fn is_new_enough(read_at: Timestamp, since: Option<Timestamp>) -> bool {
    since.is_none_or(|since| read_at >= since)
}

/// What an answer says of the initiative of a live assignment. An assigned initiative cannot be deleted, so one that is not
/// found is one that the worker does not see: in a delegated subscription, the definitions of the customer's management
/// groups are in another tenant.
fn members(answer: Result<SetMembers, ArmError>) -> Result<Found<SetMembers>, ArmError> {
    match answer {
        Ok(members) => Ok(Found::There(members)),
        Err(ArmError::Unreadable { words, .. }) => Ok(Found::Unreadable(words)),
        Err(ArmError::NotFound { code, message, .. } | ArmError::Refused { code, message, .. }) => {
            Ok(Found::Unreadable(format!("{code}: {message}")))
        }
        Err(error) => Err(error),
    }
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

/// The reference ids, as far as they tell of the target's: among members that cannot be read it may be.
fn references(members: Found<SetMembers>, target: &Target) -> Found<Vec<String>> {
    let is_wanted = |reference: &String| {
        let wanted = target.policy_definition_reference_id.as_ref();
        wanted.is_none_or(|wanted| fold(reference.trim()) == wanted.as_str())
    };
    match members {
        Found::There(SetMembers { references, unread: Some(words) }) if !references.iter().any(is_wanted) => {
            Found::Unreadable(words)
        }
        Found::There(SetMembers { references, .. }) => Found::There(references),
        Found::Gone => Found::Gone,
        Found::Unreadable(words) => Found::Unreadable(words),
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
    use crate::arm::lenient::read_item;
    use remediation::fixture::{SUB, target};

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
        let subscription = |n: usize| format!("35ee058e-5fa0-414c-8145-{n:012}").parse::<SubscriptionId>().unwrap();
        let group = "/providers/Microsoft.Management/managementGroups/contoso";
        let inherited: Vec<_> =
            (0..150).map(|n| assigned(group, &format!("a-rather-long-name-{n}"), DEFINITION)).collect();
        for n in 0..5_000 {
            let home = format!("/subscriptions/{}", subscription(n));
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
    fn an_initiative_that_is_not_found_beside_its_assignment_is_only_out_of_sight() {
        let (call, code, message) = (CallKind::ReadSetDefinition, "Code".to_owned(), "words".to_owned());
        let not_found = ArmError::NotFound { call, code: code.clone(), message: message.clone() };
        let refused = ArmError::Refused { call, status: 403, code, message };
        for error in [not_found, refused] {
            assert_eq!(members(Err(error)), Ok(Found::Unreadable("Code: words".to_owned())));
        }
        let none = SetMembers { references: Vec::new(), unread: None };
        assert_eq!(members(Ok(none.clone())), Ok(Found::There(none)));
        let unreadable = ArmError::Unreadable { call, words: "words".to_owned() };
        assert_eq!(members(Err(unreadable)), Ok(Found::Unreadable("words".to_owned())));
        let lost = ArmError::Lost { call, words: String::new() };
        assert_eq!(members(Err(lost.clone())), Err(lost));
    }

    #[test]
    fn what_cannot_be_read_may_be_what_is_looked_for() {
        assert_eq!(missing(&[assigned(SUB, "a", DEFINITION)]), Found::Gone);
        let odd = Arc::new(read_item(&serde_json::json!({ "id": 5, "properties": [] })).unwrap());
        assert!(matches!(missing(&[assigned(SUB, "a", DEFINITION), odd]), Found::Unreadable(_)));
        let of = |reference: &str, unread: Option<&str>| {
            let target = Target { policy_definition_reference_id: Some(reference.parse().unwrap()), ..target() };
            let unread = unread.map(str::to_owned);
            references(Found::There(SetMembers { references: vec!["Known".to_owned()], unread }), &target)
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
        let (sub, group) = (SUB.to_lowercase(), group.to_lowercase());
        let of = |place: usize, target: &Target| names(&siblings(&all[place], &all, target));
        let wanted = [format!("{sub} a"), format!("{group} b"), format!("{group} c"), format!("{sub} d")];
        assert_eq!(of(0, &target()), wanted);
        let referring = Target { policy_definition_reference_id: Some("R".parse().unwrap()), ..target() };
        assert_eq!(of(0, &referring), wanted, "a single policy has no references");
        assert_eq!(of(5, &referring), [format!("{sub} fr"), format!("{sub} gr")]);
    }
}
