//! What no recording shows.

use time::macros::datetime;
use uuid::Uuid;

use super::{
    super::{
        newtonsoft::read,
        package::{DataType, Trigger},
    },
    *,
};
use crate::service_bus::{Delivery, Message};

const NOW: OffsetDateTime = datetime!(2026-01-01 0:00:01.1 UTC);

fn function() -> Function {
    Function { name: "collect".into(), binding: "msgs".into(), trigger: Trigger::EventGrid { many: false } }
}

fn delivery(message: Message) -> Delivery {
    Delivery {
        lock_token: Uuid::nil(),
        locked_until: NOW,
        sequence_number: 7,
        delivery_count: 1,
        enqueued: NOW,
        expires: NOW,
        dead_letter: None,
        message,
    }
}

#[test]
fn one_body_that_is_no_data_section_fails_the_whole_batch_before_the_worker_sees_it() {
    let foreign = delivery(Message::foreign([0xff]));
    for data_type in [DataType::Any, DataType::Text, DataType::Binary] {
        let batch = [delivery(Message::text("{}")), foreign.clone()];
        assert!(service_bus_many(&function(), data_type, &batch, "ns", NOW).is_err());
        assert!(service_bus_one(&function(), data_type, &foreign, "ns", NOW).is_err());
    }
}

#[test]
fn a_batch_without_a_data_type_fails_for_one_body_that_is_no_json() {
    let good = delivery(Message::text("{\"t\":\"2026-01-01T00:00:00.500Z\"}"));
    assert!(service_bus_many(&function(), DataType::Any, std::slice::from_ref(&good), "ns", NOW).is_ok());
    let batch = [good, delivery(Message::text("no JSON"))];
    let error = service_bus_many(&function(), DataType::Any, &batch, "ns", NOW).unwrap_err();
    assert!(error.words.starts_with("Exception binding parameter 'msgs'"), "{error}");
}

#[test]
fn what_leaks_out_of_a_body_goes_before_what_was_there() {
    let text = r#"{"messageId":"mine","yes":true,"n":1.0,"o":{"a":1},"list":[1],"none":null,"myTrigger":"x"}"#;
    let message = Message { message_id: Some("theirs".to_owned()), ..Message::text(text) };
    let body = service_bus_one(&function(), DataType::Text, &delivery(message), "ns", NOW).unwrap();
    let Json::Object(body) = read(&body).unwrap() else { panic!("{body}") };
    let Some(Json::Object(metadata)) = body.get("Metadata") else { panic!("{body}") };
    let expected = [
        ("MessageId", Some("\"mine\"")),
        ("yes", Some("\"True\"")),
        ("n", Some("\"1\"")),
        ("messageId", None),
        ("list", None),
        ("none", None),
        ("myTrigger", None),
        ("SessionId", None),
    ];
    for (name, value) in expected {
        assert_eq!(metadata.get(name), value.map(Json::text).as_ref(), "{name}");
    }
    assert_eq!(metadata.get("o"), Some(&Json::object([("a", Json::whole(1))])));
}
