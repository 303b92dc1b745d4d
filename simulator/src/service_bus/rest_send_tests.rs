//! Senders over REST, call by call.

use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::service_bus::{Entity, QueueRules, router};

async fn post_to(broker: &Broker, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> (u16, String) {
    let mut request = Request::post(path).header("authorization", "Bearer x").header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(broker.clone()).oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

const AS_BATCH: [(&str, &str); 1] = [("content-type", "application/vnd.microsoft.servicebus.json")];

#[tokio::test]
async fn every_documented_answer_is_given() {
    let broker = Broker::with_worker_queues();
    broker.create("small", QueueRules { max_bytes: 4, ..QueueRules::standard(10) });
    let big = |bytes: usize| format!(r#"[{{"Body":"{}"}}]"#, "x".repeat(bytes));
    let cases = [
        ("/wake-ups/messages?timeout=60", r#"[{"Body":"a"},{"Body":"b"}]"#.to_owned(), 201, ""),
        ("/Wake-Ups/messages", "[]".to_owned(), 400, "it is empty"),
        ("/wake-ups/messages", "{".to_owned(), 400, "<Code>400</Code>"),
        ("/wake-ups/messages", r#"[{"Body":"a"},{"Body":1}]"#.to_owned(), 400, "Body is not a string"),
        ("/wake-ups/messages", big(262_144), 403, "exceeds the limit"),
        ("/small/messages", big(5), 403, "maximum entity size"),
        ("/wake-ups/messages", big(1 << 20), 413, "too large"),
        ("/nowhere/messages", "[]".to_owned(), 410, "'nowhere' could not be found"),
        ("/wake-ups", "[]".to_owned(), 404, "'wake-ups' could not be found"),
        ("/wake-ups/$DeadLetterQueue/messages", big(1), 405, "verb (POST) is not valid"),
        ("/", "[]".to_owned(), 404, "could not be found"),
    ];
    for (path, body, status, words) in cases {
        let answer = post_to(&broker, path, &AS_BATCH, body).await;
        assert_eq!(answer.0, status, "{path}: {}", answer.1);
        assert!(answer.1.contains(words), "{path}: {}", answer.1);
    }
    assert_eq!(broker.counts("wake-ups").active, 2, "refused batches left nothing behind");
}

#[tokio::test]
async fn a_content_type_with_a_parameter_is_not_that_of_a_batch() {
    let broker = Broker::with_worker_queues();
    let kind = "application/vnd.microsoft.servicebus.json; charset=utf-8";
    let array = r#"[{"Body":"a"},{"Body":"b"}]"#;
    assert_eq!(post_to(&broker, "/wake-ups/messages", &[("content-type", kind)], array).await.0, 201);
    let peeked = broker.peek(&Entity::queue("wake-ups"));
    let bodies: Vec<_> = peeked.iter().map(|one| (&one.message.body, one.message.content_type.as_deref())).collect();
    assert_eq!(bodies, [(&array.to_owned(), Some(kind))]);
}

#[tokio::test]
async fn a_single_message_carries_its_properties_in_headers() {
    let broker = Broker::with_worker_queues();
    let headers = [
        ("content-type", "application/json"),
        (
            "BrokerProperties",
            r#"{"MessageId":"m","Label":"L","ScheduledEnqueueTimeUtc":"Sat, 21 Nov 2099 07:00:00 GMT"}"#,
        ),
        ("Priority", "\"High\""),
        ("Customer", "12"),
    ];
    assert_eq!(post_to(&broker, "/batch-runs/messages", &headers, "{}").await.0, 201);
    let peeked = broker.peek(&Entity::queue("batch-runs"));
    let message = &peeked[0].message;
    assert_eq!((message.message_id.as_deref(), message.content_type.as_deref()), (Some("m"), Some("application/json")));
    assert_eq!(serde_json::to_string(&message.application_properties).unwrap(), r#"{"priority":"High","customer":12}"#);
    assert_eq!(broker.counts("batch-runs").scheduled, 1);
    let wrong = [("BrokerProperties", "MessageId=m")];
    assert_eq!(post_to(&broker, "/batch-runs/messages", &wrong, "{}").await.0, 400);
    assert_eq!(post_to(&broker, "/batch-runs/messages", &[], vec![0xff]).await.0, 201);
    let last = broker.peek(&Entity::queue("batch-runs")).into_iter().last().unwrap().message;
    assert_eq!(last.bytes(), [0xff], "a body need not be text");
}
