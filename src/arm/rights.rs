//! Reads what is known of the rights of an assignment's identity. Calls are a matter of assignments, never of resources: a list for each
//! principal and scope at home, one for each delegated subscription, one definition for each role; all kept for `FACTS_TTL`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use remediation::fact::{CallKind, Found};
use remediation::id::{Scope, SubscriptionId, Target, fold};
use remediation::policy::IdentityChange;
use remediation::role::{Denial, Home, Permission, Preauthorised, Rights, RoleAssignment, RoleId, own_standing};
use remediation::time::Timestamp;

use crate::azure::Deadline;
use crate::kept::Kept;

use super::call::Call;
use super::client::ArmClient;
use super::error::ArmError;
use super::facts::FactsReader;
use super::homes::{Homes, OwnedBy};
use super::lenient::Item;
use super::own_rights::permissions_at;
use super::page::Page;
use super::roles::{
    KnownRole, Registration, all_assigned, assigned_at, assigned_to, denials, registrations, role_definition,
};

/// Most bytes of each of what is kept.
const MOST: usize = 4 << 20;
/// What one role assignment, denial or role takes, by estimate.
const OF_ONE: usize = 400;
/// Most roles of an identity whose definitions are read: an identity that has more of them has too many to be judged cheaply.
const MOST_ROLES: usize = 16;

/// Codes of a 404 that say that the group or resource is not there.
const NOTHING_THERE: [&str; 2] = ["resourcegroupnotfound", "resourcenotfound"];

/// Role assignments, deny assignments, or registrations.
type KeptLists<T> = Kept<(String, String), (Timestamp, Found<Arc<[T]>>)>;

/// Reads rights, and keeps what they are made of.
#[derive(Debug)]
pub struct RightsReader {
    ttl: Duration,
    assigned: KeptLists<RoleAssignment>,
    denials: KeptLists<Denial>,
    registrations: KeptLists<Registration>,
    own: KeptLists<Permission>,
    /// By the subscription that has it; by nothing where it is built in.
    roles: Kept<(Option<SubscriptionId>, RoleId), (Timestamp, Found<KnownRole>)>,
}

/// Who asks, and until when.
pub struct Asking<'a> {
    /// Resource Manager.
    pub arm: &'a ArmClient,
    /// Facts that targets share.
    pub facts: &'a FactsReader,
    /// Whose the subscriptions are.
    pub homes: &'a Homes,
    /// No question is begun after this.
    pub deadline: Deadline,
}

