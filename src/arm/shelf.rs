//! Policy definitions and initiatives by their id and the version that is in force, read once in `FACTS_TTL` and kept.
//!
//! | where it is | how it is read |
//! |---|---|
//! | built in, or of a subscription | by its id: one call for all subscriptions |
//! | of a management group | among what the subscription lists, one list a subscription: by its id it is refused to a delegated reader, and at home to whoever has a role at the subscription only |
//! | another version than the current one is in force | the version by its number; at a management group's by the subscription's path, which may not serve it |

use std::sync::Arc;
use std::time::Duration;

use remediation::fact::Found;
use remediation::id::{ArmId, SubscriptionId};
use remediation::time::Timestamp;

use crate::azure::Deadline;
use crate::kept::Kept;

use super::answer::Answer;
use super::call::Call;
use super::client::ArmClient;
use super::definitions::{
    PolicyDefinition, PolicySet, own_definitions, own_sets, policy_definition, policy_definition_version, policy_set,
    policy_set_version,
};
use super::error::ArmError;
use super::lenient::Item;
use super::page::Page;

/// How long what is built in is kept.
const BUILT_IN: Duration = Duration::from_secs(86_400);

/// What stands on a shelf.
pub(super) trait Book: Item + Answer {
    /// What the places of its kind are called in ids, folded.
    const PLACE: &'static str;
    fn id(&self) -> &str;
    fn version(&self) -> Option<&str>;
    /// What it takes in memory, by estimate.
    fn size(&self) -> usize;
    fn one(id: &ArmId) -> Call<Self>;
    fn of_version(id: &ArmId, version: &str) -> Call<Self>;
    fn list(subscription: &SubscriptionId) -> Call<Page<Self>>;
}

type Read<T> = (Timestamp, Found<Arc<T>>);
type List<T> = (Timestamp, Found<Arc<[Arc<T>]>>);

/// What was read of one kind.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    ttl: Duration,
    /// Those of management groups by the subscription that sees them: two customers may have groups of one name.
    ones: Kept<(Option<SubscriptionId>, ArmId, Option<String>), Read<T>>,
    lists: Kept<SubscriptionId, List<T>>,
}

impl<T: Book> Shelf<T> {
    /// Keeps what was read for `ttl`, at most so many bytes of it twice.
    pub(super) fn new(ttl: Duration, most: usize) -> Self {
        Self { ttl, ones: Kept::at_most(most), lists: Kept::at_most(most) }
    }

    /// The one with this id, of this version where it is told, as seen from the subscription; and since when at least it was so.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub(super) async fn read(
        &self,
        arm: &ArmClient,
        subscription: &SubscriptionId,
        id: &ArmId,
        version: Option<&str>,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<Read<T>, ArmError> {
        let is_of_group = id.as_str().starts_with("/providers/microsoft.management/");
        let key = (is_of_group.then(|| subscription.clone()), id.clone(), version.map(str::to_owned));
        // What is built in changes with a new version only, a few times a year.
        let (ttl, since) = if is_built_in(id.as_str()) { (self.ttl.max(BUILT_IN), None) } else { (self.ttl, since) };
        let is_new_enough = |read_at: &Timestamp| since.is_none_or(|since| *read_at >= since);
        if let Some(kept) = self.ones.get(&key, ttl).filter(|(read_at, _)| is_new_enough(read_at)) {
            return Ok(kept);
        }
        let (read_at, current) = if is_of_group {
            let (read_at, list) = self.of_subscription(arm, subscription, since, deadline).await?;
            (read_at, listed(&list, id))
        } else {
            let read_at = crate::azure::now();
            (read_at, found(arm.send(&T::one(id), deadline).await)?)
        };
        let found = match (current, version) {
            (Found::There(current), Some(version)) if current.version().is_some_and(|known| !is_of(known, version)) => {
                // Which version a pin selects, only the service knows.
                let is_pin = version.contains('*');
                let place = if is_of_group { seen_from(subscription, id, T::PLACE) } else { Some(id.clone()) };
                match place.filter(|_| !is_pin) {
                    Some(place) => found(arm.send(&T::of_version(&place, version), deadline).await)?,
                    None => Found::Unreadable(format!("version {version} cannot be named")),
                }
            }
            (current, _) => current,
        };
        // A list is kept as such: what is found in it is not kept twice.
        let size = match &found {
            Found::There(one) if !is_of_group => one.size(),
            Found::There(_) | Found::Gone => 0,
            Found::Unreadable(words) => words.len(),
        };
        Ok(self.ones.keep(&key, (read_at, found), size + 256))
    }

