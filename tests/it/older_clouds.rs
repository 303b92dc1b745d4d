//! A cloud that lacks an api-version is worked with by an older one, but for what only the newer can say: a task for listed
//! resources is never asked for where its filter would be passed over.

use serde_json::json;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record, until};

const RESOURCES: usize = 3;
const LACKING: &str = r#"{"error":{"code":"NoRegisteredProviderFound","message":"No registered resource provider found for location 'here' and API version '2024-10-01' for type 'remediations'. The supported api-versions are '2018-07-01-preview, 2019-07-01, 2021-10-01, 2023-01-01-preview'. The supported locations are ''."}}"#;

async fn stage(method: Option<&str>) -> Stage {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let events = events(&estate);
    let stage = Stage::with(estate, &[("MAX_ATTEMPTS", "2")]).await;
    let lacking = Kind::Answer { status: 400, body: LACKING };
    let methods = method.map_or(vec!["GET", "POST", "PUT"], |method| vec![method]);
    for method in methods {
        let rule = Rule::new(method, Service::ResourceManager, Which::Always, lacking).method(method);
        stage.azure.faults().add(rule.path_contains("/remediations").query_contains("api-version=2024-10-01"));
    }
    stage.deliver(events).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_version_can_do_is_done_by_it_and_said_once() {
    let stage = stage(Some("GET")).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES));
    let told = stage.logged("api_version_lacking");
    let mut calls: Vec<&str> = told.iter().filter_map(|line| line["call"].as_str()).collect();
    calls.sort_unstable();
    assert_eq!(calls, ["listTasks", "readTask"], "{told:#?}");
    assert!(told.iter().all(|line| line["used"] == "2021-10-01"), "{told:#?}");
    // Known from then on.
    assert_eq!(stage.azure.faults().hits("GET"), 2);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_for_listed_resources_is_not_asked_for_without_its_filter() {
    let stage = stage(None).await;
    until("all are parked", || stage.count("parked") == RESOURCES).await;
    let puts = stage.azure.ledger().filter(|e| e.method == "PUT" && e.path.contains("/remediations/"));
    assert!(!puts.is_empty() && puts.iter().all(|put| put.query.contains("api-version=2024-10-01")), "{puts:#?}");
    assert_eq!(stage.manager.tasks().len(), 0);
    let document = stage.documents().into_values().next().unwrap();
    for (id, entry) in document["resources"].as_object().unwrap() {
        let words = entry["state"]["words"].as_str().unwrap_or_default();
        assert!(
            words.contains("does not take api-version 2024-10-01") && words.contains("2021-10-01"),
            "{id}: {entry}"
        );
        assert_eq!(entry["state"]["reason"], json!("attemptsUsedUp"));
    }
    stage.at_rest().await;
}
