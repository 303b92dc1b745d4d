//! A message as a sender hands it over: its body, the broker's properties and the user's.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

/// A message to be sent. Empty properties are `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// The body, as text.
    pub body: String,
    /// The bytes of a body that is no text; `body` is then what a reader of text makes of them.
    pub binary: Option<Vec<u8>>,
    /// By which duplicates are detected; the broker makes one up when there is none.
    pub message_id: Option<String>,
    /// Accepted and shown; queues here need no sessions.
    pub session_id: Option<String>,
    /// Must equal the session id when both are set.
    pub partition_key: Option<String>,
    /// Free for correlation.
    pub correlation_id: Option<String>,
    /// The subject (`Label`).
    pub subject: Option<String>,
    /// Content type of the body.
    pub content_type: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The session for answers.
    pub reply_to_session_id: Option<String>,
    /// Where it is to go.
    pub to: Option<String>,
    /// Becomes active no earlier than this.
    pub scheduled_enqueue: Option<OffsetDateTime>,
    /// Lives this long after it becomes active; the queue's own limit applies too.
    pub time_to_live: Option<Duration>,
    /// The user's properties.
    pub application_properties: Map<String, Value>,
    /// The body is no data section but an AMQP sequence, number or map, which no sender over REST can make: these bytes are
    /// what a receiver over REST gets of it, and the Functions host cannot bind it.
    pub foreign: Option<Vec<u8>>,
}

impl Message {
    /// A message with a body and nothing else.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// A message whose body may be no text.
    pub fn binary(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::text(text),
            Err(error) => {
                let body = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Self { body, binary: Some(error.into_bytes()), ..Self::default() }
            }
        }
    }

    /// A message of a sender that is not ours, with a body that is no data section.
    pub fn foreign(bytes: impl Into<Vec<u8>>) -> Self {
        Self { foreign: Some(bytes.into()), ..Self::default() }
    }

    /// The body's bytes, as a receiver over REST gets them.
    pub fn bytes(&self) -> &[u8] {
        self.foreign.as_deref().or(self.binary.as_deref()).unwrap_or(self.body.as_bytes())
    }

    /// What counts against the size limit: the body and all properties, in bytes.
    pub fn size(&self) -> usize {
        let texts = [
            &self.message_id,
            &self.session_id,
            &self.partition_key,
            &self.correlation_id,
            &self.subject,
            &self.content_type,
            &self.reply_to,
            &self.reply_to_session_id,
            &self.to,
        ];
        let broker: usize = texts.into_iter().flatten().map(String::len).sum();
        let user: usize = self.application_properties.iter().map(|(name, value)| name.len() + plain(value).len()).sum();
        self.bytes().len() + broker + user
    }
}

/// A value as text: a string without its quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_keeps_its_bytes_whatever_they_are() {
        assert_eq!(Message::binary(b"text".to_vec()), Message::text("text"));
        let odd = Message::binary(vec![b'a', 0xff]);
        assert_eq!((odd.body.as_str(), odd.bytes(), odd.size()), ("a\u{fffd}", [b'a', 0xff].as_slice(), 2));
        assert_eq!(Message::foreign([1, 2]).bytes(), [1, 2]);
    }
}
