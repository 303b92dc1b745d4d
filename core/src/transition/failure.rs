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
//! | permanentConflict | something else has what would be taken, and keeps it | the resource is parked at the first |
//! | waitsForResource | a machine does not run, a quota of deployments is full | tried again after `RESOURCE_WAIT`, doubled up to 7 days; no attempt is used, told from the third time on |
//! | permanent | everything else | parked, with the service's own words |
//!
//! Sources of the texts: the recorded answers in `tests/fixtures`, and Microsoft documentation
//! ("Troubleshoot common Azure deployment errors").

use crate::document::{FailureClass, ParkReason};
use crate::id::{ResourceId, fold};

use super::missing::is_own_end;

/// Recognised by its code, in lower case.
const CODES: &[(&str, FailureClass)] = &[
    ("toomanyrequests", FailureClass::Throttled),
    ("resourcerequeststhrottled", FailureClass::Throttled),
    ("subscriptionrequeststhrottled", FailureClass::Throttled),
    ("operationnotallowedduetothrottling", FailureClass::Throttled),
    ("retryableerror", FailureClass::Transient),
    ("internalservererror", FailureClass::Transient),
    ("internalexecutionerror", FailureClass::Transient),
    ("internaloperationerror", FailureClass::Transient),
    ("serviceunavailable", FailureClass::Transient),
    ("serverbusy", FailureClass::Transient),
    ("gatewaytimeout", FailureClass::Transient),
    ("badgateway", FailureClass::Transient),
    ("requesttimeout", FailureClass::Transient),
    ("operationtimedout", FailureClass::Transient),
    ("principalnotfound", FailureClass::Transient),
    ("deploymentfailedcleanup", FailureClass::Transient),
    ("ratelimiting", FailureClass::Throttled),
    ("ratelimitexceeded", FailureClass::Throttled),
    ("storageaccountoperationinprogress", FailureClass::Conflict),
    ("referencedresourcenotprovisioned", FailureClass::Conflict),
    ("scopelocked", FailureClass::Locked),
    ("forbiddenbyfirewall", FailureClass::PermanentConflict),
    ("denyassignmentauthorizationfailed", FailureClass::Denied),
    ("requestdisallowedbypolicy", FailureClass::Disallowed),
    ("deploymentquotaexceeded", FailureClass::WaitsForResource),
    ("forbiddenbyconnection", FailureClass::PermanentConflict),
    ("forbiddenbyrbac", FailureClass::Permission),
    ("authorizationpermissionmismatch", FailureClass::Permission),
    ("vmagentstatuscommunicationerror", FailureClass::WaitsForResource),
    ("conflicterror", FailureClass::Conflict),
    ("anotheroperationinprogress", FailureClass::Conflict),
    ("conflictingoperation", FailureClass::Conflict),
    ("operationpreempted", FailureClass::Conflict),
    ("canceledandsupersededduetoanotheroperation", FailureClass::Conflict),
    ("retryableerrorduetoanotheroperation", FailureClass::Conflict),
    ("deploymentactive", FailureClass::Conflict),
    ("resourcebeingdeleted", FailureClass::Conflict),
    ("resourcegroupbeingdeleted", FailureClass::Conflict),
    ("preconditionfailed", FailureClass::Conflict),
    ("remediatedresourcenotfound", FailureClass::Gone),
    ("resourcenotfound", FailureClass::Gone),
    ("resourcegroupnotfound", FailureClass::Gone),
    ("parentresourcenotfound", FailureClass::Gone),
    ("subscriptionnotfound", FailureClass::Gone),
    ("authorizationfailed", FailureClass::Permission),
    ("linkedauthorizationfailed", FailureClass::Permission),
];

