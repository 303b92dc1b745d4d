//! A host that is asked to stop: what is going on may end, for ten seconds where a queue began it. Recordings `shutdown` and
//! `servicebus-host-stops`.

use serde_json::json;
use simulator::{functions_host::LogStream, service_bus::Message};

use crate::support::{Gate, LIMIT, broker, options, send_to, start, until};

#[tokio::test]
async fn a_running_batch_is_waited_for_and_completed_and_no_other_begins() {
    let (broker, gate) = (broker(10), Gate::closed());
    let host = start(&broker, options(&[])).await;
    broker.send("work", vec![Message::text(gate.word())]).unwrap().unwrap();
    until(|| !crate::support::seen(&host, "/collect").is_empty()).await;
    let mut lines = host.subscribe();
    let stopping = tokio::spawn(host.host.stop());
    while lines.recv().await.unwrap().text != "Stopping JobHost" {}
    // What comes now is for the next host.
    broker.send("work", vec![Message::text("later")]).unwrap().unwrap();
    gate.open();
    let log = tokio::time::timeout(LIMIT, stopping).await.unwrap().unwrap();
    let counts = broker.counts("work");
    assert_eq!((counts.completed, counts.active, counts.locked), (1, 1, 0));
    assert!(log.iter().any(|line| line.stream == LogStream::Host && line.text == "Job host stopped"));
    assert!(!log.iter().any(|line| line.text.contains("Failed")), "{log:#?}");
}

#[tokio::test]
async fn a_batch_that_takes_longer_than_ten_seconds_stays_locked() {
    let (broker, gate) = (broker(10), Gate::closed());
    let host = start(&broker, options(&[])).await;
    broker.send("work", vec![Message::text(gate.word())]).unwrap().unwrap();
    until(|| !crate::support::seen(&host, "/collect").is_empty()).await;
    let log = tokio::time::timeout(LIMIT, host.host.stop()).await.unwrap();
    assert_eq!((broker.counts("work").completed, broker.counts("work").locked), (0, 1));
    assert!(!log.iter().any(|line| line.text == "Job host stopped"));
}

#[tokio::test]
async fn a_request_that_is_going_on_is_answered() {
    let (broker, gate) = (broker(10), Gate::closed());
    let host = start(&broker, options(&[])).await;
    let delivery = tokio::spawn(host.deliver("receive-event", vec![json!({ "id": gate.word(), "data": {} })]));
    until(|| !crate::support::seen(&host, "/receive-event").is_empty()).await;
    let address = host.address();
    let stopping = tokio::spawn(host.host.stop());
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    // The real host's port is closed by now; the one here stays open, and says that it takes no more.
    while send_to(address, request).await.status != 503 {}
    gate.open();
    assert_eq!(delivery.await.unwrap().delivered, 1);
    tokio::time::timeout(LIMIT, stopping).await.unwrap().unwrap();
}
