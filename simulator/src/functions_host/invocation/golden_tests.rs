//! The bodies of invocations against those that a real host sent, byte for byte but for ids.

use serde::Deserialize;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{
    super::{
        newtonsoft::{Json, read},
        package::{DataType, Trigger},
        schedule::Schedule,
        timers::Status,
        wire::chunks,
    },
    *,
};
use crate::service_bus::{Delivery, Message};

/// What the handler got.
#[derive(Deserialize)]
struct Recorded {
    function: Option<String>,
    body: String,
    chunks: Vec<usize>,
}

fn recording<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn function(name: &str, binding: &str) -> Function {
    Function { name: name.to_owned(), binding: binding.to_owned(), trigger: Trigger::EventGrid { many: false } }
}

fn instant(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The time at which a recorded invocation was made.
fn made_at(body: &str) -> OffsetDateTime {
    instant(body.rsplit("\"UtcNow\":\"").next().unwrap().split('"').next().unwrap())
}

/// The text with each id as the number of the place where it comes first.
fn normalised(text: &str) -> String {
    let (mut ids, mut normalised, mut rest) = (Vec::new(), String::new(), text);
    while !rest.is_empty() {
        let id = rest.get(..36).filter(|id| Uuid::try_parse(id).is_ok());
        let length = match id {
            Some(id) => {
                let number = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
                    ids.push(id);
                    ids.len() - 1
                });
                normalised.push_str(&format!("<id {number}>"));
                36
            }
            None => {
                let sign = rest.chars().next().unwrap();
                normalised.push(sign);
                sign.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    normalised
}

fn assert_as_recorded(what: &str, made: &str, recorded: &Recorded) {
    assert_eq!(normalised(made), normalised(&recorded.body), "{what}");
    let sizes: Vec<usize> = chunks(made).iter().map(|chunk| chunk.len()).collect();
    assert_eq!(sizes, recorded.chunks, "{what}: chunks");
}

#[test]
fn events_are_those_that_were_recorded() {
    #[derive(Deserialize)]
    struct Case {
        recording: String,
        cardinality: String,
        sent: String,
        requests: Vec<Recorded>,
    }
    for case in recording::<Vec<Case>>("event-grid.json") {
        let events: Vec<Members> = match read(&case.sent).unwrap() {
            Json::List(events) => events,
            event => vec![event],
        }
        .into_iter()
        .map(|event| match event {
            Json::Object(event) => event,
            other => panic!("{other}"),
        })
        .collect();
        for recorded in &case.requests {
            let now = made_at(&recorded.body);
            let name = recorded.function.as_deref().unwrap();
            let made: Vec<String> = match case.cardinality.as_str() {
                "many" => vec![event_grid_many(&function(name, "events"), events.clone(), now)],
                _ => events.iter().map(|event| event_grid_one(&function(name, "event"), event.clone(), now)).collect(),
            };
            assert_eq!(made.len(), case.requests.len(), "{}", case.recording);
            // Events of one delivery come in any order.
            let same = made.iter().find(|made| normalised(made) == normalised(&recorded.body));
            assert_as_recorded(&case.recording, same.unwrap_or(&made[0]), recorded);
        }
    }
}

#[test]
fn texts_that_look_like_dates_become_what_was_recorded() {
    let dates: Value = recording("dates.json");
    for pair in dates["pairs"].as_array().unwrap() {
        assert_eq!(read(&pair[0].to_string()).unwrap().to_string(), pair[1].to_string());
    }
}

#[test]
fn timers_are_told_what_was_recorded() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Case {
        recording: String,
        function: String,
        schedule: String,
        status: Option<Value>,
        is_past_due: bool,
        by_hand: bool,
        body: String,
        chunks: Vec<usize>,
    }
    for case in recording::<Vec<Case>>("timers.json") {
        let schedule: Schedule = case.schedule.parse().unwrap();
        let status = case.status.map(|status| {
            let time = |name: &str| instant(status[name].as_str().unwrap());
            Status { last: time("Last"), next: time("Next"), updated: time("LastUpdated") }
        });
        let now = made_at(&case.body);
        if case.recording != "timer-without-monitor" {
            assert_eq!(status.is_some(), schedule.keeps_status(now), "{}", case.recording);
        }
        let (is_past_due, by_hand) = (case.is_past_due, case.by_hand);
        let call = TimerCall { adjusts: schedule.adjusts(), status, is_past_due, by_hand };
        let recorded = Recorded { function: None, body: case.body, chunks: case.chunks };
        assert_as_recorded(&case.recording, &timer(&function(&case.function, "timer"), call, now), &recorded);
    }
}

/// A message as the recording's broker delivered it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    #[serde(rename = "body")]
    body: String,
    lock_token: String,
    sequence_number: u64,
    delivery_count: u32,
    enqueued_time: String,
    expires_at: String,
    message_id: Option<String>,
    content_type: Option<String>,
    reply_to: Option<String>,
    to: Option<String>,
    subject: Option<String>,
    correlation_id: Option<String>,
    partition_key: Option<String>,
    #[serde(default)]
    application_properties: serde_json::Map<String, Value>,
}

impl From<Sent> for Delivery {
    fn from(sent: Sent) -> Self {
        Self {
            lock_token: sent.lock_token.parse().unwrap(),
            locked_until: instant(&sent.expires_at),
            sequence_number: sent.sequence_number,
            delivery_count: sent.delivery_count,
            enqueued: instant(&sent.enqueued_time),
            expires: instant(&sent.expires_at),
            dead_letter: None,
            message: Message {
                message_id: sent.message_id,
                content_type: sent.content_type,
                reply_to: sent.reply_to,
                to: sent.to,
                subject: sent.subject,
                correlation_id: sent.correlation_id,
                partition_key: sent.partition_key,
                application_properties: sent.application_properties,
                ..Message::text(sent.body)
            },
        }
    }
}

#[test]
fn messages_are_those_that_were_recorded() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Case {
        recording: String,
        cardinality: String,
        data_type: String,
        function: String,
        messages: Vec<Sent>,
        body: String,
        chunks: Vec<usize>,
    }
    for case in recording::<Vec<Case>>("service-bus.json") {
        let data_type = match case.data_type.as_str() {
            "string" => DataType::Text,
            "binary" => DataType::Binary,
            _ => DataType::Any,
        };
        let function = function(&case.function, "messages");
        let deliveries: Vec<Delivery> = case.messages.into_iter().map(Delivery::from).collect();
        // What leaks may be called "sys", too; then no time is told.
        let now = if case.body.contains("UtcNow") { made_at(&case.body) } else { OffsetDateTime::UNIX_EPOCH };
        let made = match case.cardinality.as_str() {
            "many" => service_bus_many(&function, data_type, &deliveries, "127.0.0.1", now),
            _ => service_bus_one(&function, data_type, &deliveries[0], "127.0.0.1", now),
        };
        let recorded = Recorded { function: None, body: case.body, chunks: case.chunks };
        assert_as_recorded(&format!("{} {}", case.recording, deliveries[0].sequence_number), &made.unwrap(), &recorded);
    }
}
