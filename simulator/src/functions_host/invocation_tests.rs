//! Bodies against captured and documented ones.

use super::*;
use crate::{
    functions_host::package::Trigger,
    service_bus::{DeadLetter, Message},
};
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-01-01 0:00:01.1 UTC);

fn function(binding: &str) -> Function {
    Function { name: "Drain".into(), binding: binding.into(), trigger: Trigger::EventGrid { many: false } }
}

fn delivery(body: &str, number: u64) -> Delivery {
    let mut application_properties = Map::new();
    application_properties.insert("k".into(), json!(number));
    Delivery {
        lock_token: Uuid::nil(),
        locked_until: NOW,
        sequence_number: number,
        delivery_count: 1,
        enqueued: datetime!(2026-01-01 0:00:00.123 UTC),
        expires: datetime!(2026-01-15 0:00 UTC),
        dead_letter: None,
        message: Message { message_id: Some(format!("m{number}")), application_properties, ..Message::text(body) },
    }
}

/// What a worker does first: a string that holds JSON, decoded.
fn decoded(value: &Value) -> Value {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

#[test]
fn an_event_travels_as_an_object_with_its_dates_rewritten() {
    let event = json!({"id": "4E", "eventTime": "2023-10-12T20:13:49.6400020Z", "data": {"timestamp": "2023-10-12T20:13:49.000Z"}});
    let body = event_grid_one(&function("event"), event, NOW).unwrap();
    assert_eq!(
        body["Data"]["event"],
        json!({"id": "4E", "eventTime": "2023-10-12T20:13:49.640002Z", "data": {"timestamp": "2023-10-12T20:13:49Z"}})
    );
    assert_eq!(body["Metadata"]["data"], json!({"timestamp": "2023-10-12T20:13:49Z"}));
    assert_eq!(body["Metadata"]["sys"]["MethodName"], "Drain");
    assert_eq!(body["Metadata"]["sys"]["UtcNow"], "2026-01-01T00:00:01.1Z");
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["Data", "Metadata"]);
    assert!(event_grid_one(&function("event"), json!([1]), NOW).is_err());
    let many = event_grid_many(&function("events"), vec![json!({"data": 1}), json!({})], NOW);
    assert_eq!(decoded(&many["Data"]["events"]), json!([{"data": 1}, {}]));
    assert_eq!(many["Metadata"]["data"], "[1,null]");
}

#[test]
fn a_batch_travels_as_text_with_metadata_arrays_as_text() {
    let batch = [delivery("{\"n\":1}", 11), delivery("plain \"text\"", 12)];
    let body = service_bus_many(&function("msgs"), DataType::Text, &batch, "ns", NOW).unwrap();
    assert_eq!(decoded(&body["Data"]["msgs"]), json!(["{\"n\":1}", "plain \"text\""]));
    let metadata = &body["Metadata"];
    assert_eq!(metadata["DeliveryCountArray"], "[1,1]");
    assert_eq!(metadata["MessageIdArray"], "[\"m11\",\"m12\"]");
    assert_eq!(metadata["SequenceNumberArray"], "[11,12]");
    assert_eq!(metadata["EnqueuedTimeUtcArray"], "[\"2026-01-01T00:00:00.123\",\"2026-01-01T00:00:00.123\"]");
    assert_eq!(metadata["EnqueuedTimeArray"], "[\"2026-01-01T00:00:00.123+00:00\",\"2026-01-01T00:00:00.123+00:00\"]");
    assert_eq!(metadata["ApplicationPropertiesArray"], "[{\"k\":11},{\"k\":12}]");
    assert_eq!(metadata["SessionIdArray"], "[null,null]");
    assert_eq!(metadata["MessageReceiver"], json!({}));
    assert!(metadata.get("n").is_none(), "only single messages leak");
}

