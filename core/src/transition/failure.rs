//! What a failure means for the next attempt: one table over the service's code and words.
//!
//! | class | recognised by | what follows |
//! |---|---|---|
//! | throttled | 429 codes | waits, next attempt |
//! | transient | 5xx codes, time-outs, an identity that is not replicated yet | backs off, next attempt |
//! | conflict | another operation holds the resource | backs off, next attempt |
//! | stale | "no policy evaluation result was found", or a task that succeeded without any deployment | another attempt once an evaluation newer than the failure is known; said a third time in a row: parked; nothing deployed again: an attempt is used up |
//! | gone | the resource itself, or what holds it, is not there any more | skipped |
//! | permission | the identity lacks a role | parked; the whole target when no deployment of it works |
//! | denied, locked, disallowed | a deny assignment, a lock, another policy stands against it | the resource is parked, with a hint of its own |
//! | subscription | a resource provider is not registered, the subscription is disabled or read-only | the target is parked, without an attempt, where nothing of it works |
//! | permanentConflict | something else has what would be taken, and keeps it; a network refuses | the resource is parked at the first |
//! | waitsForResource | a machine, cluster or agent rests, a quota is full | tried again after `RESOURCE_WAIT`, doubled up to 7 days; no attempt is used, told from the third time on |
//! | permanent | everything else | parked, with the service's own words |
//!
//! Sources of the texts: the recorded answers in `tests/fixtures`, and Microsoft documentation
//! ("Troubleshoot common Azure deployment errors").

mod code;
mod known;
mod status;
mod stays;
mod waits;

use crate::document::{FailureClass, ParkReason};
use crate::fact::subscription_cause;
use crate::id::{ResourceId, fold};

use super::missing::is_own_end;
use code::{of_code, of_shape, told};
use known::{ANOTHERS, CAUSES, PASSES, WORDS};
use status::{is_forbidden, is_forbidden_modify, of_sentence, of_status};
use stays::stays;
use waits::{is_busy, is_full, names_values, rests};

/// The class of an error that a deployment to `resource` ended with.
pub(crate) fn classify(code: &str, message: &str, resource: &ResourceId) -> FailureClass {
    // Folded, as ids are: the error may name one.
    let (spelled, words, code, message) = (code, message, fold(code), fold(message));
    match look_up(spelled, &code, &message, words) {
        // Something that the template refers to may be what was not found: that is not the resource's own end.
        FailureClass::Gone if !is_own_end(&code, &message, resource) => FailureClass::Permanent,
        // What the template refers to lies in a subscription that is disabled, or has not the provider.
        FailureClass::Subscription if names_another(&message, resource) => FailureClass::Permanent,
        class => class,
    }
}

/// Whether the folded words name a subscription, by an id soon behind the word, and not that of the resource.
fn names_another(message: &str, resource: &ResourceId) -> bool {
    /// As in "Subscription with ID '…'" and "/subscriptions/…".
    const SOON: usize = 5;
    let named: Vec<&str> = message
        .split("subscription")
        .skip(1)
        .filter_map(|rest| {
            let words = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| !word.is_empty());
            words.take(SOON).find(|word| uuid::Uuid::try_parse(word).is_ok())
        })
        .collect();
    !named.is_empty() && !named.contains(&resource.subscription().as_str())
}

/// Whether the error says that the assignment's identity lacks a role, whatever the resource. A status 401, a 403 in any other sentence
/// than that of a modify, a code within the words, and words that are said of other identities, too, may be another's answer: they count
/// for the resource alone.
pub(crate) fn is_permission(code: &str, message: &str) -> bool {
    let (spelled, words, code, message) = (code, message, fold(code), fold(message));
    look_up(spelled, &code, &message, words) == FailureClass::Permission
        && (is_forbidden(&code)
            || is_forbidden_modify(&message)
            || of_code(&code).is_some()
            || among(WORDS, &message).is_some()
            || code.ends_with("authorizationfailed"))
}

