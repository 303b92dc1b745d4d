//! What an approval is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const LONGEST_ID: usize = 64;

/// The name of an approval: letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovalId(String);

/// A text that names no approval, assignment or plan.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoApproval(pub(super) &'static str);

impl FromStr for ApprovalId {
    type Err = NoApproval;

    fn from_str(text: &str) -> Result<Self, NoApproval> {
        let is_good = |letter: char| letter.is_ascii_digit() || letter.is_ascii_lowercase();
        let is_one = !text.is_empty() && text.len() <= LONGEST_ID && text.chars().all(is_good);
        is_one.then(|| Self(text.to_owned())).ok_or(NoApproval("not the id of an approval: small letters and digits"))
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ApprovalId> for String {
    fn from(id: ApprovalId) -> Self {
        id.0
    }
}

impl TryFrom<String> for ApprovalId {
    type Error = NoApproval;

    fn try_from(text: String) -> Result<Self, NoApproval> {
        text.parse()
    }
}