    /// People's own that the subscription sees, not older than `since`.
    ///
    /// # Errors
    /// When Resource Manager cannot be asked now.
    pub(super) async fn of_subscription(
        &self,
        arm: &ArmClient,
        subscription: &SubscriptionId,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<List<T>, ArmError> {
        let is_new_enough = |read_at: Timestamp| since.is_none_or(|since| read_at >= since);
        match self.lists.get(subscription, self.ttl).filter(|(read_at, _)| is_new_enough(*read_at)) {
            Some(kept) => Ok(kept),
            None => self.list(arm, subscription, deadline).await,
        }
    }

    async fn list(
        &self,
        arm: &ArmClient,
        subscription: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<List<T>, ArmError> {
        let read_at = crate::azure::now();
        let found: Found<Arc<[Arc<T>]>> = match arm.send_paged(&T::list(subscription), deadline).await {
            Ok(all) => Found::There(all.into_iter().map(Arc::new).collect()),
            Err(error) => Found::Unreadable(error.final_words()?),
        };
        let size = match &found {
            Found::There(all) => all.iter().map(|one| one.size()).sum(),
            Found::Gone | Found::Unreadable(_) => 0,
        };
        Ok(self.lists.keep(subscription, (read_at, found), size + 64))
    }
}

/// Whether it is one of Microsoft's, by its id.
pub(super) fn is_built_in(id: &str) -> bool {
    id.starts_with("/providers/microsoft.authorization/")
}

/// What an answer says of the definition of a live assignment. What is assigned cannot be deleted, so one that is not found is one that the
/// worker does not see.
fn found<T>(answer: Result<T, ArmError>) -> Result<Found<Arc<T>>, ArmError> {
    match answer {
        Ok(one) => Ok(Found::There(Arc::new(one))),
        Err(error) => Ok(Found::Unreadable(error.final_words()?)),
    }
}

fn listed<T: Book>(list: &Found<Arc<[Arc<T>]>>, id: &ArmId) -> Found<Arc<T>> {
    match list {
        Found::There(all) => all.iter().find(|one| one.id() == id.as_str()).map_or_else(
            || Found::Unreadable("it is not among those that the subscription lists".to_owned()),
            |one| Found::There(Arc::clone(one)),
        ),
        Found::Gone => Found::Gone,
        Found::Unreadable(words) => Found::Unreadable(words.clone()),
    }
}

/// Whether a version is the wanted one, or one of those that a pin such as `1.*.*` may select.
fn is_of(version: &str, wanted: &str) -> bool {
    let (mut parts, mut wanted) = (version.split('.'), wanted.split('.'));
    loop {
        match (parts.next(), wanted.next()) {
            (None, None) => return true,
            (Some(_), Some("*")) => {}
            (part, wanted) if part == wanted => {}
            (_, _) => return false,
        }
    }
}

/// The path under which a subscription may show one of a management group.
fn seen_from(subscription: &SubscriptionId, id: &ArmId, place: &str) -> Option<ArmId> {
    let name = id.as_str().rsplit('/').next()?;
    format!("/subscriptions/{subscription}/providers/microsoft.authorization/{place}/{name}").parse().ok()
}

impl Book for PolicyDefinition {
    const PLACE: &'static str = "policydefinitions";

    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn size(&self) -> usize {
        let defaults: usize = self.definition.defaults.iter().map(|(name, value)| name.len() + value.len() + 64).sum();
        self.id.len() + defaults + self.definition.roles.len() * 64 + size_of::<Self>()
    }

    fn one(id: &ArmId) -> Call<Self> {
        policy_definition(id)
    }

    fn of_version(id: &ArmId, version: &str) -> Call<Self> {
        policy_definition_version(id, version)
    }

    fn list(subscription: &SubscriptionId) -> Call<Page<Self>> {
        own_definitions(subscription)
    }
}

impl Book for PolicySet {
    const PLACE: &'static str = "policysetdefinitions";

    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn size(&self) -> usize {
        let of_member = |member: &super::definitions::SetMember| {
            let parameters: usize = member.parameters.keys().map(|name| name.len() + 96).sum();
            member.reference.len() + member.definition.len() + parameters + 128
        };
        let defaults: usize = self.defaults.iter().map(|(name, value)| name.len() + value.len() + 64).sum();
        self.id.len() + defaults + self.members.iter().map(of_member).sum::<usize>() + size_of::<Self>()
    }

    fn one(id: &ArmId) -> Call<Self> {
        policy_set(id)
    }

    fn of_version(id: &ArmId, version: &str) -> Call<Self> {
        policy_set_version(id, version)
    }

    fn list(subscription: &SubscriptionId) -> Call<Page<Self>> {
        own_sets(subscription)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fact::CallKind;

    #[test]
    fn a_definition_that_is_not_found_beside_its_assignment_is_only_out_of_sight() {
        let (call, code, message) = (CallKind::ReadSetDefinition, "Code".to_owned(), "words".to_owned());
        let not_found = ArmError::NotFound { call, code: code.clone(), message: message.clone() };
        let refused = ArmError::Refused { call, status: 403, code, message };
        for error in [not_found, refused] {
            assert_eq!(found::<()>(Err(error)), Ok(Found::Unreadable("Code: words".to_owned())));
        }
        assert_eq!(found(Ok(5)), Ok(Found::There(Arc::new(5))));
        let unreadable = ArmError::Unreadable { call, words: "words".to_owned() };
        assert_eq!(found::<()>(Err(unreadable)), Ok(Found::Unreadable("words".to_owned())));
        let lost = ArmError::Lost { call, words: String::new() };
        assert_eq!(found::<()>(Err(lost.clone())), Err(lost));
    }

    #[test]
    fn a_pin_stands_for_all_that_it_may_select() {
        for (version, wanted, expected) in [
            ("1.4.0", "1.4.0", true),
            ("1.4.0", "1.*.*", true),
            ("1.4.0", "1.4.*", true),
            ("2.0.0", "1.*.*", false),
            ("1.4.0-preview", "1.4.0", false),
            ("1.4", "1.4.0", false),
            ("10.0.0", "1.*.*", false),
        ] {
            assert_eq!(is_of(version, wanted), expected, "{version} {wanted}");
        }
    }

    #[test]
    fn one_of_a_management_group_is_looked_up_where_the_subscription_shows_it() {
        let id: ArmId = "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policySetDefinitions/Baseline".parse().unwrap();
        let subscription: SubscriptionId = "35ee058e-5fa0-414c-8145-000000000001".parse().unwrap();
        let seen = seen_from(&subscription, &id, PolicySet::PLACE).unwrap();
        assert_eq!(
            seen.as_str(),
            "/subscriptions/35ee058e-5fa0-414c-8145-000000000001/providers/microsoft.authorization/policysetdefinitions/baseline"
        );
    }
}