impl RightsReader {
    /// A reader that keeps what it read for `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            assigned: Kept::at_most(MOST),
            denials: Kept::at_most(MOST),
            registrations: Kept::at_most(MOST),
            own: Kept::at_most(MOST),
            roles: Kept::at_most(MOST),
        }
    }

    /// The rights of the identity of the target's assignment over the target's scope, not older than `since`.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub async fn rights(
        &self,
        asking: &Asking<'_>,
        target: &Target,
        since: Option<Timestamp>,
    ) -> Result<Rights, ArmError> {
        let Asking { arm, facts, homes, deadline } = *asking;
        let subscription = target.subscription();
        let known = facts.known(arm, target, since, deadline).await?;
        let mut identity = None;
        let (required, principal, holder, mut read_at) = match &known {
            Ok(known) => {
                let required = known.definition.clone().map(|one| one.definition.roles.clone());
                let holder = known.assignment.user_assigned.as_deref().unwrap_or(&known.assignment.id);
                let principal = known.assignment.principal.as_deref().map(str::to_owned);
                if known.identity() == IdentityChange::Assigns {
                    identity = Some(known.place_of_identity(target));
                }
                (required, principal, holder.to_owned(), known.read_at)
            }
            // The facts of the assignment say so by themselves.
            Err(facts) => {
                let words = "the assignment is not there".to_owned();
                (Found::Unreadable(words), None, target.policy_assignment_id.to_string(), facts.read_at)
            }
        };
        let owner = match homes.owner(arm, subscription, deadline).await {
            Err(error) if error.is_final() => OwnedBy::Nobody,
            owner => owner?,
        };
        let assignments = match (&principal, &owner) {
            (None, _) => Found::There(Vec::new()),
            (Some(principal), OwnedBy::Us | OwnedBy::Nobody) => {
                let key = (target.scope.to_string(), principal.clone());
                let call = assigned_to(&target.scope, principal);
                self.list(&self.assigned, arm, key, &call, since, deadline, &mut read_at).await?
            }
            (Some(_), OwnedBy::Tenant(tenant)) => {
                // Of a customer who delegated the group alone, the group's.
                let mut found = Found::Gone;
                for scope in scopes_of(target) {
                    let (key, call) = ((scope.to_string(), String::new()), all_assigned(&scope, tenant));
                    found = self.list(&self.assigned, arm, key, &call, since, deadline, &mut read_at).await?;
                    if let Found::There(_) = found {
                        break;
                    }
                }
                found
            }
        };
        let preauthorised = match (identity, &principal) {
            (Some(place), Some(principal)) => {
                let scope = place.unwrap_or_else(|| format!("/subscriptions/{subscription}"));
                let found = match owner {
                    // Its list has all that lies below, too.
                    OwnedBy::Tenant(_) => {
                        let own = |one: &RoleAssignment| one.principal == *principal;
                        assignments.clone().map(|all| all.into_iter().filter(own).collect())
                    }
                    OwnedBy::Us | OwnedBy::Nobody => {
                        let key = (scope.clone(), principal.clone());
                        let call = assigned_at(&scope, subscription, principal);
                        self.list(&self.assigned, arm, key, &call, since, deadline, &mut read_at).await?
                    }
                };
                Some(Preauthorised { scope, assignments: found })
            }
            (Some(_) | None, _) => None,
        };
        let denied = match owner {
            OwnedBy::Us | OwnedBy::Nobody => {
                let key = (target.scope.to_string(), String::new());
                self.list(&self.denials, arm, key, &denials(&target.scope), since, deadline, &mut read_at).await?
            }
            // A delegated reader does not see the customer's.
            OwnedBy::Tenant(_) => Found::Unreadable("of another tenant".to_owned()),
        };
        let home = match owner {
            OwnedBy::Us => Home::Ours,
            OwnedBy::Nobody => Home::Unknown,
            OwnedBy::Tenant(_) => Home::Delegated {
                grantable: self.grantable(arm, target, deadline).await?,
                worker: arm.principal().await,
            },
        };
        let own = |one: &&RoleAssignment| {
            let is_own = !matches!(home, Home::Delegated { .. }) || principal.as_ref() == Some(&one.principal);
            is_own && one.is_over(&target.scope.to_string())
        };
        let wanted = match (&required, &assignments) {
            (Found::There(required), Found::There(assigned)) => {
                let at_identity = preauthorised.iter().filter_map(|one| match &one.assignments {
                    Found::There(all) => Some(all.iter().filter(|held| held.is_over(&one.scope))),
                    Found::Gone | Found::Unreadable(_) => None,
                });
                to_compare(required, assigned.iter().filter(own).chain(at_identity.flatten()))
            }
            _ => BTreeSet::new(),
        };
        let mut definitions = BTreeMap::new();
        for role in wanted {
            let found = self.role(arm, &target.scope, &role, deadline).await?;
            definitions.insert(role, found);
        }
        Ok(Rights {
            home,
            required,
            principal,
            holder,
            assignments,
            preauthorised,
            denials: denied,
            definitions,
            read_at,
        })
    }

    /// What the worker itself lacks at the target's scope, where a call was refused; none where it cannot be asked now.
    pub async fn own_standing(
        &self,
        arm: &ArmClient,
        target: &Target,
        refused: CallKind,
        deadline: Deadline,
    ) -> Option<String> {
        let (scope, mut read_at) = (&target.scope, Timestamp::UNIX_EPOCH);
        let key = (scope.to_string(), String::new());
        let call = permissions_at(scope);
        match self.list(&self.own, arm, key, &call, None, deadline, &mut read_at).await.ok()? {
            Found::There(all) => Some(own_standing(&all, refused, scope.as_str())),
            Found::Gone | Found::Unreadable(_) => None,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "what is kept where, and what is asked; each caller differs in both")]
    async fn list<T: Item + Clone>(
        &self,
        kept: &KeptLists<T>,
        arm: &ArmClient,
        key: (String, String),
        call: &Call<Page<T>>,
        since: Option<Timestamp>,
        deadline: Deadline,
        read_at: &mut Timestamp,
    ) -> Result<Found<Vec<T>>, ArmError> {
        let known = kept.get(&key, self.ttl).filter(|(at, _)| since.is_none_or(|since| *at >= since));
        let (at, found) = match known {
            Some(known) => known,
            None => {
                let at = crate::azure::now();
                let found: Found<Arc<[T]>> = match arm.send_paged(call, deadline).await {
                    Ok(all) => Found::There(all.into()),
                    // Where nothing is, nothing is assigned.
                    Err(ArmError::NotFound { code, .. }) if NOTHING_THERE.contains(&fold(&code).as_str()) => {
                        Found::There(Arc::new([]))
                    }
                    Err(error) => Found::Unreadable(error.final_words()?),
                };
                let count = if let Found::There(all) = &found { all.len() } else { 1 };
                kept.keep(&key, (at, found), count * OF_ONE + 128)
            }
        };
        *read_at = (*read_at).min(at);
        Ok(found.map(|all| all.to_vec()))
    }

    /// The roles that the worker may grant in a delegated subscription: those of the registrations for its own principal.
    async fn grantable(
        &self,
        arm: &ArmClient,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Found<Vec<RoleId>>, ArmError> {
        let (mut found, mut read_at) = (Found::Gone, Timestamp::UNIX_EPOCH);
        for scope in scopes_of(target) {
            let (key, call) = ((scope.to_string(), String::new()), registrations(&scope));
            found = self.list(&self.registrations, arm, key, &call, None, deadline, &mut read_at).await?;
            if matches!(&found, Found::There(all) if !all.is_empty()) {
                break;
            }
        }
        let Some(own) = arm.principal().await else {
            return Ok(Found::Unreadable("the worker's token does not tell its principal".to_owned()));
        };
        Ok(match found {
            Found::There(all) => may_grant(&all, &own),
            Found::Gone => Found::Gone,
            Found::Unreadable(words) => Found::Unreadable(words),
        })
    }

    async fn role(
        &self,
        arm: &ArmClient,
        scope: &Scope,
        role: &RoleId,
        deadline: Deadline,
    ) -> Result<Found<remediation::role::RoleDefinition>, ArmError> {
        let keys = [(None, role.clone()), (Some(scope.subscription().clone()), role.clone())];
        let known = keys.iter().find_map(|key| self.roles.get(key, self.ttl));
        let (_, found) = match known {
            Some(known) => known,
            None => {
                let at = crate::azure::now();
                let found = match arm.send(&role_definition(scope, role), deadline).await {
                    Ok(known) => Found::There(known),
                    Err(error) => Found::Unreadable(error.final_words()?),
                };
                let is_built_in = matches!(&found, Found::There(known) if known.role.is_built_in);
                self.roles.keep(&keys[usize::from(!is_built_in)], (at, found), OF_ONE * 4)
            }
        };
        Ok(found.map(|known| known.role))
    }
}

