//! What harms the worker is found and given up alone; what a service, a kill or a crowd does counts against nothing.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use serde_json::{Value, json};
use simulator::Service;
use simulator::estate::Estate;
use simulator::faults::{Kind, Rule, Which};
use simulator::functions_host::Phase;

use crate::stage::{Expected, Stage, account, assignment, land, observation, record, subscription, until};

fn plenty(count: usize) -> (Estate, Vec<String>) {
    let estate = (0..count).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let bodies = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    (estate, bodies)
}

/// A batch as the host hands it out, delivered for the n-th time.
fn batch(bodies: &[String], delivery: u32) -> String {
    json!({
        "Data": { "messages": json!(bodies).to_string() },
        "Metadata": { "DeliveryCountArray": json!(vec![delivery; bodies.len()]).to_string() },
    })
    .to_string()
}

fn marks(stage: &Stage) -> usize {
    stage.azure.blobs().list("state", "suspects/").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_come_often_goes_through_together_and_at_full_speed() {
    let (estate, bodies) = plenty(60);
    let stage = Stage::with(estate, &[("INVOCATION_BUDGET", "3s")]).await;
    let slow = Rule::new("slow", Service::Blob, Which::Always, Kind::Delay(Duration::from_millis(100)));
    stage.azure.faults().add(slow);
    let mut tries = 0;
    loop {
        let begun = Instant::now();
        let (status, _, answer) = stage.ask("POST", "/collect", &batch(&bodies, 5)).await;
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
        tries += 1;
        if status == 200 {
            break;
        }
        assert!(tries < 9, "on the slowest machine it comes to an end: {answer}");
    }
    let calls = stage.azure.faults().hits("slow");
    assert!(calls <= 20 * tries, "{calls} calls of storage for one target in {tries} tries");
    assert_eq!(marks(&stage), 0);
    stage.azure.faults().clear();
    stage.settled(60).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_mark_that_cannot_be_used_or_written_holds_up_nothing() {
    let (estate, bodies) = plenty(3);
    let stage = Stage::start(estate).await;
    let blobs = stage.azure.blobs();
    for (n, unusable) in ["no json", r#"{"version":7}"#, "{}"].into_iter().enumerate() {
        blobs.put("state", &format!("suspects/collect/group-{n}.json"), unusable).unwrap();
    }
    assert_eq!(stage.ask("POST", "/collect", &batch(&bodies[..1], 9)).await.0, 200);
    assert_eq!((stage.logged("mark_unusable").len(), marks(&stage)), (3, 0), "told once");
    for status in [403, 400] {
        let refused = Rule::new("refused", Service::Blob, Which::Always, Kind::Status(status));
        stage.azure.faults().add(refused.path_contains("suspects"));
        assert_eq!(stage.ask("POST", "/collect", &batch(&bodies, 9)).await.0, 200, "{status}");
    }
    stage.azure.faults().clear();
    stage.settled(3).await;
    stage.at_rest().await;
}

/// A target whose pass kills the worker, as soon as its wake-up is there.
async fn deadly() -> Stage {
    let estate = land(2).with_record(record(0, 0, "Tag")).with_record(record(1, 0, "Tag"));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let deadly = Rule::new("deadly", Service::Blob, Which::Always, Kind::KillBefore);
    stage.azure.faults().add(deadly.method("GET").path_contains(format!("subscriptions%2F{}", subscription(0))));
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&[("OPENING_GRACE", "200ms"), ("PARK_FOR", "1h")], 1).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_the_worker_dies_of_is_stopped_and_not_met_again_however_it_comes() {
    let stage = deadly().await;
    until("the target is stopped", || !stage.logged("target_stopped").is_empty()).await;
    until("the other target goes on", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;
    until("nothing is under way", || stage.host().idle()).await;
    let deaths = stage.azure.faults().hits("deadly");
    assert!(deaths < 10, "{deaths}");
    let record: Value = {
        let stopped = stage.azure.blobs().list("state", "stopped/");
        assert_eq!(stopped.len(), 1);
        serde_json::from_slice(&stopped[0].content).unwrap()
    };
    assert!(record["reason"].as_str().unwrap().contains("the worker died 2 times"), "{record}");
    // By sweep, under a new generation, and again and again.
    let document = stage.documents().into_values().find(|document| document["target"] == record["target"]).unwrap();
    let wake_up = |generation: u64| json!({ "version": 1, "target": record["target"], "generation": generation });
    let generation = document["generation"].as_u64().unwrap();
    stage.host().fire("sweep").await.unwrap().unwrap();
    let completed = stage.azure.broker().counts("wake-ups").completed;
    stage.enqueue("wake-ups", (0..20).map(|n| wake_up(generation + n).to_string()));
    until("all are passed over", || stage.azure.broker().counts("wake-ups").completed >= completed + 20).await;
    assert_eq!(stage.azure.faults().hits("deadly"), deaths, "the same death was met again");
    assert_eq!(stage.logged("target_stopped").len(), 1, "told once, not with every message");
    assert_eq!((stage.rejected().len(), marks(&stage)), (1, 0));

    // A person has found the cause, and ends the stop.
    stage.azure.faults().clear();
    let stopped = stage.azure.blobs().list("state", "stopped/").remove(0).name;
    assert!(stage.azure.blobs().delete("state", &stopped));
    while stage.logged("target_healed").is_empty() {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    until("it goes on", || stage.complies(&assignment(0, "Tag"), &account(0, 0))).await;
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_target_is_not_read_for_wider_guard_rails_either() {
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let deadly = Rule::new("deadly", Service::Blob, Which::Always, Kind::KillBefore);
    stage.azure.faults().add(deadly.method("GET").path_contains(format!("subscriptions%2F{}", subscription(0))));
    stage.enqueue("noncompliant-resources", bodies);
    let settings = [("OPENING_GRACE", "200ms"), ("PARK_FOR", "1h")];
    stage.start_worker(&[settings[0], settings[1], ("EXCLUDE_SCOPES", "*/resourceGroups/App-1")], 1).await;
    until("the target is stopped", || !stage.logged("target_stopped").is_empty()).await;
    until("nothing is under way", || stage.host().idle()).await;
    assert_eq!(stage.state_of(&assignment(0, "Tag"), &account(0, 1))["reason"], "scopeExcluded");

    // Now it is its own document that kills.
    let document = stage.documents().into_keys().next().unwrap();
    let hash = document.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    stage.azure.faults().clear();
    let deadly = Rule::new("deadly", Service::Blob, Which::Always, Kind::KillBefore);
    stage.azure.faults().add(deadly.method("GET").path_contains(format!("{hash}.json")));
    stage.stop_worker().await;
    stage.start_worker(&settings, 1).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.told("swept", 1).await;
    assert_eq!(stage.azure.faults().hits("deadly"), 0, "it was read");

    stage.azure.faults().clear();
    let stopped = stage.azure.blobs().list("state", "stopped/").remove(0).name;
    assert!(stage.azure.blobs().delete("state", &stopped));
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("both are fixed", || stage.count("fixed") == 2).await;
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_waits_costs_no_item() {
    let (estate, bodies) = plenty(3);
    let stage = Stage::start(estate).await;
    let waits = Rule::new("waits", Service::Blob, Which::Always, Kind::Status(503));
    stage.azure.faults().add(waits.path_contains("targets"));
    for _ in 0..3 {
        // From the second time on a death has left a mark of this item, and it is handled alone.
        let starts = stage.host().starts(0);
        let one = batch(&bodies[..1], 9);
        let call = stage.ask("POST", "/collect", &one);
        let killed = async {
            let late = |blob: &Value| blob["late"] == true;
            until("the mark says that it takes long", || {
                let marks = stage.azure.blobs().list("state", "suspects/");
                marks.iter().any(|blob| late(&serde_json::from_slice(&blob.content).unwrap()))
            })
            .await;
            stage.host().kill(0);
            std::future::pending::<()>().await;
        };
        // The call ends with the worker.
        tokio::select! { ended = AssertUnwindSafe(call).catch_unwind() => assert!(ended.is_err()), () = killed => {} }
        let is_ready = || matches!(*stage.host().phase(0).unwrap().borrow(), Phase::Ready { .. });
        until("it has started again", || stage.host().starts(0) > starts && is_ready()).await;
    }
    stage.azure.faults().clear();
    assert_eq!(stage.ask("POST", "/collect", &batch(&bodies, 9)).await.0, 200);
    stage.settled(3).await;
    assert_eq!((stage.rejected().len(), stage.unfit()), (0, 0));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_invocation_with_a_thousand_messages_ends_in_time_and_loses_nothing() {
    // A thousand observations of ten resources under a hundred assignments; a thousand wake-ups of their targets.
    const TARGETS: usize = 100;
    let (estate, good) = plenty(10);
    let observed = |target: usize, body: &String| {
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["policyAssignmentId"] = json!(assignment(0, &format!("a{target}")));
        body.to_string()
    };
    let many: Vec<String> = (0..TARGETS)
        .flat_map(|n| good.iter().map(|body| (n, body)).collect::<Vec<_>>())
        .map(|(n, body)| observed(n, body))
        .collect();
    let unreadable = vec!["nonsense".to_owned(); 100];
    // Nothing is due: what is stored stays as it is.
    let stage = Stage::with(estate, &[("SETTLE_DELAY", "1h")]).await;
    let begun = Instant::now();
    let (collected, rejected) = (batch(&many, 1), batch(&unreadable, 1));
    let (collected, rejected) =
        tokio::join!(stage.ask("POST", "/collect", &collected), stage.ask("POST", "/collect", &rejected));
    assert_eq!((collected.0, rejected.0), (200, 200), "{} {}", collected.2, rejected.2);
    let documents = stage.documents();
    assert_eq!((documents.len(), stage.count("waiting")), (TARGETS, many.len()));
    let wake_up = |document: &Value| json!({ "version": 1, "target": document["target"], "generation": 1 }).to_string();
    let wake_ups: Vec<String> = documents.values().cycle().take(many.len()).map(wake_up).collect();
    let (status, _, answer) = stage.ask("POST", "/remediate", &batch(&wake_ups, 1)).await;
    assert_eq!(status, 200, "{answer}");
    // Two of them, within the budget of one.
    assert!(begun.elapsed() < Duration::from_secs(150), "{:?}", begun.elapsed());
    // Each is still to be woken, by the wake-up that it had or by a newer one.
    let scheduled = stage.azure.broker().counts("wake-ups").scheduled;
    assert!(scheduled >= TARGETS, "{scheduled} wake-ups");
    assert!(stage.documents().values().all(|document| document["wakeAt"].is_string()));
    // All that cannot be read is of one text, and so one item.
    stage.at_rest_with(Expected { rejected: 1, waiting: many.len() }).await;
}
