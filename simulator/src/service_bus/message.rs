//! A message as a sender hands it over: its body, the broker's properties and the user's. It reads the two JSON forms of
//! the REST protocol. Source: Microsoft documentation, "Send Message" and "Send Message Batch" of Service Bus.

use std::time::Duration;

use serde_json::{Map, Value};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

/// A message to be sent. Empty properties are `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// The body, as text.
    pub body: String,
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

/// Why a message cannot be read. The service answers 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The batch is not a JSON array of objects with a string `Body`.
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
    /// Partition key and session id differ.
    #[error("The PartitionKey property value must be the same as the SessionId property value.")]
    PartitionKey,
}

impl Message {
    /// A message with a body and nothing else.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// A message of a sender that is not ours, with a body that is no data section.
    pub fn foreign(bytes: impl Into<Vec<u8>>) -> Self {
        Self { foreign: Some(bytes.into()), ..Self::default() }
    }

    /// The body's bytes, as a receiver over REST gets them.
    pub fn bytes(&self) -> &[u8] {
        self.foreign.as_deref().unwrap_or(self.body.as_bytes())
    }

    /// Reads the body of a batch send.
    ///
    /// # Errors
    /// One wrong message makes the whole batch wrong.
    pub fn batch(payload: &[u8]) -> Result<Vec<Self>, MessageError> {
        let wrong = |words: &str| MessageError::Batch(words.to_owned());
        let parsed: Value = serde_json::from_slice(payload).map_err(|error| MessageError::Batch(error.to_string()))?;
        let Value::Array(items) = parsed else { return Err(wrong("it is not an array")) };
        let read = |item: Value| {
            let Value::Object(mut item) = item else { return Err(wrong("an element is not an object")) };
            let body = match item.remove("Body") {
                Some(Value::String(body)) => body,
                None | Some(Value::Null) => String::new(),
                Some(_) => return Err(wrong("a Body is not a string")),
            };
            let mut message = Self::text(body);
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
        };
        items.into_iter().map(read).collect()
    }

    /// Takes over the broker properties of the JSON forms; unknown ones are ignored, as the service does.
    ///
    /// # Errors
    /// When a known one has a value of the wrong kind.
    pub fn set_broker_properties(&mut self, properties: Map<String, Value>) -> Result<(), MessageError> {
        for (property, value) in properties {
            let wrong = || MessageError::Property { property: property.clone(), value: plain(&value) };
            match property.to_ascii_lowercase().as_str() {
                "messageid" => self.message_id = string(&value).ok_or_else(wrong)?,
                "sessionid" => self.session_id = string(&value).ok_or_else(wrong)?,
                "partitionkey" => self.partition_key = string(&value).ok_or_else(wrong)?,
                "correlationid" => self.correlation_id = string(&value).ok_or_else(wrong)?,
                "label" | "subject" => self.subject = string(&value).ok_or_else(wrong)?,
                "contenttype" => self.content_type = string(&value).ok_or_else(wrong)?,
                "replyto" => self.reply_to = string(&value).ok_or_else(wrong)?,
                "replytosessionid" => self.reply_to_session_id = string(&value).ok_or_else(wrong)?,
                "to" => self.to = string(&value).ok_or_else(wrong)?,
                "scheduledenqueuetimeutc" => {
                    let text = string(&value).ok_or_else(wrong)?;
                    self.scheduled_enqueue = text.map(|text| instant(&text).ok_or_else(wrong)).transpose()?;
                }
                "timetolivetimespan" => {
                    let text = string(&value).ok_or_else(wrong)?;
                    self.time_to_live = text.map(|text| time_span(&text).ok_or_else(wrong)).transpose()?;
                }
                "timetolive" => {
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

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_batch_is_read_with_all_its_properties() {
        let payload = br#"[{"Body":"{\"n\":1}","BrokerProperties":{"MessageId":"a","Label":"M1","SessionId":"s","PartitionKey":"s",
            "ScheduledEnqueueTimeUtc":"Sat, 21 Nov 2026 07:00:00 GMT","TimeToLiveTimeSpan":"0.00:00:40","ForcePersistence":true},
            "UserProperties":{"Priority":"Low","n":2}},{"Body":"plain"}]"#;
        let [first, second] = Message::batch(payload).unwrap().try_into().unwrap();
        assert_eq!(
            (first.body.as_str(), first.message_id.as_deref(), first.subject.as_deref()),
            ("{\"n\":1}", Some("a"), Some("M1"))
        );
        assert_eq!(first.scheduled_enqueue, Some(datetime!(2026-11-21 07:00 UTC)));
        assert_eq!(first.time_to_live, Some(Duration::from_secs(40)));
        assert_eq!(first.application_properties["n"], 2);
        assert_eq!(second, Message::text("plain"));
        assert_eq!(first.size(), 7 + "a".len() + "M1".len() + 2 + "PriorityLow".len() + 2);
    }

    #[test]
    fn what_is_wrong_is_refused_and_never_panics() {
        let property = |name: &str, value: &str| format!(r#"[{{"Body":"x","BrokerProperties":{{"{name}":{value}}}}}]"#);
        let wrong = [
            "".to_owned(),
            "{}".to_owned(),
            "[1]".to_owned(),
            r#"[{"Body":1}]"#.to_owned(),
            r#"[{"BrokerProperties":[]}]"#.to_owned(),
            property("MessageId", "{}"),
            property("ScheduledEnqueueTimeUtc", "\"tomorrow\""),
            property("TimeToLiveTimeSpan", "\"40\""),
            property("TimeToLiveTimeSpan", "\"00:00:99\""),
            property("TimeToLiveTimeSpan", "\"00:00:00\""),
            property("TimeToLiveTimeSpan", "\"18446744073709551615.00:00:01\""),
            property("TimeToLive", "-1"),
            property("TimeToLive", "1e300"),
            r#"[{"Body":"x","BrokerProperties":{"SessionId":"a","PartitionKey":"b"}}]"#.to_owned(),
        ];
        for payload in wrong {
            assert!(Message::batch(payload.as_bytes()).is_err(), "{payload}");
        }
    }

    #[test]
    fn time_spans_are_those_of_dotnet() {
        let cases =
            [("00:00:40", 40.0), ("0.00:00:40", 40.0), ("1.02:03:04.5", 93_784.5), ("14.00:00:00", 1_209_600.0)];
        for (text, seconds) in cases {
            assert_eq!(time_span(text).map(|span| span.as_secs_f64()), Some(seconds), "{text}");
        }
    }
}
