//! An item that cannot be handled: kept in the container `rejected` with its reason, so that nothing is dropped in silence
//! and nothing loops. What is kept is enough to put the item back where it came from.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use remediation::id::hex;
use remediation::message::Queue;
use remediation::time::Timestamp;

/// Most of a payload that is kept, in bytes: a message of a queue is no larger.
const PAYLOAD_LIMIT: usize = 256 * 1024;

/// How a payload is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Encoding {
    /// As the text that it is.
    Text,
    /// It is no UTF-8: its bytes in base64.
    Base64,
}

/// A rejected item.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    version: u32,
    /// The function that rejected it.
    pub function: &'static str,
    /// The queue that it belongs on; none for an event.
    pub queue: Option<&'static str>,
    /// Why, in words.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// The payload, cut at 256 KiB.
    pub payload: String,
    /// How the payload is written down.
    pub encoding: Encoding,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
    /// Whether the payload is not whole: then the item cannot be put back.
    pub is_cut: bool,
    #[serde(skip)]
    digest: String,
}

impl Rejected {
    /// Rejects a payload: a message of `queue`, or an event.
    #[must_use]
    pub fn new(function: &'static str, queue: Option<Queue>, reason: String, payload: &[u8], at: Timestamp) -> Self {
        let (kept, encoding) = match std::str::from_utf8(payload) {
            Ok(text) => (start(text).to_owned(), Encoding::Text),
            Err(_) => (STANDARD.encode(&payload[..PAYLOAD_LIMIT.min(payload.len())]), Encoding::Base64),
        };
        Self {
            version: 1,
            function,
            queue: queue.map(Queue::name),
            reason,
            at,
            payload: kept,
            encoding,
            payload_bytes: payload.len(),
            is_cut: payload.len() > PAYLOAD_LIMIT,
            digest: digest(payload),
        }
    }

    /// The blob's name: the same for the same payload, so that a redelivery rejects it once.
    #[must_use]
    pub fn blob(&self) -> String {
        format!("{}/{}.json", self.function, self.digest)
    }
}

/// What is kept of a text: as many whole characters as fit.
fn start(text: &str) -> &str {
    let cut = (0..=PAYLOAD_LIMIT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..cut]
}

/// 128 bits of SHA-256, in hex.
pub(super) fn digest(payload: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(payload)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(payload: &[u8]) -> Rejected {
        Rejected::new("f", Some(Queue::WakeUps), String::new(), payload, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_largest_message_is_kept_whole_and_what_is_cut_says_so() {
        let whole = rejected("ä".repeat(PAYLOAD_LIMIT / 2).as_bytes());
        assert_eq!((whole.payload.len(), whole.payload_bytes, whole.is_cut), (PAYLOAD_LIMIT, PAYLOAD_LIMIT, false));
        let odd = rejected(format!("a{}", "ä".repeat(PAYLOAD_LIMIT / 2)).as_bytes());
        assert_eq!((odd.payload.len(), odd.payload_bytes, odd.is_cut), (PAYLOAD_LIMIT - 1, PAYLOAD_LIMIT + 1, true));
        assert_ne!(whole.blob(), odd.blob(), "the name tells payloads apart");
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_as_they_are() {
        let item = rejected(&[b'{', 0xff, 0xfe]);
        assert_eq!((item.encoding, item.payload.as_str()), (Encoding::Base64, "e//+"));
        let json = serde_json::to_value(&item).unwrap();
        assert_eq!((&json["encoding"], &json["queue"]), (&"base64".into(), &"wake-ups".into()));
        assert_eq!(rejected("{}".as_bytes()).encoding, Encoding::Text);
    }
}
