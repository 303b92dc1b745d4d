//! What a status means, by its name or its number, where a code should stand or within a sentence.

use crate::document::FailureClass;

/// Words that stand between "status code" and the status.
const BETWEEN: [&str; 11] =
    ["does", "not", "indicate", "success", "is", "was", "of", "http", "code", "status", "error"];
/// Words that a status stands behind. The last are of a status in quotes, and of one in a line of its own.
const PLACES: [&str; 5] = ["status code", "statuscode", "http ", "status: '", "status: "];
/// Words that the name of a status has at the most.
const STATUS_WORDS: usize = 4;

/// What a status says that stands in a sentence, as in that of a modify: "The 'PATCH' request failed with status code: 'Conflict'".
/// Folded; its name may be of several words, and one of `BETWEEN` may begin it ("Not Found").
pub(super) fn of_sentence(message: &str) -> Option<FailureClass> {
    let places = PLACES.into_iter().flat_map(|words| message.split(words).skip(1));
    places.take(16).find_map(|rest| {
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
pub(super) fn is_forbidden_modify(message: &str) -> bool {
    message.split_once("failed with status code: ").is_some_and(|(_, rest)| {
        let status = rest.trim_start_matches(['\'', '"']).split(['\'', '"', '.', ',', ' ']).next();
        status.is_some_and(is_forbidden)
    })
}

pub(super) fn is_forbidden(status: &str) -> bool {
    matches!(status, "forbidden" | "403")
}

/// What a status says that stands where a code should, or in a sentence: by its name or its number, folded.
pub(super) fn of_status(status: &str) -> Option<FailureClass> {
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
