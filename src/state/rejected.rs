//! An item that cannot be handled: kept in the container `rejected` with its reason, so that nothing is dropped in silence
//! and nothing loops.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::event::Timestamp;

/// Most of a payload that is kept, in bytes.
const PAYLOAD_LIMIT: usize = 8 * 1024;

/// A rejected item.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    version: u32,
    /// The function that rejected it.
    pub function: &'static str,
    /// Why, in words.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// The payload, cut at 8 KiB.
    pub payload: String,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
    #[serde(skip)]
    digest: String,
}

impl Rejected {
    /// Rejects a payload.
    #[must_use]
    pub fn new(function: &'static str, reason: String, payload: &str, at: Timestamp) -> Self {
        let digest = digest(payload);
        let cut = (0..=PAYLOAD_LIMIT.min(payload.len())).rev().find(|at| payload.is_char_boundary(*at)).unwrap_or(0);
        Self {
            version: 1,
            function,
            reason,
            at,
            payload: payload[..cut].to_owned(),
            payload_bytes: payload.len(),
            digest,
        }
    }

    /// The blob's name: the same for the same payload, so that a redelivery rejects it once.
    #[must_use]
    pub fn blob(&self) -> String {
        format!("{}/{}.json", self.function, self.digest)
    }
}

/// 128 bits of SHA-256, in hex.
pub(super) fn digest(payload: &str) -> String {
    Sha256::digest(payload)[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_payload_is_cut_at_a_character_and_its_name_tells_payloads_apart() {
        let at = Timestamp::UNIX_EPOCH;
        let long = Rejected::new("f", String::new(), &"ä".repeat(PAYLOAD_LIMIT), at);
        assert_eq!(long.payload.len(), PAYLOAD_LIMIT);
        assert_eq!(long.payload_bytes, 2 * PAYLOAD_LIMIT);
        let odd = Rejected::new("f", String::new(), &format!("a{}", "ä".repeat(PAYLOAD_LIMIT)), at);
        assert_eq!(odd.payload.len(), PAYLOAD_LIMIT - 1);
        assert_ne!(long.blob(), odd.blob());
    }
}
