//! Reads messages in the two JSON forms of the REST protocol. Names are taken as they are documented, case included: what
//! is written otherwise is passed over, as every unknown name is. Sources: Microsoft documentation, "Send Message", "Send
//! Message Batch" and the list of message properties in the introduction of the Service Bus REST reference.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::{Message, message::plain};
use crate::json_error;

/// The longest id of a message, a session or a partition, in characters (documentation of `BrokeredMessage`).
const LONGEST_ID: usize = 128;

/// Why a message cannot be read. The service answers 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The batch is not a JSON array of objects with a string `Body`, or it is empty.
    #[error("The batch body is not a JSON array of messages: {0}")]
    Batch(String),
    /// A broker property has a value of the wrong kind.
    #[error("The BrokerProperties value '{value}' of '{property}' is not valid.")]
    Property {
        /// Its name.
        property: String,
        /// Its value, as sent.
        value: String,
    },
    /// An id is too long.
    #[error("The {property} property value exceeds the limit of {LONGEST_ID} characters.")]
    TooLong {
        /// Its name.
        property: &'static str,
    },
    /// Partition key and session id differ.
    #[error("The PartitionKey property value must be the same as the SessionId property value.")]
    PartitionKey,
}

impl Message {
    /// Reads the body of a batch send.
    ///
    /// # Errors
    /// One wrong message makes the whole batch wrong.
    pub fn batch(payload: &[u8]) -> Result<Vec<Self>, MessageError> {
        let wrong = |words: &str| MessageError::Batch(words.to_owned());
        let parsed: Value =
            serde_json::from_slice(payload).map_err(|error| MessageError::Batch(json_error::words(&error)))?;
        let Value::Array(items) = parsed else { return Err(wrong("it is not an array")) };
        if items.is_empty() {
            return Err(wrong("it is empty"));
        }
        items.into_iter().map(read).collect()
    }

    /// Takes over the broker properties of the JSON forms; those that are not in the documented list are ignored, as the
    /// service does.
    ///
    /// # Errors
    /// When a known one has a value of the wrong kind.
    pub fn set_broker_properties(&mut self, properties: Map<String, Value>) -> Result<(), MessageError> {
        for (property, value) in properties {
            let wrong = || MessageError::Property { property: property.clone(), value: plain(&value) };
            match property.as_str() {
                "MessageId" => self.message_id = id("MessageId", string(&value).ok_or_else(wrong)?)?,
                "SessionId" => self.session_id = id("SessionId", string(&value).ok_or_else(wrong)?)?,
                "PartitionKey" => self.partition_key = id("PartitionKey", string(&value).ok_or_else(wrong)?)?,
                "ReplyToSessionId" => {
                    self.reply_to_session_id = id("ReplyToSessionId", string(&value).ok_or_else(wrong)?)?;
                }
                "CorrelationId" => self.correlation_id = string(&value).ok_or_else(wrong)?,
                "Label" => self.subject = string(&value).ok_or_else(wrong)?,
                "ReplyTo" => self.reply_to = string(&value).ok_or_else(wrong)?,
                "To" => self.to = string(&value).ok_or_else(wrong)?,
                "ScheduledEnqueueTimeUtc" => {
                    let text = string(&value).ok_or_else(wrong)?;
                    self.scheduled_enqueue = text.map(|text| instant(&text).ok_or_else(wrong)).transpose()?;
                }
                // Not in the list, but in the documented example of a batch.
                "TimeToLiveTimeSpan" => {
                    let text = string(&value).ok_or_else(wrong)?;
                    self.time_to_live = text.map(|text| time_span(&text).ok_or_else(wrong)).transpose()?;
                }
                "TimeToLive" => {
                    let seconds = value.as_f64().filter(|seconds| *seconds > 0.0).ok_or_else(wrong)?;
                    self.time_to_live = Some(Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?);
                }
                _ => {}
            }
        }
        match (&self.session_id, &self.partition_key) {
            (Some(session), Some(key)) if session != key => Err(MessageError::PartitionKey),
            _ => Ok(()),
        }
    }
}

/// One element of a batch.
fn read(item: Value) -> Result<Message, MessageError> {
    let wrong = |words: &str| MessageError::Batch(words.to_owned());
    let Value::Object(mut item) = item else { return Err(wrong("an element is not an object")) };
    let body = match item.remove("Body") {
        Some(Value::String(body)) => body,
        None | Some(Value::Null) => String::new(),
        Some(_) => return Err(wrong("a Body is not a string")),
    };
    let mut message = match item.remove("IsBodyBase64Encoded") {
        Some(Value::Bool(true)) => {
            Message::binary(STANDARD.decode(body).map_err(|_| wrong("a Body is not a valid Base-64 string"))?)
        }
        None | Some(Value::Null | Value::Bool(false)) => Message::text(body),
        Some(_) => return Err(wrong("IsBodyBase64Encoded is not a boolean")),
    };
    match item.remove("BrokerProperties") {
        Some(Value::Object(properties)) => message.set_broker_properties(properties)?,
        None | Some(Value::Null) => {}
        Some(_) => return Err(wrong("BrokerProperties is not an object")),
    }
    match item.remove("UserProperties") {
        Some(Value::Object(properties)) => message.application_properties = properties,
        None | Some(Value::Null) => {}
        Some(_) => return Err(wrong("UserProperties is not an object")),
    }
    Ok(message)
}

/// A text property: `Some(None)` when it is null or empty.
fn string(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) if text.is_empty() => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        Value::Number(number) => Some(Some(number.to_string())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An id, unless it is too long. .NET counts in UTF-16.
fn id(property: &'static str, text: Option<String>) -> Result<Option<String>, MessageError> {
    let is_long = text.as_ref().is_some_and(|text| text.encode_utf16().count() > LONGEST_ID);
    if is_long { Err(MessageError::TooLong { property }) } else { Ok(text) }
}

/// RFC 1123 (`Sat, 21 Nov 2026 07:00:00 GMT`), as documented, or ISO 8601, which .NET's parser takes too.
fn instant(text: &str) -> Option<OffsetDateTime> {
    let rfc1123 =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    if let Ok(time) = PrimitiveDateTime::parse(text, &rfc1123) {
        return Some(time.assume_utc());
    }
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
}

/// A .NET time span: `[d.]hh:mm:ss[.fffffff]`, more than nothing.
fn time_span(text: &str) -> Option<Duration> {
    let (clock, fraction) = match text.rsplit_once(':')?.1.split_once('.') {
        Some((_, fraction)) => (&text[..text.len() - fraction.len() - 1], fraction),
        None => (text, ""),
    };
    let (days, clock) = match clock.split_once('.') {
        Some((days, rest)) => (days.parse::<u64>().ok()?, rest),
        None => (0, clock),
    };
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours @ 0..=23, minutes @ 0..=59, seconds @ 0..=59] = parts[..] else { return None };
    if fraction.len() > 7 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: u32 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = days.checked_mul(86_400)?.checked_add(hours * 3600 + minutes * 60 + seconds)?;
    Some(Duration::new(seconds, nanoseconds)).filter(|span| !span.is_zero())
}

#[cfg(test)]
#[path = "message_json_tests.rs"]
mod tests;
