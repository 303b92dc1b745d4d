//! Reads what is known of the rights of an assignment's identity. Calls are a matter of assignments, never of resources: a list for each
//! principal and scope at home, one for each delegated subscription, one definition for each role; all kept for `FACTS_TTL`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use remediation::fact::Found;
use remediation::id::{Scope, SubscriptionId, Target};
use remediation::role::{Denial, Home, Rights, RoleAssignment, RoleId};
use remediation::time::Timestamp;

use crate::azure::Deadline;
use crate::kept::Kept;

use super::client::ArmClient;
use super::error::ArmError;
use super::facts::FactsReader;
use super::homes::Homes;
use super::roles::{KnownRole, Registration, all_assigned, assigned_to, denials, registrations, role_definition};

/// Most bytes of each of what is kept.
const MOST: usize = 4 << 20;
/// What one role assignment, denial or role takes, by estimate.
const OF_ONE: usize = 400;
/// Most roles of an identity whose definitions are read: an identity that has more of them has too many to be judged cheaply.
const MOST_ROLES: usize = 16;

/// Role assignments, deny assignments, or registrations.
type Kept3<T> = Kept<(String, String), (Timestamp, Found<Arc<[T]>>)>;

/// Reads rights, and keeps what they are made of.
#[derive(Debug)]
pub struct RightsReader {
    ttl: Duration,
    assigned: Kept3<RoleAssignment>,
    denials: Kept3<Denial>,
    registrations: Kept3<Registration>,
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
        let (required, principal, holder, mut read_at) = match &known {
            Ok(known) => {
                let required = match &known.definition {
                    Found::There(one) => Found::There(one.definition.roles.clone()),
                    Found::Gone => Found::Gone,
                    Found::Unreadable(words) => Found::Unreadable(words.clone()),
                };
                let holder = known.assignment.user_assigned.as_deref().unwrap_or(&known.assignment.id);
                let principal = known.assignment.principal.as_deref().map(str::to_owned);
                (required, principal, holder.to_owned(), known.read_at)
            }
            // The facts of the assignment say so by themselves.
            Err(facts) => {
                let words = "the assignment is not there".to_owned();
                (Found::Unreadable(words), None, target.policy_assignment_id.to_string(), facts.read_at)
            }
        };
        let owner = match homes.foreign_owner(arm, subscription, deadline).await {
            // Whose it is, nobody tells: what is not seen there counts as missing only at home, so the roles themselves must tell.
            Err(error) if error.is_final() => None,
            owner => owner?,
        };
        let assignments = match (&principal, &owner) {
            (None, _) => Found::There(Vec::new()),
            (Some(principal), None) => {
                let key = (target.scope.to_string(), principal.clone());
                let call = assigned_to(&target.scope, principal);
                self.list(&self.assigned, arm, key, &call, since, deadline, &mut read_at).await?
            }
            (Some(_), Some(tenant)) => {
                let key = (subscription.to_string(), String::new());
                let call = all_assigned(subscription, tenant);
                self.list(&self.assigned, arm, key, &call, since, deadline, &mut read_at).await?
            }
        };
        let denied = match owner {
            None => {
                let key = (target.scope.to_string(), String::new());
                self.list(&self.denials, arm, key, &denials(&target.scope), since, deadline, &mut read_at).await?
            }
            // A delegated reader does not see the customer's.
            Some(_) => Found::Unreadable("of another tenant".to_owned()),
        };
        let home = match owner {
            None => Home::Ours,
            Some(_) => Home::Delegated { grantable: self.grantable(arm, subscription, deadline).await? },
        };
        let mut wanted: BTreeSet<RoleId> = BTreeSet::new();
        if let Found::There(required) = &required {
            wanted.extend(required.iter().cloned());
            // Roles are compared only where the very ones are not there.
            if let Found::There(assigned) = &assignments
                && !required.iter().all(|role| is_there(role, assigned, &target.scope))
            {
                wanted.extend(assigned.iter().map(|one| one.role.clone()).take(MOST_ROLES));
            } else {
                wanted.clear();
            }
        }
        let mut definitions = BTreeMap::new();
        for role in wanted {
            let found = self.role(arm, subscription, &role, deadline).await?;
            definitions.insert(role, found);
        }
        Ok(Rights { home, required, principal, holder, assignments, denials: denied, definitions, read_at })
    }

    #[allow(clippy::too_many_arguments, reason = "what is kept where, and what is asked; each caller differs in both")]
    async fn list<T: super::lenient::Item + Clone>(
        &self,
        kept: &Kept3<T>,
        arm: &ArmClient,
        key: (String, String),
        call: &super::call::Call<super::page::Page<T>>,
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
                    Err(error) => Found::Unreadable(final_words(error)?),
                };
                let count = if let Found::There(all) = &found { all.len() } else { 1 };
                kept.keep(&key, (at, found), count * OF_ONE + 128)
            }
        };
        *read_at = (*read_at).min(at);
        Ok(match found {
            Found::There(all) => Found::There(all.to_vec()),
            Found::Gone => Found::Gone,
            Found::Unreadable(words) => Found::Unreadable(words),
        })
    }

    /// The roles that the worker may grant in a delegated subscription: those of the registrations for its own principal.
    async fn grantable(
        &self,
        arm: &ArmClient,
        subscription: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<Found<Vec<RoleId>>, ArmError> {
        let (key, mut read_at) = ((subscription.to_string(), String::new()), Timestamp::UNIX_EPOCH);
        let call = registrations(subscription);
        let found = self.list(&self.registrations, arm, key, &call, None, deadline, &mut read_at).await?;
        let Some(own) = arm.principal().await else {
            return Ok(Found::Unreadable("the worker's token does not tell its principal".to_owned()));
        };
        Ok(match found {
            Found::There(all) => {
                let mine = all.iter().flat_map(|one| &one.grantable).filter(|(principal, _)| *principal == own);
                Found::There(mine.flat_map(|(_, roles)| roles.clone()).collect())
            }
            Found::Gone => Found::Gone,
            Found::Unreadable(words) => Found::Unreadable(words),
        })
    }

    async fn role(
        &self,
        arm: &ArmClient,
        subscription: &SubscriptionId,
        role: &RoleId,
        deadline: Deadline,
    ) -> Result<Found<remediation::role::RoleDefinition>, ArmError> {
        let keys = [(None, role.clone()), (Some(subscription.clone()), role.clone())];
        let known = keys.iter().find_map(|key| self.roles.get(key, self.ttl));
        let (_, found) = match known {
            Some(known) => known,
            None => {
                let at = crate::azure::now();
                let found = match arm.send(&role_definition(subscription, role), deadline).await {
                    Ok(known) => Found::There(known),
                    Err(error) => Found::Unreadable(final_words(error)?),
                };
                let is_built_in = matches!(&found, Found::There(known) if known.is_built_in);
                self.roles.keep(&keys[usize::from(!is_built_in)], (at, found), OF_ONE * 4)
            }
        };
        Ok(match found {
            Found::There(known) => Found::There(known.role),
            Found::Gone => Found::Gone,
            Found::Unreadable(words) => Found::Unreadable(words),
        })
    }
}

fn is_there(role: &RoleId, assigned: &[RoleAssignment], scope: &Scope) -> bool {
    assigned.iter().any(|one| one.role == *role && !one.has_condition && one.is_over(&scope.to_string()))
}

/// The words of an error that would come again; one that may pass is an error still.
fn final_words(error: ArmError) -> Result<String, ArmError> {
    match error {
        ArmError::Unreadable { words, .. } => Ok(words),
        ArmError::NotFound { code, message, .. } | ArmError::Refused { code, message, .. } => {
            Ok(format!("{code}: {message}"))
        }
        error @ (ArmError::Throttled { .. }
        | ArmError::Held { .. }
        | ArmError::Unauthorized { .. }
        | ArmError::NotSent { .. }
        | ArmError::Lost { .. }) => Err(error),
    }
}
