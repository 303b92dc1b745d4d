//! What Resource Manager refuses the worker itself is told once, however many targets it holds, and is tried again more and more
//! rarely; what passes in a moment parks nobody; and when it is answered again, everything goes on by itself.

use std::time::Duration;

use serde_json::json;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{DEFINITION, Stage, assignment, event, events, land, plot, record, subscription, until};

/// Nothing is asked for ever: it is parked, and then it is quiet.
async fn ends(stage: &Stage) {
    until("it is parked", || stage.logged("subscription_parked").len() == 1 && stage.host().idle()).await;
    let looks = || stage.logged("target_reconciled").iter().filter(|l| l["idle"] == "unanswered").count();
    until("it rests", || stage.count("waiting") == 0).await;
    let before = looks();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(looks(), before, "{:?}", stage.logged("question_unanswered").last());
    assert!(
        stage.logged("target_parked").len() == 1 || stage.count("waiting") == 0,
        "nobody is told, and it goes on for ever"
    );
    assert!(stage.logged("question_unanswered").len() < 10);
}

fn refuse(stage: &Stage, path: &str, kind: Kind) {
    stage.azure.faults().add(Rule::new("refused", Service::ResourceManager, Which::Always, kind).path_contains(path));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_does_not_exist_is_given_up_at_last() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let mut event = events(&estate).remove(0);
    let other = "99999999-5fa0-414c-8145-000000000000";
    let text = event.to_string().replace(&subscription(0), other);
    event = serde_json::from_str(&text).unwrap();
    event["id"] = json!("x");
    // A park that lasts for seconds shows that the chain ends.
    let stage = Stage::with(estate, &[("PARK_FOR", "3s"), ("CHECK_INTERVAL_MIN", "20ms"), ("FLAP_WINDOW", "1d")]).await;
    stage.deliver(vec![event]).await;
    ends(&stage).await;
    until("it is given up", || stage.count("skipped") == 1 && stage.host().idle()).await;
    let document = stage.documents().into_values().next().unwrap();
    assert_eq!((&document["wakeAt"], &document["parked"]), (&json!(null), &json!(null)), "its chain has ended");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_may_not_read_policy_states_says_so_once_and_goes_on_when_it_may() {
    let estate = plot(land(1), 0, "Other", DEFINITION);
    let estate = estate.with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Other"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("CHECK_INTERVAL_MIN", "20ms"), ("PARK_FOR", "8s")]).await;
    refuse(&stage, "/policyStates/", Kind::Status(403));
    stage.deliver(all).await;
    ends(&stage).await;
    let said = stage.told("subscription_parked", 1).await.remove(0);
    assert_eq!(said["reason"], "workerLacksPermission");
    assert!(
        said["words"].as_str().unwrap().contains("Microsoft.PolicyInsights/policyStates/queryResults/action"),
        "{said}"
    );
    stage.azure.faults().remove("refused");
    until("all is fixed", || stage.unfit() == 0).await;
    stage.settled(2).await;
    stage.told("subscription_unparked", 1).await;
    assert!(stage.logged("target_parked").len() <= 1);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_another_tenant_is_given_up_at_last() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("CHECK_INTERVAL_MIN", "20ms")]).await;
    refuse(&stage, "/", Kind::Status(401));
    stage.deliver(all).await;
    ends(&stage).await;
    stage.azure.faults().remove("refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_a_moment_parks_nobody() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let one = event(&estate, &estate.records[0]);
    let stage = Stage::start(estate).await;
    let moment = Rule::new("moment", Service::ResourceManager, Which::First(2), Kind::Status(403));
    stage.azure.faults().add(moment.path_contains("/policyStates/"));
    stage.deliver(vec![one]).await;
    stage.settled(1).await;
    assert!(stage.complies(&assignment(0, "Tag"), &crate::stage::account(0, 0)));
    assert_eq!(stage.logged("subscription_parked").len() + stage.logged("target_parked").len(), 0);
    stage.at_rest().await;
}