/// What the tables say, and where they are silent a status, the sound of the code, or words that services say of all kinds of things.
fn look_up(spelled: &str, code: &str, message: &str, words: &str) -> FailureClass {
    let soft = || among(PASSES, message).filter(|_| !code.starts_with("invalid"));
    of_tables(spelled, code, message)
        .or_else(|| told(words))
        .or_else(|| of_statuses(code, message))
        .or_else(|| of_shape(spelled))
        .or_else(soft)
        .unwrap_or(FailureClass::Permanent)
}

fn among(table: &[(&str, FailureClass)], message: &str) -> Option<FailureClass> {
    table.iter().find(|(words, _)| message.contains(words)).map(|(_, class)| *class)
}

/// What the tables say; code and message folded.
fn of_tables(spelled: &str, code: &str, message: &str) -> Option<FailureClass> {
    let waits = || {
        let passes = |class| matches!(class, FailureClass::Throttled | FailureClass::Transient);
        let soon = of_shape(spelled).is_some_and(passes)
            || of_status(code).is_some_and(passes)
            || of_sentence(message).is_some_and(passes);
        // A value that is not valid may be called what a machine is called that rests.
        let is_value = code.starts_with("invalid") || names_values(message);
        let waits = (rests(message) && !is_value && !is_busy(message)) || is_full(message);
        (waits && !soon).then_some(FailureClass::WaitsForResource)
    };
    let of_subscription = || subscription_cause(code, message).map(|_| FailureClass::Subscription);
    among(CAUSES, message)
        .or_else(|| of_code(code))
        .or_else(of_subscription)
        .or_else(waits)
        .or_else(|| among(WORDS, message))
        .or_else(|| among(ANOTHERS, message).map(|class| unless_network(class, message)))
}

/// What a status says, in a sentence or where the code should stand, and what the words make of it.
fn of_statuses(code: &str, message: &str) -> Option<FailureClass> {
    let class = of_sentence(message).or_else(|| of_status(code))?;
    Some(match unless_network(class, message) {
        FailureClass::Conflict if stays(message) => FailureClass::PermanentConflict,
        class => class,
    })
}

/// Words of a bare 401 or 403 that speak of the network: no role helps.
const NETWORK: [&str; 8] = [
    "firewall rule",
    "firewall setting",
    "by firewall",
    "by the firewall",
    "by its firewall",
    "virtual network rule",
    "network access policy",
    "network security perimeter",
];

/// What a bare status means where the words may tell that the network refused.
fn unless_network(class: FailureClass, message: &str) -> FailureClass {
    let is_address = || {
        message.contains("not allowed") && ["ip address", "client ip", "with ip"].iter().any(|ip| message.contains(ip))
    };
    match class {
        FailureClass::Permission if NETWORK.iter().any(|words| message.contains(words)) || is_address() => {
            FailureClass::PermanentConflict
        }
        class => class,
    }
}

/// Whether another attempt can help, and if not, as what the resource is parked.
pub(crate) fn action(class: FailureClass) -> Action {
    match class {
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Conflict => Action::Retry,
        FailureClass::Gone => Action::Skip,
        FailureClass::Stale => Action::AfterEvaluation,
        FailureClass::Permission => Action::Park(ParkReason::MissingPermission),
        FailureClass::Denied => Action::Park(ParkReason::DenyAssignment),
        FailureClass::Locked => Action::Park(ParkReason::Locked),
        FailureClass::Disallowed => Action::Park(ParkReason::DisallowedByPolicy),
        FailureClass::PermanentConflict => Action::Park(ParkReason::PermanentConflict),
        FailureClass::WaitsForResource => Action::WaitForResource,
        FailureClass::Subscription => Action::OfSubscription,
        FailureClass::Permanent => Action::Park(ParkReason::PermanentFailure),
    }
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Wait and try again.
    Retry,
    /// Try again once it has been evaluated.
    AfterEvaluation,
    /// Nothing is left to remediate.
    Skip,
    /// Try again after `RESOURCE_WAIT`, without using up an attempt.
    WaitForResource,
    /// Give up until a person looks, for the cause in the subscription that the words name.
    OfSubscription,
    /// Give up until a person looks.
    Park(ParkReason),
}

#[cfg(test)]
mod tests;
