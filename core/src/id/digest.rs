//! An id in eight letters, for where very many ids would travel and only sameness is asked for.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::resource::ResourceId;
use super::scope::Scope;

/// 48 bits of SHA-256 over a folded id, as eight letters of base64 for URLs. That two of 40,000 ids fall together with one of a
/// hundred others has a chance of 1 in 70 million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdDigest([u8; 6]);

impl IdDigest {
    fn of(folded: &str) -> Self {
        let digest = Sha256::digest(folded);
        let mut first = [0; 6];
        first.copy_from_slice(&digest[..6]);
        Self(first)
    }
}

impl From<&ResourceId> for IdDigest {
    fn from(id: &ResourceId) -> Self {
        Self::of(id.as_str())
    }
}

impl From<&Scope> for IdDigest {
    fn from(scope: &Scope) -> Self {
        Self::of(scope.as_str())
    }
}

impl fmt::Display for IdDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl From<IdDigest> for String {
    fn from(digest: IdDigest) -> Self {
        digest.to_string()
    }
}

/// The text is no digest of an id.
#[derive(Debug, thiserror::Error)]
#[error("not the digest of an id: 8 letters of base64 for URLs")]
pub struct NoIdDigest;

impl FromStr for IdDigest {
    type Err = NoIdDigest;

    fn from_str(text: &str) -> Result<Self, NoIdDigest> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoIdDigest)?;
        bytes.try_into().map(Self).map_err(|_| NoIdDigest)
    }
}

impl TryFrom<String> for IdDigest {
    type Error = NoIdDigest;

    fn try_from(text: String) -> Result<Self, NoIdDigest> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_digest_however_it_is_spelt_and_it_survives_being_written() {
        let digest = |text: &str| IdDigest::from(&text.parse::<ResourceId>().unwrap());
        let group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/Rg";
        let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/a");
        assert_eq!(digest(&account), digest(&account.to_uppercase()));
        assert_ne!(digest(&account), digest(group));
        assert_eq!(digest(group), IdDigest::from(&group.parse::<Scope>().unwrap()));
        let text = String::from(digest(&account));
        assert_eq!((text.len(), text.parse::<IdDigest>().ok()), (8, Some(digest(&account))));
        assert!(
            ["", "abcdefg", "abcdefghi", "/subscri", "a b c d "].iter().all(|bad| bad.parse::<IdDigest>().is_err())
        );
    }
}
