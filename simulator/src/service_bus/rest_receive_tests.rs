//! Receivers over REST, call by call.

use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::service_bus::{Message, QueueRules, router};

async fn call(broker: &Broker, method: &str, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::builder().method(method).uri(path).header("host", "localhost:5671");
    let response = router(broker.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

/// The path that a message is settled at.
fn lock_of(headers: &HeaderMap) -> String {
    let location = headers["location"].to_str().unwrap();
    location.strip_prefix("https://localhost:5671").unwrap().to_owned()
}

fn properties(headers: &HeaderMap) -> Value {
    serde_json::from_str(headers["brokerproperties"].to_str().unwrap()).unwrap()
}

fn broker(deliveries: u32) -> Broker {
    let broker = Broker::new();
    broker.create("inbox", QueueRules::standard(deliveries));
    broker
}

fn send(broker: &Broker, message: Message) {
    broker.send("inbox", vec![message]).unwrap().unwrap();
}

#[tokio::test]
async fn a_message_is_received_under_a_lock_and_given_back_renewed_or_deleted() {
    let broker = broker(10);
    assert_eq!(call(&broker, "POST", "/inbox/messages/head?timeout=0").await.0, 204, "nothing is there");
    let message = Message { message_id: Some("m".into()), subject: Some("L".into()), ..Message::text("{}") };
    send(&broker, message);
    let (status, headers, body) = call(&broker, "POST", "/inbox/messages/head?timeout=5").await;
    assert_eq!((status, body.as_slice()), (201, b"{}".as_slice()));
    let told = properties(&headers);
    assert_eq!((&told["MessageId"], &told["Label"], &told["DeliveryCount"]), (&json!("m"), &json!("L"), &json!(1)));
    let lock = lock_of(&headers);
    assert!(lock.starts_with("/inbox/messages/1/") && lock.ends_with(told["LockToken"].as_str().unwrap()), "{lock}");
    assert_eq!(call(&broker, "POST", "/inbox/messages/head?timeout=0").await.0, 204, "it is locked");

    assert_eq!(call(&broker, "PUT", &lock).await.0, 200);
    assert_eq!(call(&broker, "DELETE", &lock).await.0, 404, "the lock was given back");
    let (_, headers, _) = call(&broker, "POST", "/inbox/messages/head?timeout=5").await;
    assert_eq!(properties(&headers)["DeliveryCount"], 2);
    let lock = lock_of(&headers);
    broker.shift(Duration::from_secs(299));
    assert_eq!(call(&broker, "POST", &lock).await.0, 200, "renewed");
    broker.shift(Duration::from_secs(299));
    assert_eq!(call(&broker, "DELETE", &lock).await.0, 200);
    assert_eq!(call(&broker, "DELETE", &lock).await.0, 404);
    assert_eq!((broker.counts("inbox").active, broker.counts("inbox").completed), (0, 1));
}

#[tokio::test]
async fn a_lock_that_is_over_settles_nothing_and_the_message_comes_again() {
    let broker = broker(10);
    send(&broker, Message::text("a"));
    let lock = lock_of(&call(&broker, "POST", "/inbox/messages/head").await.1);
    broker.shift(Duration::from_secs(300));
    for method in ["DELETE", "PUT", "POST"] {
        assert_eq!(call(&broker, method, &lock).await.0, 404, "{method}");
    }
    assert_eq!(call(&broker, "POST", "/inbox/messages/head").await.0, 201);
}

#[tokio::test]
async fn a_dead_letter_queue_tells_why_and_hands_out_whatever_bytes_there_are() {
    let broker = broker(1);
    send(&broker, Message::foreign([0xff, 0x00]));
    let lock = lock_of(&call(&broker, "POST", "/inbox/messages/head").await.1);
    assert_eq!(call(&broker, "PUT", &lock).await.0, 200, "its one delivery is used up");
    for path in ["/inbox/$deadletterqueue/messages/head", "/Inbox/$DeadLetterQueue/messages/head"] {
        let (status, headers, body) = call(&broker, "POST", path).await;
        assert_eq!((status, body), (201, vec![0xff, 0x00]));
        assert_eq!(headers["deadletterreason"], "\"MaxDeliveryCountExceeded\"");
        let lock = lock_of(&headers);
        assert!(lock.contains("deadletterqueue") || lock.contains("DeadLetterQueue"), "{lock}");
        assert_eq!(call(&broker, "PUT", &lock).await.0, 200, "there is no limit to deliveries here");
    }
    let lock = lock_of(&call(&broker, "POST", "/inbox/$deadletterqueue/messages/head").await.1);
    assert_eq!(call(&broker, "DELETE", &lock).await.0, 200);
    assert_eq!(broker.counts("inbox").dead_lettered, 0);
}

#[tokio::test]
async fn a_destructive_read_hands_out_a_message_without_a_lock_and_it_is_gone() {
    let broker = broker(1);
    send(&broker, Message::text("a"));
    send(&broker, Message::text("dead"));
    let (status, headers, body) = call(&broker, "DELETE", "/inbox/messages/head?timeout=5").await;
    assert_eq!((status, body.as_slice()), (200, b"a".as_slice()));
    assert!(!headers.contains_key("location") && properties(&headers).get("LockToken").is_none(), "{headers:?}");
    let lock = lock_of(&call(&broker, "POST", "/inbox/messages/head").await.1);
    assert_eq!(call(&broker, "PUT", &lock).await.0, 200, "its one delivery is used up");
    let (status, headers, body) = call(&broker, "DELETE", "/inbox/$DeadLetterQueue/messages/head").await;
    assert_eq!((status, body.as_slice()), (200, b"dead".as_slice()));
    assert_eq!(headers["deadletterreason"], "\"MaxDeliveryCountExceeded\"");
    assert_eq!((broker.counts("inbox").active, broker.counts("inbox").dead_lettered), (0, 0));
    for path in ["/inbox/messages/head?timeout=0", "/inbox/$DeadLetterQueue/messages/head?timeout=0"] {
        assert_eq!(call(&broker, "DELETE", path).await.0, 204, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let broker = broker(1);
    let lock = format!("/inbox/messages/1/{}", Uuid::new_v4());
    for (method, path, status) in [
        ("POST", "/nowhere/messages/head", 410),
        ("POST", "/nowhere/$deadletterqueue/messages/head", 410),
        ("POST", "/inbox/subscriptions/messages/head", 410),
        ("DELETE", "/nowhere/messages/1/x", 410),
        ("DELETE", lock.as_str(), 404),
        ("DELETE", "/inbox/messages/1/x", 404),
        ("POST", "/inbox/messages/head?timeout=soon", 400),
        ("GET", "/inbox/messages/head", 405),
        ("PATCH", lock.as_str(), 405),
        ("POST", "/inbox/messages/1/2/3", 404),
    ] {
        assert_eq!(call(&broker, method, path).await.0, status, "{method} {path}");
    }
}
