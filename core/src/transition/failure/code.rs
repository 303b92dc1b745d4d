//! What a code means: by the table, by what it sounds like, and where it stands within the words.

use crate::document::FailureClass;
use crate::id::fold;

use super::known::CODES;

/// Signs between "code" and a code.
const SIGNS: [char; 8] = [':', '=', '\'', '"', '>', '(', '[', '\\'];
/// Places in the words that are looked at.
const MOST: usize = 16;

/// What a code sounds like that stands in no table, as the service spells it. Each service has its own prefixes.
pub(super) fn of_shape(spelled: &str) -> Option<FailureClass> {
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
        () if code.contains("concurren") || ends(&["requestconflict", "operationconflict", "updateconflict"]) => {
            Some(FailureClass::Conflict)
        }
        () if ends(&["quotaexceeded", "quotalimitexceeded", "allocationfailed"]) => {
            Some(FailureClass::WaitsForResource)
        }
        () if ends(&["alreadyexists", "alreadyinuse", "alreadytaken", "alreadyused", "alreadylinked"]) => {
            Some(FailureClass::PermanentConflict)
        }
        () if code.contains("disallowedbypolicy") => Some(FailureClass::Disallowed),
        () if code == "unavailable" || ends(&["timeout", "timedout", "busy"]) => Some(FailureClass::Transient),
        // A size or a region that is unavailable stays so.
        () if ends(&["serviceunavailable", "temporarilyunavailable", "serverunavailable", "gatewayunavailable"]) => {
            Some(FailureClass::Transient)
        }
        () if code == "servererror" || code.contains("internal") && code.ends_with("error") => {
            Some(FailureClass::Transient)
        }
        () if ends(&["authorizationfailed", "accessdenied", "permissiondenied", "insufficientpermissions"]) => {
            Some(FailureClass::Permission)
        }
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

/// The code that the words tell beside others, as "(Code: ScopeLocked)", "ErrorCode: X" or `<Code>X</Code>`: the last that is known, for it
/// is the innermost.
pub(super) fn told(spelled: &str) -> Option<FailureClass> {
    let lower = spelled.to_ascii_lowercase();
    let codes = lower.match_indices("code").take(MOST).filter_map(|(at, word)| {
        let rest = &spelled[at + word.len()..];
        let code = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || SIGNS.contains(&c));
        let end = code.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(code.len());
        Some(&code[..end]).filter(|_| code.len() < rest.len())
    });
    codes.filter_map(|code| of_code(&fold(code)).or_else(|| of_shape(code))).last()
}

/// What the table of codes says.
pub(super) fn of_code(code: &str) -> Option<FailureClass> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class)
}
