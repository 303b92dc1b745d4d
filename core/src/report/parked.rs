//! What is parked, one item a cause: a resource's own, a target's, what Resource Manager refuses for all that a scope holds, and
//! the targets that are stopped.

use serde::Serialize;

use crate::document::{EntryState, FailureClass, ScopePark, StoppedTarget, SubscriptionDocument, TargetDocument};
use crate::id::{ResourceId, Target};
use crate::time::Timestamp;
use crate::transition::{Chosen, STOPPED, refused_at};

/// What is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ParkedWhat {
    /// Everything that a scope holds: Resource Manager refuses the worker what it asks there.
    Scope,
    /// A target that the worker died of.
    Stopped,
    /// A whole target.
    Target,
    /// A resource.
    Resource,
}

impl ParkedWhat {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Stopped => "stopped",
            Self::Target => "target",
            Self::Resource => "resource",
        }
    }
}

/// One parked item.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedItem {
    /// What is parked.
    pub what: ParkedWhat,
    /// The word for why.
    pub reason: String,
    /// The class of the failure that led here, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// The service's own words, or what was found.
    pub words: String,
    /// How to fix it.
    pub hint: String,
    /// Since when, where that is known.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it is tried again by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
    /// The hash of the target; none for a scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The scope: of the target, or the one where Resource Manager refuses.
    pub scope: String,
    /// The assignment of the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignment: Option<String>,
    /// Whose the assignment is, as its metadata say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The policy of an initiative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// How many resources it holds back.
    pub holds: u64,
}

impl ParkedItem {
    /// What a person names it by: a resource by its id, all else by target or scope.
    #[must_use]
    pub fn name(&self) -> &str {
        self.resource.as_deref().or(self.target.as_deref()).unwrap_or(&self.scope)
    }
}

/// All parked items that are meant, those that hold back the most first.
#[must_use]
pub fn parked_items(
    targets: &[TargetDocument],
    subscriptions: &[SubscriptionDocument],
    stopped: &[StoppedTarget],
    chosen: &Chosen,
    now: Timestamp,
) -> Vec<ParkedItem> {
    let mut items: Vec<_> = targets.iter().flat_map(|document| of_target(document, chosen)).collect();
    items.extend(subscriptions.iter().flat_map(|claims| of_subscription(claims, targets, chosen)));
    let stopped = stopped.iter().filter(|record| record.until > now && chosen.has_target(&record.target, STOPPED));
    items.extend(stopped.map(|record| of_stopped(record, targets)));
    items.sort_by(|one, other| {
        let key = |item: &ParkedItem| (item.what, std::cmp::Reverse(item.holds));
        key(one).cmp(&key(other)).then_with(|| one.name().cmp(other.name()))
    });
    items
}

fn of_target<'a>(document: &'a TargetDocument, chosen: &'a Chosen) -> impl Iterator<Item = ParkedItem> + 'a {
    let target = &document.target;
    let whole = document.parked.as_ref().filter(|park| !park.is_of_refusal());
    let whole = whole.filter(|park| chosen.has_target(target, park.reason.as_str())).map(|park| ParkedItem {
        reason: park.reason.as_str().to_owned(),
        class: park.class,
        words: park.words.clone(),
        hint: park.hint.clone(),
        since: Some(park.since),
        until: park.until,
        holds: waiting(document),
        ..item(ParkedWhat::Target, document)
    });
    let single = move |(id, state): (&ResourceId, &EntryState)| match state {
        EntryState::Parked { reason, class, words, hint, until }
            if chosen.has_resource(target, id, reason.as_str()) =>
        {
            Some(ParkedItem {
                reason: reason.as_str().to_owned(),
                class: *class,
                words: words.clone(),
                hint: hint.clone(),
                until: *until,
                resource: Some(id.to_string()),
                holds: 1,
                ..item(ParkedWhat::Resource, document)
            })
        }
        EntryState::Parked { .. }
        | EntryState::Waiting { .. }
        | EntryState::InTask
        | EntryState::Fixed { .. }
        | EntryState::Skipped { .. } => None,
    };
    let states = document.resources.iter().map(|(id, entry)| (id, &entry.state));
    whole.into_iter().chain(states.filter_map(single))
}

/// What is refused, where it holds a target that is meant.
fn of_subscription<'a>(
    claims: &'a SubscriptionDocument,
    targets: &'a [TargetDocument],
    chosen: &'a Chosen,
) -> impl Iterator<Item = ParkedItem> + 'a {
    let lasting = claims.parks.iter().filter(|(_, park)| park.parked_since.is_some());
    lasting.filter_map(move |(key, park): (&String, &ScopePark)| {
        let reason = park.reason.as_str();
        let own = targets.iter().filter(|document| document.target.subscription() == &claims.subscription);
        let held: Vec<_> = own.filter(|document| refused_at(claims, &document.target) == Some(key)).collect();
        held.iter().find(|document| chosen.has_target(&document.target, reason))?;
        let by_one = held.iter().find(|document| document.target.hash().as_str() == key);
        let of_scope = ParkedItem { scope: key.clone(), ..nothing(ParkedWhat::Scope) };
        Some(ParkedItem {
            reason: reason.to_owned(),
            words: park.words.clone(),
            hint: park.reason.hint().to_owned(),
            since: park.parked_since,
            until: park.next_try,
            holds: held.iter().map(|document| waiting(document)).sum(),
            ..by_one.map_or(of_scope, |document| item(ParkedWhat::Scope, document))
        })
    })
}

