//! What a person says of parked resources and targets: try them again now, or forget them. Pure, over one document; which ones are
//! meant is a value, so that a list, a retry and a clearing with the same words mean the same.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use crate::document::{EntryState, ParkReason, SubscriptionDocument, TargetDocument, TargetPark};
use crate::id::{ResourceId, Target, TargetHash};
use crate::settings::AssignmentPatterns;
use crate::time::Timestamp;

use super::refusals::holding;
use super::schedule::schedule;

/// The word for a target that is stopped because the worker died of it, beside those of parks.
pub const STOPPED: &str = "stopped";

/// Which parked items are meant: all of those that every list with something in it names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chosen {
    /// Words of reasons.
    pub reasons: Vec<String>,
    /// Subscriptions, resource groups and resources, with all that they hold.
    pub scopes: Vec<ResourceId>,
    /// Patterns of assignments.
    pub assignments: AssignmentPatterns,
    /// Targets, by hash.
    pub targets: Vec<TargetHash>,
    /// Resources.
    pub resources: Vec<ResourceId>,
}

impl Chosen {
    /// Whether it is a word for why something is parked.
    ///
    /// # Errors
    /// Which words there are.
    pub fn reason(word: &str) -> Result<String, String> {
        let known: Result<ParkReason, Error> = ParkReason::deserialize(word.into_deserializer());
        match known {
            Ok(reason) => Ok(reason.as_str().to_owned()),
            Err(_) if word == STOPPED => Ok(STOPPED.to_owned()),
            Err(words) => Err(format!("{words}, `{STOPPED}`")),
        }
    }

    /// Whether everything is meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a resource that is parked by itself for this reason is meant.
    #[must_use]
    pub fn has_resource(&self, target: &Target, resource: &ResourceId, reason: &str) -> bool {
        let within = |scope: &ResourceId| resource.is_within(scope.as_str());
        let by_name = self.resources.contains(resource) || self.targets.contains(&target.hash());
        self.is_of(target, reason)
            && (self.scopes.is_empty() || self.scopes.iter().any(within))
            && (by_name || self.names_nothing())
    }

