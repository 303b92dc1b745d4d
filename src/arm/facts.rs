//! The facts of an assignment, read at most once in `FACTS_TTL` and shared by all targets of a subscription;
//! and the active tasks of a subscription, shared for a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::assignments::{AssignedPolicy, Assignment, SetMembers, list_assignments, set_definition};
use super::client::ArmClient;
use super::error::ArmError;
use super::remediations::{ListedTask, TaskState, list_tasks};
use crate::event::Timestamp;
use crate::resource::{ArmId, SubscriptionId, Target, fold};
use crate::transport::Deadline;

/// How long the list of active tasks is kept.
const TASKS_TTL: Duration = Duration::from_secs(60);

/// Something that may be there, may be known to be gone, or cannot be read. What cannot be read is never taken for gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    There(T),
    /// It is certainly not there.
    Gone,
    /// Not readable with the worker's roles; the words are the service's.
    Unreadable(String),
}

/// What a decision must know of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The assignment.
    pub assignment: Found<Assignment>,
    /// The initiative's reference ids in its own casing; none when a single policy is assigned.
    pub references: Option<Found<Vec<String>>>,
    /// The targets in the subscription of the same policy, this one too: what is assigned here may be assigned many times.
    pub siblings: Vec<Target>,
    /// Since when at least all of this was so: it was read then, or later.
    pub read_at: Timestamp,
}

/// Reads facts and lists, and keeps them for a while.
#[derive(Debug, Default)]
pub struct FactsReader {
    ttl: Duration,
    assignments: Kept<SubscriptionId, (Timestamp, Vec<Assignment>)>,
    members: Kept<ArmId, (Timestamp, Found<SetMembers>)>,
    tasks: Kept<SubscriptionId, Vec<ListedTask>>,
}

impl FactsReader {
    /// A reader that keeps facts for `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, ..Self::default() }
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
        let kept = self.assignments.get(subscription, self.ttl).filter(|(read_at, _)| is_new_enough(*read_at, since));
        let (mut read_at, all) = match kept {
            Some(kept) => kept,
            None => {
                let read_at = Timestamp::now_utc();
                let all = arm.send_paged(&list_assignments(subscription), deadline).await?;
                self.assignments.keep(subscription, (read_at, all))
            }
        };
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
        Ok(Facts { assignment: Found::There(assignment.clone()), references, siblings, read_at })
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
        let read_at = Timestamp::now_utc();
        let found = members(arm.send(&set_definition(id), deadline).await)?;
        Ok(self.members.keep(id, (read_at, found)))
    }

    /// The active tasks of a subscription, whoever opened them.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub async fn active_tasks(
        &self,
        arm: &ArmClient,
        id: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<Vec<ListedTask>, ArmError> {
        // Facts shorter-lived than a minute are wanted fresher still.
        if let Some(kept) = self.tasks.get(id, self.ttl.min(TASKS_TTL)) {
            return Ok(kept);
        }
        let mut tasks = arm.send_paged(&list_tasks(id), deadline).await?;
        tasks.retain(|task| task.state == TaskState::Active);
        Ok(self.tasks.keep(id, tasks))
    }
}

impl Facts {
    fn without_assignment(assignment: Found<Assignment>, read_at: Timestamp) -> Self {
        Self { assignment, references: None, siblings: Vec::new(), read_at }
    }
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
fn missing(all: &[Assignment]) -> Found<Assignment> {
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
fn siblings(assignment: &Assignment, all: &[Assignment], target: &Target) -> Vec<Target> {
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

/// Values by key, with the time when they were read.
#[derive(Debug)]
struct Kept<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    fn get(&self, key: &K, ttl: Duration) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(read_at, _)| read_at.elapsed() < ttl).map(|(_, value)| value.clone())
    }

    fn keep(&self, key: &K, value: V) -> V {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), (Instant::now(), value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::call::CallKind;
    use crate::remediation::fixture::{SUB, target};

    const DEFINITION: &str = "/providers/Microsoft.Authorization/policyDefinitions/Tag";
    const SET: &str = "/providers/Microsoft.Authorization/policySetDefinitions/Baseline";

    fn assigned(home: &str, name: &str, policy: &str) -> Assignment {
        let id = format!("{home}/providers/Microsoft.Authorization/policyAssignments/{name}");
        let wire = serde_json::json!({ "id": id, "properties": { "policyDefinitionId": policy } });
        serde_json::from_value(wire).unwrap()
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
        let odd: Assignment = serde_json::from_value(serde_json::json!({ "id": 5, "properties": [] })).unwrap();
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
