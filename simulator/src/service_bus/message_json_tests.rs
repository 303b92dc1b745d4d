//! What is read of a message in JSON, and what is refused or passed over.

use super::*;
use time::macros::datetime;

fn property(name: &str, value: &str) -> String {
    format!(r#"[{{"Body":"x","BrokerProperties":{{"{name}":{value}}}}}]"#)
}

fn only(payload: &str) -> Message {
    let [message] = Message::batch(payload.as_bytes()).unwrap().try_into().unwrap();
    message
}

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
fn a_name_in_another_case_or_of_no_documented_property_says_nothing() {
    for name in ["messageId", "MESSAGEID", "label", "Subject", "ContentType", "scheduledEnqueueTimeUtc"] {
        assert_eq!(only(&property(name, "\"Sat, 21 Nov 2026 07:00:00 GMT\"")), Message::text("x"), "{name}");
    }
    let odd = r#"[{"body":"x","brokerProperties":{"MessageId":"a"},"userproperties":{"a":1}}]"#;
    assert_eq!(only(odd), Message::text(""));
}

#[test]
fn a_body_in_base_64_is_decoded_text_or_not() {
    let encoded = |body: &str, flag: &str| format!(r#"[{{"Body":"{body}","IsBodyBase64Encoded":{flag}}}]"#);
    assert_eq!(only(&encoded("dGV4dA==", "true")), Message::text("text"));
    assert_eq!(only(&encoded("/wA=", "true")).bytes(), [0xff, 0]);
    assert_eq!(only(&encoded("dGV4dA==", "false")), Message::text("dGV4dA=="));
    for wrong in [encoded("no base 64", "true"), encoded("dGV4dA==", "\"true\"")] {
        assert!(Message::batch(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn an_id_has_at_most_128_characters() {
    for name in ["MessageId", "SessionId", "PartitionKey", "ReplyToSessionId"] {
        let of = |length: usize| property(name, &format!("\"{}\"", "ü".repeat(length)));
        assert!(Message::batch(of(128).as_bytes()).is_ok(), "{name}");
        let error = Message::batch(of(129).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("The {name} property value exceeds the limit of 128 characters."));
    }
}

#[test]
fn what_is_wrong_is_refused_and_never_panics() {
    let wrong = [
        "".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
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
    let cases = [("00:00:40", 40.0), ("0.00:00:40", 40.0), ("1.02:03:04.5", 93_784.5), ("14.00:00:00", 1_209_600.0)];
    for (text, seconds) in cases {
        assert_eq!(time_span(text).map(|span| span.as_secs_f64()), Some(seconds), "{text}");
    }
}
