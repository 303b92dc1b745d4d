//! A document that cannot be used stops exactly its own target, and everything goes on when it can be used again.

use serde_json::{Value, json};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, observation, plot, record, until};

const FAST: [(&str, &str); 1] = [("OPENING_GRACE", "200ms")];

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_document_stops_its_own_target_only() {
    let estate = plot(land(1), 0, "Other", DEFINITION)
        .with_record(record(0, 0, "Tag"))
        .with_record(record(0, 0, "Other"))
        .with_record(record(0, 1, "Other"));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(vec![all[0].clone()]).await;
    stage.settled(1).await;
    // A newer worker (rolled back since) has the first target, and an open task of it.
    let (name, mut document) = stage.documents().into_iter().next().unwrap();
    document["version"] = json!(2);
    stage.azure.blobs().put("state", &name, document.to_string()).unwrap();
    let hash = name.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let subscription = stage.azure.blobs().list("state", "subscriptions/").remove(0);
    let mut claims: Value = serde_json::from_slice(&subscription.content).unwrap();
    claims["claims"][&hash] = json!({ "task": format!("pr-{hash}-99"), "resources": [account(0, 0).to_lowercase()] });
    stage.azure.blobs().put("state", &subscription.name, claims.to_string()).unwrap();

    // Events of another target: one resource is claimed, the other is free.
    stage.deliver(vec![all[1].clone(), all[2].clone()]).await;
    until("what nobody claims goes on", || stage.complies(&assignment(0, "Other"), &account(0, 1))).await;
    until("the claim is told to stand", || !stage.logged("claim_stands").is_empty()).await;
    until("the blocked one rests", || {
        stage.logged("target_reconciled").iter().any(|line| line["idle"] == "blocked" && line["wake_at"] != "")
    })
    .await;
    let stopped = stage.logged("target_stopped");
    assert!(stopped.iter().all(|line| line["target"] == hash.as_str()), "only its own target is stopped: {stopped:#?}");
    assert!(!stage.complies(&assignment(0, "Other"), &account(0, 0)), "the claim holds");

    // The newer worker's task has ended, and this worker can read the document again.
    document["version"] = json!(1);
    stage.azure.blobs().put("state", &name, document.to_string()).unwrap();
    until("the blocked one goes on", || stage.complies(&assignment(0, "Other"), &account(0, 0))).await;
    stage.settled(3).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_document_of_a_subscription_blocks_its_targets_until_it_can_be_read() {
    let estate = land(2).with_record(record(0, 0, "Tag")).with_record(record(1, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &FAST).await;
    let name = format!("subscriptions/{}.json", crate::stage::subscription(0));
    stage.azure.blobs().put("state", &name, "no json").unwrap();
    stage.deliver(all).await;
    until("it is told", || {
        stage.logged("target_stopped").iter().any(|line| line["reason"].to_string().contains(&name))
    })
    .await;
    until("the other subscription goes on", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;
    until("nothing is under way", || stage.host().idle()).await;
    assert!(!stage.complies(&assignment(0, "Tag"), &account(0, 0)));
    let told = stage.logged("target_stopped");
    assert!(told.len() < 10 && told.iter().all(|line| line["target"].is_string()), "no tight loop: {told:#?}");

    assert!(stage.azure.blobs().delete("state", &name));
    while stage.logged("target_healed").is_empty() {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    stage.settled(2).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_seen_of_an_unusable_document_waits_with_growing_pauses_and_is_told_once_a_pass() {
    let estate = (0..30).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(vec![all[0].clone()]).await;
    stage.settled(1).await;
    let (name, document) = stage.documents().into_iter().next().unwrap();
    for unusable in ["{", "[1]", "{}", r#"{"version":2}"#] {
        stage.azure.blobs().put("state", &name, unusable).unwrap();
        let before = stage.logged("target_stopped").len();
        if unusable == "{" {
            stage.enqueue("noncompliant-resources", bodies[1..].to_vec());
        }
        until("a pass has ended", || stage.logged("target_stopped").len() > before).await;
    }
    let told = stage.logged("target_stopped");
    assert!(told.iter().all(|line| line["observations"].as_u64().unwrap() >= 1 && line["until"].is_string()));
    stage.azure.blobs().put("state", &name, document.to_string()).unwrap();
    stage.settled(30).await;
    assert_eq!((stage.unfit(), stage.rejected().len()), (0, 0));
    stage.at_rest().await;
}
