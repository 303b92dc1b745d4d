//! An item that cannot be handled: kept in the container `rejected` with its reason, so that nothing is dropped in silence
//! and nothing loops. A message is kept whole, with its queue, so that it can be put back when its reason is gone.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::event::Timestamp;

/// Most of an event that is kept, in bytes: it is never put back, for it can never be read.
const EVENT_LIMIT: usize = 8 * 1024;
/// Most of a message that is kept, in bytes: all of the largest that a queue takes.
const MESSAGE_LIMIT: usize = 1024 * 1024;

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
    /// The queue that the message was of, to be put back there; none for an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<&'static str>,
    /// The payload: of an event its first 8 KiB, a message as a whole.
    pub payload: String,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
    #[serde(skip)]
    digest: String,
}

impl Rejected {
    /// Rejects a payload: a message of `queue`, or an event.
    #[must_use]
    pub fn new(
        function: &'static str,
        queue: Option<&'static str>,
        reason: String,
        payload: &str,
        at: Timestamp,
    ) -> Self {
        let limit = if queue.is_some() { MESSAGE_LIMIT } else { EVENT_LIMIT };
        let cut = (0..=limit.min(payload.len())).rev().find(|at| payload.is_char_boundary(*at)).unwrap_or(0);
        Self {
            version: 1,
            function,
            reason,
            at,
            queue,
            payload: payload[..cut].to_owned(),
            payload_bytes: payload.len(),
            digest: digest(payload),
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
    fn a_long_event_is_cut_at_a_character_a_message_is_kept_whole_and_its_name_tells_payloads_apart() {
        let rejected = |queue, payload: &str| Rejected::new("f", queue, String::new(), payload, Timestamp::UNIX_EPOCH);
        let text = "ä".repeat(EVENT_LIMIT);
        let long = rejected(None, &text);
        assert_eq!(long.payload.len(), EVENT_LIMIT);
        assert_eq!(long.payload_bytes, 2 * EVENT_LIMIT);
        let odd = rejected(None, &format!("a{text}"));
        assert_eq!(odd.payload.len(), EVENT_LIMIT - 1);
        assert_ne!(long.blob(), odd.blob());
        assert_eq!(rejected(Some("q"), &text).payload, text);
    }
}