    /// Whether the target, which is parked or stopped as a whole for this reason, is meant.
    #[must_use]
    pub fn has_target(&self, target: &Target, reason: &str) -> bool {
        let own = target.scope.as_str();
        let within = |scope: &ResourceId| {
            own.strip_prefix(scope.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.is_of(target, reason)
            && (self.scopes.is_empty() || self.scopes.iter().any(within))
            && (self.targets.contains(&target.hash()) || self.names_nothing())
    }

    fn is_of(&self, target: &Target, reason: &str) -> bool {
        (self.reasons.is_empty() || self.reasons.iter().any(|word| word == reason))
            && (self.assignments.is_empty() || self.assignments.match_id(&target.policy_assignment_id))
    }

    fn names_nothing(&self) -> bool {
        self.targets.is_empty() && self.resources.is_empty()
    }
}

/// What was meant in a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// So many resources that were parked by themselves.
    pub resources: usize,
    /// Whether the park of the whole target.
    pub target: bool,
    /// So many resources that it held.
    pub held: usize,
}

impl Touched {
    /// Whether nothing was.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// Lets what is meant wait again, as if its park were over, and wakes the target. What Resource Manager refuses is tried again
/// by [`try_scopes_again`] instead: the target only shows it.
pub fn retry_parked(document: &mut TargetDocument, chosen: &Chosen, now: Timestamp) -> Touched {
    let mut touched = end_park(document, chosen);
    let target = document.target.clone();
    for (id, entry) in &mut document.resources {
        if is_chosen(chosen, &target, id, &entry.state) {
            entry.state = EntryState::Waiting { due: now };
            (entry.attempt, entry.waits, entry.last_failure) = (1, 0, None);
            touched.resources += 1;
        }
    }
    if !touched.is_nothing() {
        schedule(document, Some(now));
    }
    touched
}

/// Forgets what is meant: nothing is tried, and a newer evaluation begins anew. Of a target with a park, all that it holds.
pub fn forget_parked(document: &mut TargetDocument, chosen: &Chosen, now: Timestamp) -> Touched {
    let mut touched = end_park(document, chosen);
    if touched.target {
        let held = |state: &EntryState| matches!(state, EntryState::Waiting { .. });
        document.resources.retain(|_, entry| !held(&entry.state));
        document.unlisted = None;
    }
    let (target, before) = (document.target.clone(), document.resources.len());
    document.resources.retain(|id, entry| !is_chosen(chosen, &target, id, &entry.state));
    touched.resources = before - document.resources.len();
    if !touched.is_nothing() {
        // The pass that comes finds what is left, and plans for it.
        schedule(document, Some(now));
    }
    touched
}

fn end_park(document: &mut TargetDocument, chosen: &Chosen) -> Touched {
    let target = document.target.clone();
    let meant = |park: &TargetPark| !park.is_of_refusal() && chosen.has_target(&target, park.reason.as_str());
    if !document.parked.as_ref().is_some_and(meant) {
        return Touched::default();
    }
    let held = document.resources.values().filter(|entry| document.holds(entry)).count();
    (document.parked, document.granting) = (None, None);
    Touched { target: true, held, resources: 0 }
}

fn is_chosen(chosen: &Chosen, target: &Target, id: &ResourceId, state: &EntryState) -> bool {
    match state {
        EntryState::Parked { reason, .. } => chosen.has_resource(target, id, reason.as_str()),
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Fixed { .. } | EntryState::Skipped { .. } => {
            false
        }
    }
}

/// Lets what Resource Manager refuses at these scopes be tried again by whoever wakes first. How many there are.
pub fn try_scopes_again(claims: &mut SubscriptionDocument, keys: &[String], now: Timestamp) -> usize {
    let meant = claims.parks.iter_mut().filter(|(key, _)| keys.contains(key));
    meant.map(|(_, park)| park.next_try = park.next_try.min(now)).count()
}

/// The key of the refusal that holds the target, where there is one that has lasted.
#[must_use]
pub fn refused_at<'a>(claims: &'a SubscriptionDocument, target: &Target) -> Option<&'a str> {
    let (key, park) = holding(claims, target, &target.hash())?;
    park.parked_since.is_some().then_some(key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::TargetCause;
    use crate::fixture::{SUB, now, resource, target, tuning, waiting};
    use crate::transition::park_target::park_target;
    use crate::transition::states::park;
    use std::time::Duration;

    /// Two that wait, and two that are parked for different reasons.
    fn document() -> TargetDocument {
        let mut document = waiting(4);
        for (n, reason) in [(2, ParkReason::PermanentFailure), (3, ParkReason::Locked)] {
            let entry = document.resources.get_mut(&resource(n)).unwrap();
            (entry.attempt, entry.state) = (5, park(reason, None, "words".to_owned(), &tuning(), now()));
        }
        document
    }

    fn by(change: impl FnOnce(&mut Chosen)) -> Chosen {
        let mut chosen = Chosen::default();
        change(&mut chosen);
        chosen
    }

    #[test]
    fn what_is_meant_is_what_all_words_name() {
        let patterns = |text: &str| AssignmentPatterns::of(vec![text.to_owned()]).unwrap();
        let scope = |text: &str| vec![format!("{SUB}{text}").parse::<ResourceId>().unwrap()];
        for (chosen, count) in [
            (Chosen::default(), 2),
            (by(|c| c.reasons = vec!["locked".to_owned()]), 1),
            (by(|c| c.reasons = vec!["flapping".to_owned()]), 0),
            (by(|c| c.scopes = scope("/resourceGroups/RG")), 2),
            (by(|c| c.scopes = scope("")), 2),
            (by(|c| c.scopes = scope("/resourceGroups/r")), 0),
            (by(|c| c.assignments = patterns("A")), 2),
            (by(|c| c.assignments = patterns("b*")), 0),
            (by(|c| c.targets = vec![target().hash()]), 2),
            (by(|c| c.resources = vec![resource(3)]), 1),
            (by(|c| c.resources = vec![resource(1)]), 0),
            (by(|c| (c.resources, c.reasons) = (vec![resource(3)], vec!["permanentFailure".to_owned()])), 0),
        ] {
            let mut retried = document();
            assert_eq!(retry_parked(&mut retried, &chosen, now()).resources, count, "{chosen:?}");
            let mut forgotten = document();
            assert_eq!(forget_parked(&mut forgotten, &chosen, now()).resources, count);
            assert_eq!(forgotten.resources.len(), 4 - count);
            assert_eq!(retried.generation > document().generation, count > 0, "woken only for something");
        }
    }

    #[test]
    fn what_is_tried_again_begins_anew_and_is_woken_now() {
        let mut document = document();
        retry_parked(&mut document, &Chosen::default(), now());
        assert!(document.resources.values().all(|e| e.attempt == 1 && matches!(e.state, EntryState::Waiting { .. })));
        assert_eq!((document.wake_at, document.nonce.as_ref()), (Some(now()), None));
        let again = document.clone();
        assert!(retry_parked(&mut document, &Chosen::default(), now()).is_nothing());
        assert_eq!(document, again);
    }

    #[test]
    fn a_parked_target_lets_go_what_it_holds_or_forgets_it() {
        let cause = |reason| TargetCause { reason, class: None, words: "words".to_owned(), hint: None };
        let mut parked = document();
        park_target(&mut parked, &cause(ParkReason::NoIdentity), &tuning(), now());
        let only = by(|c| c.reasons = vec!["noIdentity".to_owned()]);
        let mut retried = parked.clone();
        let touched = retry_parked(&mut retried, &only, now());
        assert_eq!(
            (touched, retried.parked, retried.resources.len()),
            (Touched { resources: 0, target: true, held: 2 }, None, 4)
        );
        let mut forgotten = parked.clone();
        assert_eq!(forget_parked(&mut forgotten, &only, now()), touched);
        assert_eq!(forgotten.resources.len(), 2, "those that are parked by themselves stay");
        let mut refused = document();
        park_target(&mut refused, &cause(ParkReason::SubscriptionGone), &tuning(), now());
        assert!(!retry_parked(&mut refused, &Chosen::default(), now()).target, "the subscription tells of that");
    }

    #[test]
    fn a_refusal_is_tried_again_where_it_stands() {
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        let key = target().scope.to_string();
        let park = crate::document::ScopePark {
            reason: ParkReason::WorkerLacksPermission,
            words: "words".to_owned(),
            call: "listTasks".to_owned(),
            by: target().hash(),
            since: now(),
            tries: 9,
            next_try: now() + Duration::from_secs(80_000),
            parked_since: Some(now()),
        };
        claims.parks.insert(key.clone(), park);
        assert_eq!(refused_at(&claims, &target()), Some(key.as_str()));
        assert_eq!(try_scopes_again(&mut claims, &["another".to_owned()], now()), 0);
        assert_eq!(try_scopes_again(&mut claims, std::slice::from_ref(&key), now()), 1);
        assert_eq!(claims.parks[&key].next_try, now());
    }

    #[test]
    fn a_reason_is_one_of_the_words_or_all_of_them_are_told() {
        assert_eq!(Chosen::reason("flapping").as_deref(), Ok("flapping"));
        assert_eq!(Chosen::reason(STOPPED).as_deref(), Ok(STOPPED));
        let words = Chosen::reason("flaping").unwrap_err();
        assert!(words.contains("`flapping`") && words.contains(STOPPED), "{words}");
    }
}