/// Recognised by words in the message, in lower case, whatever the code: what stands behind it is not what the code makes one think.
const CAUSES: &[(&str, FailureClass)] = &[
    ("deny assignment", FailureClass::Denied),
    ("client address is not authorized", FailureClass::PermanentConflict),
    ("public network access is disabled", FailureClass::PermanentConflict),
    ("approved private link", FailureClass::PermanentConflict),
    ("ip address is not allowed", FailureClass::PermanentConflict),
    ("is not allowed to access the server", FailureClass::PermanentConflict),
    ("virtual network/firewall rules", FailureClass::PermanentConflict),
    ("by virtual network rules", FailureClass::PermanentConflict),
    ("by the virtual network rules", FailureClass::PermanentConflict),
    ("due to virtual network rules", FailureClass::PermanentConflict),
    ("scope(s) are locked", FailureClass::Locked),
    ("scope is locked", FailureClass::Locked),
    ("management lock", FailureClass::Locked),
    ("read-only lock", FailureClass::Locked),
    ("readonly lock", FailureClass::Locked),
    ("is already used in diagnostic setting", FailureClass::PermanentConflict),
    ("can't be reused in different settings", FailureClass::PermanentConflict),
    ("maximum number of diagnostic settings", FailureClass::PermanentConflict),
    ("diagnostic settings was reached", FailureClass::PermanentConflict),
    ("diagnostic settings is reached", FailureClass::PermanentConflict),
    ("vm is not running", FailureClass::WaitsForResource),
    ("virtual machine is not running", FailureClass::WaitsForResource),
    ("vm is deallocated", FailureClass::WaitsForResource),
    ("vm is stopped", FailureClass::WaitsForResource),
    ("virtual machine is stopped", FailureClass::WaitsForResource),
    ("virtual machine is deallocated", FailureClass::WaitsForResource),
    ("machine is not connected", FailureClass::WaitsForResource),
    ("machine is offline", FailureClass::WaitsForResource),
    ("machine is disconnected", FailureClass::WaitsForResource),
    ("agent is disconnected", FailureClass::WaitsForResource),
    ("has not reported status for vm agent", FailureClass::WaitsForResource),
    ("vm agent is not running", FailureClass::WaitsForResource),
    ("vm agent is not responding", FailureClass::WaitsForResource),
    ("guest agent is not ready", FailureClass::WaitsForResource),
    ("vm agent is not ready", FailureClass::WaitsForResource),
    ("vm agent is unable to communicate", FailureClass::WaitsForResource),
    ("vm agent not responding", FailureClass::WaitsForResource),
    ("would exceed the quota of '800'", FailureClass::WaitsForResource),
    ("aka.ms/800limitfix", FailureClass::WaitsForResource),
];

/// Recognised by words in the message, in lower case; asked when the code says nothing.
const WORDS: &[(&str, FailureClass)] = &[
    ("no policy evaluation result was found", FailureClass::Stale),
    ("does not have the necessary permissions", FailureClass::Permission),
    ("does not have authorization to perform action", FailureClass::Permission),
    ("does not have permission", FailureClass::Permission),
    ("doesn't have permission", FailureClass::Permission),
    ("does not have the required permission", FailureClass::Permission),
    ("is not authorized to perform action", FailureClass::Permission),
    ("insufficient privileges to complete", FailureClass::Permission),
    ("permission on key vault", FailureClass::Permission),
    ("disallowed by policy", FailureClass::Disallowed),
    ("disallowed by one or more policies", FailureClass::Disallowed),
    ("policy evaluation exceeded the maximum allowed time", FailureClass::Transient),
    ("could not be retrieved", FailureClass::Gone),
];

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

/// Words that stand between "status code" and the status.
const BETWEEN: [&str; 9] = ["does", "not", "indicate", "success", "is", "was", "of", "http", "code"];
/// Words that the name of a status has at the most.
const STATUS_WORDS: usize = 4;

/// What a status says that stands in a sentence, as in that of a modify: "The 'PATCH' request failed with status code: 'Conflict'".
/// Folded; its name may be of several words, and one of `BETWEEN` may begin it ("Not Found").
fn of_sentence(message: &str) -> Option<FailureClass> {
    let places = ["status code", "statuscode"].into_iter().flat_map(|words| message.split(words).skip(1));
    places.take(8).find_map(|rest| {
        let words = rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<_> = words.take(BETWEEN.len() + STATUS_WORDS).collect();
        let passed = words.iter().take_while(|word| BETWEEN.contains(word)).count();
        (0..=passed).find_map(|first| of_words(&words[first..]))
    })
}

/// The status that these words begin with. A number is one word; a name may be of several.
fn of_words(words: &[&str]) -> Option<FailureClass> {
    let is_name = |word: &&&str| !word.contains(|c: char| c.is_ascii_digit());
    let longest = words.iter().take(STATUS_WORDS).take_while(is_name).count().max(1).min(words.len());
    (1..=longest).find_map(|count| of_status(&words[..count].concat()))
}

/// Whether the sentence of a modify says that it is forbidden.
fn is_forbidden_modify(message: &str) -> bool {
    message.split_once("failed with status code: ").is_some_and(|(_, rest)| {
        let status = rest.trim_start_matches(['\'', '"']).split(['\'', '"', '.', ',', ' ']).next();
        status.is_some_and(is_forbidden)
    })
}

fn is_forbidden(status: &str) -> bool {
    matches!(status, "forbidden" | "403")
}