#[test]
fn a_batch_without_a_data_type_is_parsed_or_fails_before_the_worker_sees_it() {
    let good = [delivery("{\"t\":\"2026-01-01T00:00:00.500Z\"}", 1)];
    let body = service_bus_many(&function("msgs"), DataType::Any, &good, "ns", NOW).unwrap();
    assert_eq!(decoded(&body["Data"]["msgs"]), json!([{"t": "2026-01-01T00:00:00.5Z"}]));
    let bad = [good[0].clone(), delivery("text", 2)];
    assert!(service_bus_many(&function("msgs"), DataType::Any, &bad, "ns", NOW).is_err());
    let binary = service_bus_many(&function("msgs"), DataType::Binary, &bad[1..], "ns", NOW).unwrap();
    assert_eq!(decoded(&binary["Data"]["msgs"]), json!(["dGV4dA=="]));
}

#[test]
fn one_body_that_is_no_data_section_fails_the_whole_batch_before_the_worker_sees_it() {
    let foreign = Delivery { message: Message::foreign([0xff]), ..delivery("", 2) };
    for data_type in [DataType::Any, DataType::Text, DataType::Binary] {
        let batch = [delivery("{}", 1), foreign.clone()];
        assert!(service_bus_many(&function("msgs"), data_type, &batch, "ns", NOW).is_err());
        assert!(service_bus_one(&function("msg"), data_type, &foreign, "ns", NOW).is_err());
    }
}

#[test]
fn a_single_message_is_encoded_twice_and_its_properties_override_the_metadata() {
    let mut one = delivery(
        r#"{"messageId":"mine","n":1,"yes":true,"o":{"a":1},"list":[1],"none":null,"myTrigger":"x","message":"hello"}"#,
        7,
    );
    one.dead_letter = Some(DeadLetter { reason: "r".into(), description: "d".into(), source: "q".into() });
    let body = service_bus_one(&function("msg"), DataType::Any, &one, "ns", NOW).unwrap();
    assert_eq!(decoded(&body["Data"]["msg"]), json!(one.message.body));
    let metadata = &body["Metadata"];
    let expected = [
        ("DeliveryCount", json!("1")),
        ("LockToken", json!("\"00000000-0000-0000-0000-000000000000\"")),
        ("EnqueuedTimeUtc", json!("2026-01-01T00:00:00")),
        ("EnqueuedTime", json!("2026-01-01T00:00:00+00:00")),
        ("SequenceNumber", json!("7")),
        ("DeadLetterSource", json!("\"q\"")),
        ("ApplicationProperties", json!({"k": 7})),
        ("MessageId", json!("\"mine\"")),
        ("n", json!("\"1\"")),
        ("yes", json!("\"True\"")),
        ("o", json!({"a": 1})),
        ("message", json!("\"hello\"")),
    ];
    for (key, value) in expected {
        assert_eq!(metadata[key], value, "{key}");
    }
    for absent in ["list", "none", "myTrigger", "SessionId", "ContentType", "messageId"] {
        assert!(metadata.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn a_timer_tells_its_times_and_none_before_its_first_run() {
    let body = timer(&function("timer"), &"0 */15 * * * *".parse().unwrap(), None, NOW);
    let status = &body["Data"]["timer"]["ScheduleStatus"];
    assert_eq!((&status["Last"], &status["Next"]), (&json!("0001-01-01T00:00:00"), &json!("2026-01-01T00:15:00Z")));
    let frequent = timer(&function("timer"), &"*/10 * * * * *".parse().unwrap(), Some(NOW), NOW);
    assert!(frequent["Data"]["timer"]["ScheduleStatus"].is_null());
}

#[test]
fn an_http_request_is_an_object_with_its_body_once_encoded() {
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let request = HttpRequest {
        url: "http://localhost/api/status?full=1".into(),
        method: "GET".into(),
        query: pair("full", "1"),
        headers: pair("Accept", "text/html"),
        parameters: pair("id", "7"),
        body: Some("{\"a\":\"b\"}".into()),
    };
    let body = http(&function("req"), request, NOW);
    assert_eq!(body["Data"]["req"]["Body"], "{\"a\":\"b\"}");
    assert_eq!(body["Data"]["req"]["Headers"]["Accept"], json!(["text/html"]));
    assert_eq!(body["Metadata"]["Headers"]["Accept"], "text/html");
    for (key, value) in [("full", "\"1\""), ("id", "\"7\""), ("a", "\"b\"")] {
        assert_eq!(body["Metadata"][key], value);
    }
}