/// The roles that the registrations let this principal grant. Where they let none but others grant, a group that it is in may be among them:
/// nobody tells, and the service says so when it is tried.
fn may_grant(registrations: &[Registration], own: &str) -> Found<Vec<RoleId>> {
    let lines: Vec<_> = registrations.iter().flat_map(|one| &one.grantable).collect();
    let mine: Vec<_> = lines.iter().filter(|(principal, _)| principal == own).collect();
    if mine.is_empty() && !lines.is_empty() {
        return Found::Unreadable("others than the worker may grant, perhaps a group that it is in".to_owned());
    }
    Found::There(mine.into_iter().flat_map(|(_, roles)| roles.clone()).collect())
}

/// Where a delegation may stand: at the subscription, or at the target's group.
fn scopes_of(target: &Target) -> Vec<Scope> {
    let whole = Scope::subscription_wide(target.subscription().clone());
    let group = Some(target.scope.clone()).filter(|scope| *scope != whole);
    std::iter::once(whole).chain(group).collect()
}

/// The roles whose definitions are needed: none where the very ones are there that are asked for; else what is asked for, and what the
/// identity has.
fn to_compare<'a>(required: &[RoleId], held: impl Iterator<Item = &'a RoleAssignment>) -> BTreeSet<RoleId> {
    let held: Vec<_> = held.collect();
    let is_there = |role: &RoleId| held.iter().any(|one| one.role == *role && !one.has_condition);
    if required.iter().all(is_there) {
        return BTreeSet::new();
    }
    let held: BTreeSet<_> = held.into_iter().map(|one| one.role.clone()).collect();
    held.into_iter().take(MOST_ROLES).chain(required.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(role: &str, has_condition: bool) -> RoleAssignment {
        let (scope, principal) = ("/".to_owned(), "p".to_owned());
        RoleAssignment { scope, role: RoleId::of(role).unwrap(), principal, has_condition }
    }

    #[test]
    fn what_a_registration_lets_others_grant_may_be_a_group_of_the_workers() {
        let role = |name: &str| RoleId::of(name).unwrap();
        let registration = |lines: &[(&str, &[&str])]| Registration {
            grantable: lines
                .iter()
                .map(|(who, roles)| ((*who).to_owned(), roles.iter().map(|name| role(name)).collect()))
                .collect(),
        };
        let of = |registrations: &[Registration]| may_grant(registrations, "me");
        assert_eq!(of(&[]), Found::There(vec![]));
        assert_eq!(of(&[registration(&[])]), Found::There(vec![]), "nobody may grant there");
        let mine = registration(&[("me", &["a"]), ("group", &["b"])]);
        assert_eq!(of(std::slice::from_ref(&mine)), Found::There(vec![role("a")]));
        assert_eq!(of(&[registration(&[("me", &["c"])]), mine]), Found::There(vec![role("c"), role("a")]));
        assert!(matches!(of(&[registration(&[("group", &["a"])])]), Found::Unreadable(_)));
    }

    #[test]
    fn roles_are_compared_only_where_the_very_ones_are_not_there_and_never_very_many() {
        let role = |name: &str| RoleId::of(name).unwrap();
        let of = |required: &[RoleId], held: &[RoleAssignment]| to_compare(required, held.iter());
        assert_eq!(of(&[role("a")], &[assigned("a", false), assigned("b", false)]), BTreeSet::new());
        assert_eq!(of(&[], &[assigned("a", false)]), BTreeSet::new());
        assert_eq!(of(&[role("a")], &[assigned("a", true)]), BTreeSet::from([role("a")]));
        // The same role many times is one, and what is asked for is always among them.
        let many: Vec<_> = (0..500).map(|n| assigned(&format!("r{:03}", n / 2), false)).collect();
        let wanted = of(&[role("z")], &many);
        assert!(wanted.contains(&role("z")) && wanted.len() == MOST_ROLES + 1, "{}", wanted.len());
    }
}
