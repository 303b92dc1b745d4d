//! What a real Functions host sent to a custom handler is read by the worker's own types. The recordings, and what was real of
//! them, are in `simulator/recordings`.

use std::fs;
use std::path::Path;

use policy_remediator::host::Envelope;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn recording<T: DeserializeOwned>(file: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulator/recordings").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn read(body: &Value) -> Envelope {
    let body = body.as_str().unwrap();
    Envelope::read(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn recorded_events_are_read_one_by_one_and_in_lists() {
    for case in recording::<Vec<Value>>("event-grid.json") {
        let sent: Value = match serde_json::from_str(case["sent"].as_str().unwrap().trim_start_matches('\u{feff}')) {
            Ok(sent) => sent,
            // Half of a surrogate pair: the host lets it pass, and sends a sign for it.
            Err(error) => {
                assert_eq!(case["recording"], "eventgrid-numbers", "{error}");
                json!([{ "id": "1" }])
            }
        };
        let sent: Vec<Value> = sent.as_array().cloned().unwrap_or_else(|| vec![sent.clone()]);
        let mut found: Vec<Value> =
            list(&case["requests"]).iter().flat_map(|request| read(&request["body"]).events().unwrap()).collect();
        assert_eq!(found.len(), sent.len(), "{}", case["recording"]);
        found.sort_by_key(|event| event["id"].to_string());
        let mut ids: Vec<String> = sent.iter().map(|event| event["id"].to_string()).collect();
        ids.sort();
        assert_eq!(found.iter().map(|event| event["id"].to_string()).collect::<Vec<_>>(), ids, "{}", case["recording"]);
        assert!(found.iter().all(|event| event["data"].is_object()), "{}", case["recording"]);
    }
    for case in recording::<Vec<Value>>("webhook.json") {
        for body in case["handler"].as_array().into_iter().flatten() {
            let events = read(body).events().unwrap();
            assert!(events.len() == 1 && events[0]["id"].is_string(), "{}", case["name"]);
        }
    }
}

#[test]
fn recorded_messages_are_read_with_their_texts_ids_and_counts() {
    let mut seen = 0;
    for case in recording::<Vec<Value>>("service-bus.json") {
        // The worker's functions take lists of texts.
        if case["cardinality"] != "many" || case["dataType"] == "binary" {
            assert!(Envelope::read(case["body"].as_str().unwrap().as_bytes()).is_ok(), "{}", case["recording"]);
            continue;
        }
        seen += 1;
        let items = read(&case["body"]).items().unwrap();
        let messages = list(&case["messages"]);
        assert_eq!(items.len(), messages.len(), "{}", case["recording"]);
        for (item, message) in items.iter().zip(messages) {
            let sent = message["body"].as_str().unwrap().trim_start_matches('\u{feff}');
            if case["dataType"] == "string" {
                assert_eq!(item.body, sent, "{}", case["recording"]);
            } else {
                // Parsed and written again by the host.
                assert!(serde_json::from_str::<Value>(&item.body).unwrap().is_object(), "{}", item.body);
            }
            assert_eq!(item.message_id, message["MessageId"], "{}", case["recording"]);
            assert_eq!(u64::from(item.delivery_count), message["DeliveryCount"], "{}", case["recording"]);
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn recorded_runs_of_timers_are_read() {
    for case in recording::<Vec<Value>>("timers.json") {
        // No function of the worker looks into them; what is no envelope would fail.
        read(&case["body"]);
    }
}
