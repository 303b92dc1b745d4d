//! A run over an estate of a thousand subscriptions, of which two hundred are delegated, with budgets of calls as they were recorded.

use serde_json::json;
use simulator::estate::Estate;
use simulator::resource_manager::Allowance;

use crate::stage::{Stage, land, record, subscription};

const SUBSCRIPTIONS: usize = 1_000;
const DELEGATED: usize = 200;
const CUSTOMER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";

fn estate() -> Estate {
    let mut estate = land(SUBSCRIPTIONS);
    for number in 0..SUBSCRIPTIONS {
        if number < DELEGATED {
            let of_one = &mut estate.subscriptions[number];
            of_one.managed_by = vec![std::mem::replace(&mut of_one.tenant, CUSTOMER.to_owned())];
            of_one.parent = None;
        }
        // Of each tenth subscription the target is large.
        let count = if number % 10 == 0 { 12 } else { 3 };
        estate = (0..count).fold(estate, |estate, place| estate.with_record(record(number, place, "Tag")));
    }
    estate
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_subscriptions_are_looked_through_within_the_recorded_budgets() {
    let mut stage = Stage::without_worker(estate()).await;
    let _ = stage.manager.clone().with_allowance(Allowance::recorded());
    stage.start_worker(&[("ESCALATE_ABOVE", "10")], 1).await;
    let scopes: Vec<String> =
        (0..SUBSCRIPTIONS).map(|number| format!("/subscriptions/{}", subscription(number))).collect();
    let body = json!({ "version": 1, "runId": "all", "scopes": scopes, "dryRun": true }).to_string();
    stage.enqueue("batch-runs", [body]);
    let ended = stage.told("run_ended", 1).await;
    let of = |name: &str| ended[0][name].as_u64().unwrap();
    assert_eq!((of("subscriptions"), of("targets"), of("resources"), of("troubles")), (1_000, 1_000, 3_900, 0));
    assert_eq!((of("questions"), stage.calls("queryGraph"), stage.calls("queryStates")), (5, 5, 0));
    println!("1,000 subscriptions, 200 delegated: {} questions, {} s", of("questions"), of("seconds"));
    stage.at_rest().await;
}
