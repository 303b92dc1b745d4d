//! Plan mode decides and touches nothing; switching to `act` goes on from what waits, with the very task that was shown.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use simulator::Service;

use crate::stage::{Stage, events, land, record, subscription, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_plan_mode_kept_waiting_is_remediated_after_the_switch_by_the_very_request_that_was_shown() {
    let mut estate = land(3).with_record(record(2, 0, "Tag"));
    for place in 0..5 {
        estate = estate.with_record(record(0, place, "Tag")).with_record(record(1, place, "Tag"));
    }
    let events = events(&estate);
    // Of the third subscription nothing is let through.
    let excluded = format!("/subscriptions/{}", subscription(2));
    let exclude = ("EXCLUDE_SCOPES", excluded.as_str());
    let mut stage = Stage::with(estate, &[("REMEDIATION_MODE", "plan"), exclude]).await;
    stage.deliver(events).await;
    // The last plan of a target is of all five.
    let plans = |stage: &Stage| -> BTreeMap<String, Value> {
        let tasks = stage.logged("plan").into_iter().filter(|plan| plan["task"] != "");
        tasks.map(|plan| (plan["target"].as_str().unwrap().to_owned(), plan)).collect()
    };
    until("a plan without a task is shown", || stage.logged("plan").iter().any(|plan| plan["task"] == "")).await;
    until("each target shows a plan of five", || {
        let plans = plans(&stage);
        plans.len() == 2 && plans.values().all(|plan| plan["count"] == 5)
    })
    .await;
    // What was shown is only mentioned after that.
    let shown_so_far = stage.logged("plan").len();
    let mentioned = || stage.logged("plan_unchanged").len();
    let before = mentioned();
    until("the targets are looked at again and again", || mentioned() > before + 6).await;
    assert_eq!(stage.logged("plan").len(), shown_so_far);
    for plan in stage.logged("plan") {
        let what = if plan["task"] == "" { "no task" } else { "this task" };
        let said = plan["message"].as_str().unwrap();
        assert!(said.starts_with(&format!("plan mode: {what} would be opened")), "{said}");
    }
    assert_eq!((stage.count("waiting"), stage.unfit()), (11, 11));
    assert!(stage.manager.tasks().is_empty());
    let writes = |stage: &Stage| {
        stage
            .azure
            .ledger()
            .filter(|e| e.service == Service::ResourceManager && e.method != "GET" && e.method != "POST")
    };
    assert!(writes(&stage).is_empty(), "{:#?}", writes(&stage));
    let shown = plans(&stage);

    stage.stop_worker().await;
    // Whatever the worker held comes back when its lock ends.
    stage.azure.broker().shift(Duration::from_secs(6 * 60));
    stage.start_worker(&[exclude], 1).await;
    stage.settled(11).await;
    assert_eq!((stage.unfit(), stage.count("fixed"), stage.count("skipped")), (1, 10, 1));
    let puts = writes(&stage);
    assert_eq!(puts.len(), 2);
    for put in puts {
        let name = put.path.rsplit('/').next().unwrap();
        let sent: Value = serde_json::from_slice(put.request_body.as_ref().unwrap()).unwrap();
        // The name carries the time at which it is given; the target stays.
        let target = name.split('-').nth(2).unwrap();
        let promised: Value = serde_json::from_str(shown[target]["request"].as_str().unwrap()).unwrap();
        assert_eq!(sent, promised, "{name}");
    }
    stage.at_rest().await;
}