fn of_stopped(record: &StoppedTarget, targets: &[TargetDocument]) -> ParkedItem {
    let document = targets.iter().find(|document| document.target == record.target);
    ParkedItem {
        reason: STOPPED.to_owned(),
        words: record.reason.clone(),
        hint: "The worker died of this target, or its looks at it never end: report the log of the target, then try it again.".to_owned(),
        since: Some(record.since),
        until: record.until,
        holds: document.map_or(0, waiting),
        owner: document.and_then(owner),
        ..item_of(ParkedWhat::Stopped, &record.target)
    }
}

fn item(what: ParkedWhat, document: &TargetDocument) -> ParkedItem {
    ParkedItem { owner: owner(document), ..item_of(what, &document.target) }
}

fn owner(document: &TargetDocument) -> Option<String> {
    document.owner.as_ref().map(ToString::to_string)
}

fn item_of(what: ParkedWhat, target: &Target) -> ParkedItem {
    ParkedItem {
        target: Some(target.hash().to_string()),
        scope: target.scope.to_string(),
        assignment: Some(target.policy_assignment_id.to_string()),
        reference: target.policy_definition_reference_id.as_ref().map(ToString::to_string),
        ..nothing(what)
    }
}

fn nothing(what: ParkedWhat) -> ParkedItem {
    ParkedItem {
        what,
        reason: String::new(),
        class: None,
        words: String::new(),
        hint: String::new(),
        since: None,
        until: Timestamp::UNIX_EPOCH,
        target: None,
        scope: String::new(),
        assignment: None,
        owner: None,
        reference: None,
        resource: None,
        holds: 0,
    }
}

/// What waits in the target, listed or not.
fn waiting(document: &TargetDocument) -> u64 {
    let listed = document.resources.values().filter(|entry| matches!(entry.state, EntryState::Waiting { .. })).count();
    listed as u64 + document.unlisted.as_ref().map_or(0, |unlisted| unlisted.seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ParkReason, TargetCause, TargetPark};
    use crate::fixture::{now, resource, target, tuning, waiting};
    use crate::transition::park_target::park_target;
    use crate::transition::states::park;
    use std::time::Duration;

    fn refusal() -> ScopePark {
        ScopePark {
            reason: ParkReason::SubscriptionDisabled,
            words: "ReadOnlyDisabledSubscription".to_owned(),
            call: "listTasks".to_owned(),
            by: target().hash(),
            since: now(),
            tries: 9,
            next_try: now() + Duration::from_secs(600),
            parked_since: Some(now()),
        }
    }

    #[test]
    fn each_cause_is_one_item_and_what_holds_most_comes_first() {
        let mut document = waiting(3);
        document.owner = Some("team-x".into());
        document.resources.get_mut(&resource(2)).unwrap().state =
            park(ParkReason::Locked, None, "a lock".to_owned(), &tuning(), now());
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: "none".to_owned(), hint: None };
        park_target(&mut document, &cause, &tuning(), now());
        let stop = StoppedTarget::new(target(), "twice".to_owned(), 2, now(), now() + Duration::from_secs(60));
        let list = |chosen: &Chosen, now| {
            parked_items(std::slice::from_ref(&document), &[], std::slice::from_ref(&stop), chosen, now)
        };
        let all = list(&Chosen::default(), now());
        let told: Vec<_> = all.iter().map(|item| (item.what, item.reason.as_str(), item.holds)).collect();
        assert_eq!(
            told,
            [
                (ParkedWhat::Stopped, "stopped", 2),
                (ParkedWhat::Target, "noIdentity", 2),
                (ParkedWhat::Resource, "locked", 1),
            ]
        );
        assert!(all.iter().all(|item| item.owner.as_deref() == Some("team-x")), "{all:?}");
        assert_eq!((all[2].name(), all[1].name()), (resource(2).as_str(), target().hash().as_str()));
        let only = Chosen { reasons: vec!["locked".to_owned()], ..Chosen::default() };
        assert_eq!(list(&only, now()).len(), 1);
        assert_eq!(list(&Chosen::default(), now() + Duration::from_secs(61)).len(), 2, "a stop that is over is none");
    }

    #[test]
    fn what_is_refused_is_told_once_for_all_that_it_holds() {
        let mut document = waiting(3);
        document.parked = Some(TargetPark {
            reason: ParkReason::SubscriptionDisabled,
            class: None,
            words: String::new(),
            hint: String::new(),
            since: now(),
            until: now(),
            shared: false,
            check_at: None,
        });
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        claims.parks.insert(target().scope.to_string(), refusal());
        let list = |claims: &SubscriptionDocument, chosen: &Chosen| {
            parked_items(std::slice::from_ref(&document), std::slice::from_ref(claims), &[], chosen, now())
        };
        let items = list(&claims, &Chosen::default());
        assert_eq!(items.len(), 1, "{items:?}");
        assert_eq!((items[0].what, items[0].holds, items[0].target.as_ref()), (ParkedWhat::Scope, 3, None));
        let other = Chosen { reasons: vec!["locked".to_owned()], ..Chosen::default() };
        assert!(list(&claims, &other).is_empty());
        // One that has not lasted is no park.
        claims.parks.values_mut().for_each(|park| park.parked_since = None);
        assert!(list(&claims, &Chosen::default()).is_empty());
    }
}
