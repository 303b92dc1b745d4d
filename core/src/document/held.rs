//! What holds a target until its next wake-up, so that `sweep` finds in a listing who is held by something that is no more.

use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;

use serde::{Deserialize, Serialize};

use crate::id::hex;
use crate::time::{Timestamp, parse_time};

/// Begins the text of what awaits an approval.
const APPROVAL: &str = "approval";
/// Stands where none names the target.
const NONE: &str = "none";

/// What holds a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Held {
    /// The settings of this digest, together with what the assignment says of itself, where that narrows them.
    Settings(String, Option<Said>),
    /// That nobody has approved more of it.
    Approval {
        /// The short digest of the name under which the assignment's approvals are counted.
        name: String,
        /// When the newest was given of those that name the target.
        newest: Option<Timestamp>,
    },
}

/// What an assignment said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The short digest of the assignment's id.
    pub assignment: String,
    /// The short digest of what it said.
    pub digest: String,
}

/// A short name for a text, in letters that metadata can hold.
#[must_use]
pub(crate) fn short_digest(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}

impl From<String> for Held {
    /// What is not understood holds by settings that are none of today's: whoever is held by it asks again.
    fn from(text: String) -> Self {
        let parts: Vec<_> = text.split(' ').collect();
        match parts.as_slice() {
            [APPROVAL, name, newest] => Self::Approval { name: (*name).to_owned(), newest: parse_time(newest) },
            [settings, assignment, digest] => {
                let said = Said { assignment: (*assignment).to_owned(), digest: (*digest).to_owned() };
                Self::Settings((*settings).to_owned(), Some(said))
            }
            _ => Self::Settings(text, None),
        }
    }
}

impl From<Held> for String {
    fn from(held: Held) -> Self {
        let time = |at: Timestamp| at.format(&Rfc3339).unwrap_or_else(|_| NONE.to_owned());
        match held {
            Held::Settings(digest, None) => digest,
            Held::Settings(settings, Some(Said { assignment, digest })) => format!("{settings} {assignment} {digest}"),
            Held::Approval { name, newest } => {
                format!("{APPROVAL} {name} {}", newest.map_or_else(|| NONE.to_owned(), time))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::now;

    #[test]
    fn it_is_read_as_it_was_written_and_what_is_not_understood_is_of_other_settings() {
        let said = Said { assignment: short_digest("ä"), digest: short_digest("b") };
        for held in [
            Held::Settings(short_digest("c"), None),
            Held::Settings(short_digest("c"), Some(said)),
            Held::Approval { name: short_digest("tag"), newest: None },
            Held::Approval { name: short_digest("tag"), newest: Some(now() + std::time::Duration::from_nanos(1)) },
        ] {
            let text = String::from(held.clone());
            assert!(text.is_ascii() && text.len() < 100, "{text}");
            assert_eq!(Held::from(text), held);
        }
        for odd in ["", "approval", "a b", "a b c d", "approval x y z"] {
            assert!(matches!(Held::from(odd.to_owned()), Held::Settings(_, None)), "{odd}");
        }
    }
}