/// What a status says that stands where a code should, or in a sentence: by its name or its number, folded.
fn of_status(status: &str) -> Option<FailureClass> {
    Some(match status {
        "toomanyrequests" | "429" | "bandwidthlimitexceeded" | "509" => FailureClass::Throttled,
        "conflict" | "409" | "preconditionfailed" | "412" | "locked" | "423" => FailureClass::Conflict,
        "unauthorized" | "401" | "forbidden" | "403" => FailureClass::Permission,
        "notfound" | "404" | "gone" | "410" => FailureClass::Gone,
        "requesttimeout" | "408" | "faileddependency" | "424" | "tooearly" | "425" | "clientclosedrequest" | "499" => {
            FailureClass::Transient
        }
        // What is not implemented or not supported is not the next time either.
        "501" | "505" => return None,
        "internalservererror"
        | "badgateway"
        | "serviceunavailable"
        | "gatewaytimeout"
        | "variantalsonegotiates"
        | "insufficientstorage"
        | "loopdetected"
        | "notextended"
        | "networkauthenticationrequired" => FailureClass::Transient,
        number if number.len() == 3 && number.starts_with('5') && number.parse::<u16>().is_ok() => {
            FailureClass::Transient
        }
        _ => return None,
    })
}

/// What a code sounds like that stands in no table, as the service spells it. Each service has its own prefixes.
fn of_shape(spelled: &str) -> Option<FailureClass> {
    let code = &fold(spelled);
    let ends = |all: &[&str]| all.iter().any(|end| code.ends_with(end));
    match () {
        // A value that was given is wrong, whatever it is called.
        () if code.starts_with("invalid") => None,
        () if ["throttl", "toomanyrequests"].iter().any(|part| code.contains(part)) => Some(FailureClass::Throttled),
        () if has_words(spelled, "ratelimit") => Some(FailureClass::Throttled),
        () if ends(&["inprogress", "notprovisioned", "notready", "beingupdated", "beingdeleted"]) => {
            Some(FailureClass::Conflict)
        }
        () if code == "unavailable" || ends(&["timeout", "timedout", "busy"]) => Some(FailureClass::Transient),
        // A size or a region that is unavailable stays so.
        () if ends(&["serviceunavailable", "temporarilyunavailable", "serverunavailable", "gatewayunavailable"]) => {
            Some(FailureClass::Transient)
        }
        () if code.contains("internal") && code.ends_with("error") => Some(FailureClass::Transient),
        () if ends(&["authorizationfailed"]) => Some(FailureClass::Permission),
        () => None,
    }
}

/// Whether the folded `part` stands in the code from the beginning of a word on: of camel case, or behind another sign.
fn has_words(code: &str, part: &str) -> bool {
    let letters: Vec<char> = code.chars().collect();
    let begins = |at: usize| {
        let (before, next) = (at.checked_sub(1).map(|before| letters[before]), letters.get(at + 1));
        let is_upper = letters[at].is_ascii_uppercase();
        before.is_none_or(|before| {
            !before.is_ascii_alphanumeric()
                || is_upper && (!before.is_ascii_uppercase() || next.is_some_and(char::is_ascii_lowercase))
        })
    };
    let from = |at: usize| letters[at..].iter().filter(|c| c.is_ascii_alphanumeric()).collect::<String>();
    (0..letters.len()).any(|at| begins(at) && fold(&from(at)).starts_with(part))
}

/// The class of an error that a deployment to `resource` ended with.
pub(crate) fn classify(code: &str, message: &str, resource: &ResourceId) -> FailureClass {
    // Folded, as ids are: the error may name one.
    let (spelled, code, message) = (code, fold(code), fold(message));
    match look_up(spelled, &code, &message) {
        // Something that the template refers to may be what was not found: that is not the resource's own end.
        FailureClass::Gone if !is_own_end(&code, &message, resource) => FailureClass::Permanent,
        class => class,
    }
}

/// Whether the error says that the assignment's identity lacks a role, whatever the resource. A status 401, or a 403 in any other
/// sentence than that of a modify, may be another's answer: it counts for the resource alone.
pub(crate) fn is_permission(code: &str, message: &str) -> bool {
    let (spelled, code, message) = (code, fold(code), fold(message));
    look_up(spelled, &code, &message) == FailureClass::Permission
        && (is_forbidden(&code)
            || is_forbidden_modify(&message)
            || of_tables(&code, &message).or_else(|| of_shape(spelled)).is_some())
}

/// What the tables say, and where they are silent a status or the sound of the code.
fn look_up(spelled: &str, code: &str, message: &str) -> FailureClass {
    of_tables(code, message)
        .or_else(|| of_sentence(message).or_else(|| of_status(code)).map(|class| unless_network(class, message)))
        .or_else(|| of_shape(spelled))
        .unwrap_or(FailureClass::Permanent)
}

/// What the tables say; code and message folded.
fn of_tables(code: &str, message: &str) -> Option<FailureClass> {
    let of_code =
        |table: &[(&str, FailureClass)]| table.iter().find(|(known, _)| *known == code).map(|(_, class)| *class);
    let among = |table: &[(&str, FailureClass)]| {
        table.iter().find(|(words, _)| message.contains(words)).map(|(_, class)| *class)
    };
    among(CAUSES).or_else(|| of_code(CODES)).or_else(|| among(WORDS))
}

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
    /// Give up until a person looks.
    Park(ParkReason),
}

#[cfg(test)]
mod tests;
