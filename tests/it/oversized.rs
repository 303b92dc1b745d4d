//! Answers with more bytes than the worker reads, and requests with more than a service takes: told in plain words, and nothing is
//! lost.

use std::sync::LazyLock;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::{Entity, Message};

use crate::stage::{Stage, account, assignment, events, land, observation, record, subscription, until};

/// A little more than the 64 MiB that are read of an answer.
static TOO_LARGE: LazyLock<String> = LazyLock::new(|| "x".repeat(65 * 1024 * 1024));

fn oversized(stage: &Stage, service: Service, method: &str, path: &str) {
    let rule = Rule::new(path, service, Which::First(1), Kind::Answer { status: 200, body: TOO_LARGE.as_str() });
    stage.azure.faults().add(rule.method(method).path_contains(path));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_told_and_costs_no_item_whatever_service_sends_it() {
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"));
    let dead = observation(&estate.records[1], estate.records[1].evaluated_at).to_string();
    let event = events(&estate).remove(0);
    let mut stage = Stage::without_worker(estate).await;
    let (broker, entity) = (stage.azure.broker(), Entity::queue("noncompliant-resources"));
    broker.send("noncompliant-resources", vec![Message::text(dead)]).unwrap().unwrap();
    let token = broker.receive(&entity, 1).unwrap()[0].lock_token;
    broker.dead_letter(&entity, token, "MaxDeliveryCountExceeded", "").unwrap();
    let paths = [
        (Service::Blob, "GET", "/state/targets"),
        (Service::ServiceBus, "POST", "/wake-ups/messages"),
        (Service::ServiceBus, "POST", "/noncompliant-resources/$deadletterqueue/"),
        (Service::ResourceManager, "GET", "/policyAssignments"),
        (Service::ResourceManager, "POST", "/listDeployments"),
        (Service::ResourceManager, "PUT", "/remediations/pr-"),
    ];
    for (service, method, path) in paths {
        oversized(&stage, service, method, path);
    }
    stage.start_worker(&[("INVOCATION_BUDGET", "4s")], 1).await;
    stage.deliver(vec![event]).await;
    stage.settled(1).await;
    while stage.azure.broker().counts("noncompliant-resources").dead_lettered > 0 {
        stage.host().fire("recover").await.unwrap().unwrap();
    }
    stage.settled(2).await;
    for (_, method, path) in paths {
        assert_eq!(stage.azure.faults().hits(path), 1, "{method} {path} was never asked");
    }
    assert_eq!((stage.unfit(), stage.count("fixed"), stage.rejected().len()), (0, 2, 0));
    let told: Vec<String> = stage.log().iter().map(ToString::to_string).collect();
    let told = told.iter().filter(|line| line.contains("more than 67108864 bytes")).count();
    assert!(told >= 3, "{told}");
    assert!(stage.logged("panic").is_empty());
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_is_too_large_to_be_a_document_stops_its_own_target_only() {
    let estate = land(2).with_record(record(0, 0, "Tag")).with_record(record(1, 0, "Tag"));
    let (name, all) = (format!("subscriptions/{}.json", subscription(0)), events(&estate));
    let stage = Stage::with(estate, &[("OPENING_GRACE", "200ms")]).await;
    stage.azure.blobs().put("state", &name, TOO_LARGE.as_str()).unwrap();
    stage.deliver(all).await;
    until("it is told", || stage.logged("target_stopped").iter().any(|it| it["reason"].to_string().contains(&name)))
        .await;
    until("the other goes on", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;
    assert!(stage.azure.blobs().delete("state", &name));
    while !stage.complies(&assignment(0, "Tag"), &account(0, 0)) {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    stage.settled(2).await;
    stage.at_rest().await;
}

/// A service that takes nothing that is about the first of two targets, as too large, for a while.
async fn refused(service: Service, method: &str, path: &str, told: &str) {
    let estate = land(2).with_record(record(0, 0, "Tag")).with_record(record(1, 0, "Tag"));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let rule = Rule::new("too large", service, Which::Always, Kind::Status(413)).method(method);
    stage.azure.faults().add(rule.path_contains(path).body_contains(subscription(0)));
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&[("OPENING_GRACE", "200ms")], 1).await;
    until("the other is fixed", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;
    until("it is told", || !stage.logged(told).is_empty()).await;
    assert!(stage.rejected().is_empty() && !stage.complies(&assignment(0, "Tag"), &account(0, 0)), "{service}");
    stage.azure.faults().remove("too large");
    while !stage.complies(&assignment(0, "Tag"), &account(0, 0)) {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    stage.settled(2).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_storage_or_service_bus_refuses_as_too_large_stops_its_own_target_only_and_until_it_is_taken() {
    tokio::join!(
        refused(Service::Blob, "PUT", "targets%2F", "target_stopped"),
        refused(Service::ServiceBus, "POST", "/wake-ups/messages", "wake_up_refused"),
    );
}
