//! What is parked is listed, explained, tried again and forgotten, as a person does it.

use serde_json::{Value, json};
use simulator::estate::{Assignment, Estate, Failure};

use crate::commands::run_on;
use crate::stage::{DEFINITION, Stage, account, events, land, record, subscription, until};

/// A resource that another policy forbids once, one that works, and two under an assignment whose identity has no roles.
fn estate() -> Estate {
    let scope = format!("/subscriptions/{}", subscription(0));
    let hopeless = record(0, 0, "Tag").failing(1, Failure::disallowed_by_policy(&account(0, 0), "Deny"));
    land(1)
        .with_assignment(
            Assignment::new(&scope, "Poor", DEFINITION).with_system_identity("p", "t", "westeurope").without_roles(),
        )
        .with_record(hopeless)
        .with_record(record(0, 1, "Tag"))
        .with_record(record(0, 2, "Poor"))
        .with_record(record(0, 3, "Poor"))
}

async fn parked() -> Stage {
    let estate = estate();
    let burst = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(burst).await;
    until("two causes are parked", || stage.count("parked") == 3 && stage.count("fixed") == 1 && stage.is_settled())
        .await;
    stage
}

fn items(listed: &Value) -> Vec<(String, String, u64)> {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let all = listed["items"].as_array().unwrap().iter();
    all.map(|item| (text(item, "what"), text(item, "reason"), item["holds"].as_u64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_listed_by_cause_and_tried_again_when_a_person_says_so() {
    let stage = parked().await;
    let listed = run_on(&stage, &["parked", "list", "--json"]).await;
    assert_eq!(listed.code, Some(3), "{}", listed.stderr);
    let one = |what: &str, reason: &str, holds| (what.to_owned(), reason.to_owned(), holds);
    let (target, resource) = (one("target", "missingPermission", 2), one("resource", "disallowedByPolicy", 1));
    assert_eq!(items(&listed.json()), [target.clone(), resource.clone()]);
    let scope = format!("/subscriptions/{}/resourceGroups/App-0", subscription(0));
    for (filter, expected) in [
        (vec!["--reason", "missingPermission"], vec![target.clone()]),
        (vec!["--assignment", "T*"], vec![resource.clone()]),
        (vec!["--scope", scope.as_str()], vec![resource.clone()]),
        (vec!["--reason", "flapping"], vec![]),
    ] {
        let listed = run_on(&stage, &[&["parked", "list", "--json"], filter.as_slice()].concat()).await;
        assert_eq!(
            (items(&listed.json()), listed.code),
            (expected.clone(), Some(if expected.is_empty() { 0 } else { 3 }))
        );
    }
    let shown = run_on(&stage, &["parked", "show"]).await.stdout;
    assert!(shown.contains("how to fix it") && shown.contains("RequestDisallowedByPolicy"), "{shown}");

    let nothing_said = run_on(&stage, &["parked", "retry"]).await;
    assert_eq!(nothing_said.code, Some(2), "everything must be asked for: {}", nothing_said.stderr);
    let before = stage.documents();
    let dry = run_on(&stage, &["parked", "retry", "--all", "--dry-run"]).await;
    assert_eq!((dry.code, stage.documents() == before), (Some(0), true));

    // The other policy is gone meanwhile: the resource alone is tried again, and the target stays parked.
    let retried = run_on(&stage, &["parked", "retry", &account(0, 0), "--json"]).await;
    assert_eq!((retried.code, &retried.json()["resources"]), (Some(0), &json!(1)), "{}", retried.stderr);
    until("it is fixed", || stage.complies(&crate::stage::assignment(0, "Tag"), &account(0, 0))).await;
    let again = run_on(&stage, &["parked", "retry", &account(0, 0)]).await;
    assert_eq!(again.code, Some(1), "what is named and not parked is an error: {}", again.stdout);

    stage.manager.amends(|estate| estate.assignments.iter_mut().for_each(|assignment| assignment.has_roles = true));
    let retried = run_on(&stage, &["parked", "retry", "--reason", "missingPermission", "--json"]).await;
    let done = retried.json();
    assert_eq!((&done["targets"], &done["held"], &done["woken"]), (&json!(1), &json!(2), &json!(1)), "{done}");
    stage.settled(4).await;
    assert_eq!(stage.count("fixed"), 4);
    assert_eq!(run_on(&stage, &["parked", "list"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_gone_until_a_newer_evaluation_tells_of_it() {
    let stage = parked().await;
    let cleared = run_on(&stage, &["parked", "clear", "--reason", "disallowedByPolicy", "--json"]).await;
    assert_eq!((cleared.code, &cleared.json()["resources"]), (Some(0), &json!(1)), "{}", cleared.stderr);
    assert_eq!(stage.state_of(&crate::stage::assignment(0, "Tag"), &account(0, 0)), Value::Null);
    let cleared = run_on(&stage, &["parked", "clear", "--all", "--json"]).await;
    assert_eq!((&cleared.json()["targets"], &cleared.json()["held"]), (&json!(1), &json!(2)));
    stage.settled(1).await;
    assert!(!stage.complies(&crate::stage::assignment(0, "Tag"), &account(0, 0)), "nothing was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_target_is_told_and_starts_again_when_a_person_says_so() {
    let stage = parked().await;
    let (blob, document) = stage.documents().into_iter().find(|(_, d)| d["parked"].is_object()).unwrap();
    let hash = blob.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let record = json!({ "version": 1, "target": document["target"], "reason": "it died", "deaths": 2,
        "since": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z" });
    let name = blob.replace("targets/", "stopped/");
    stage.azure.blobs().put("state", &name, record.to_string()).unwrap();
    let listed = run_on(&stage, &["parked", "list", "--reason", "stopped", "--json"]).await;
    assert_eq!(items(&listed.json()), [("stopped".to_owned(), "stopped".to_owned(), 2)]);
    let told = run_on(&stage, &["explain", &hash]).await;
    assert!(told.stdout.contains("It is stopped since") && told.stdout.contains("it died."), "{}", told.stdout);
    let kept = run_on(&stage, &["parked", "clear", "--reason", "stopped"]).await;
    assert_eq!((kept.code, stage.azure.blobs().get("state", &name).is_some()), (Some(3), true));
    let retried = run_on(&stage, &["parked", "retry", "--reason", "stopped", "--json"]).await;
    assert_eq!((retried.code, &retried.json()["stopped"]), (Some(0), &json!(1)), "{}", retried.stderr);
    assert!(stage.azure.blobs().get("state", &name).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_and_a_target_are_explained_in_sentences() {
    let stage = parked().await;
    let of_resource = run_on(&stage, &["explain", &account(0, 0)]).await;
    assert_eq!(of_resource.code, Some(3), "{}", of_resource.stderr);
    for words in [
        "It was first seen non-compliant",
        "parked for disallowedByPolicy",
        "policy-remediator parked retry /subscriptions/",
    ] {
        assert!(of_resource.stdout.contains(words), "{words} is missing in {}", of_resource.stdout);
    }
    let fixed = run_on(&stage, &["explain", &account(0, 1), "--json"]).await;
    let story = fixed.json()["stories"][0].clone();
    assert_eq!((fixed.code, &story["entry"]["state"]["is"]), (Some(0), &json!("fixed")));
    assert!(story["sentences"].to_string().contains("task succeeded"), "{story}");
    let assignment = crate::stage::assignment(0, "Poor");
    let of_assignment = run_on(&stage, &["explain", &assignment]).await;
    assert!(of_assignment.stdout.contains("The whole target is parked") && of_assignment.code == Some(3));
    let unknown = run_on(&stage, &["explain", &account(0, 9)]).await;
    assert!(unknown.code == Some(1) && unknown.stdout.contains("Nothing is known of it"), "{}", unknown.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_used_hides_no_other() {
    let stage = parked().await;
    let blob = format!("targets/{}/{}.json", subscription(0), "0123456789abcdef0123");
    stage.azure.blobs().put("state", &blob, r#"{"version":9}"#).unwrap();
    let listed = run_on(&stage, &["parked", "list", "--json"]).await;
    let told = listed.json();
    assert_eq!((items(&told).len(), &told["unusable"][0]["blob"]), (2, &json!(blob)), "{told}");
    assert!(listed.stderr.contains("cannot be used"), "{}", listed.stderr);
}
