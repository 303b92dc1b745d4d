//! Runs over very many subscriptions, of which each fifth is delegated, with budgets of calls as they were recorded.

use serde_json::json;
use simulator::Service;
use simulator::estate::Estate;
use simulator::resource_manager::Allowance;
use simulator_demo::judgement::too_early;

use crate::stage::{Stage, land, record, subscription, until};

const SUBSCRIPTIONS: usize = 1_000;
/// One of so many is delegated.
const DELEGATED: usize = 5;
const CUSTOMER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";

fn estate(subscriptions: usize) -> Estate {
    let mut estate = land(subscriptions);
    for number in 0..subscriptions {
        if number < subscriptions / DELEGATED {
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

/// The message of a run over so many subscriptions.
fn run(subscriptions: usize, is_dry: bool) -> String {
    let scopes: Vec<String> =
        (0..subscriptions).map(|number| format!("/subscriptions/{}", subscription(number))).collect();
    json!({ "version": 1, "runId": "all", "scopes": scopes, "dryRun": is_dry }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_subscriptions_are_looked_through_within_the_recorded_budgets() {
    let mut stage = Stage::without_worker(estate(SUBSCRIPTIONS)).await;
    let _ = stage.manager.clone().with_allowance(Allowance::recorded());
    stage.start_worker(&[("ESCALATE_ABOVE", "10")], 1).await;
    stage.enqueue("batch-runs", [run(SUBSCRIPTIONS, true)]);
    let ended = stage.told("run_ended", 1).await;
    let of = |name: &str| ended[0][name].as_u64().unwrap();
    assert_eq!((of("subscriptions"), of("targets"), of("resources"), of("troubles")), (1_000, 1_000, 3_900, 0));
    assert_eq!((of("questions"), stage.calls("queryGraph"), stage.calls("queryStates")), (5, 5, 0));
    println!("1,000 subscriptions, 200 delegated: {} questions, {} s", of("questions"), of("seconds"));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_finds_in_very_many_subscriptions_is_fixed_within_the_recorded_budgets() {
    let subscriptions = 40;
    let estate = estate(subscriptions);
    let resources = estate.records.len();
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.ledger().keep_bodies(false);
    let _ = stage.manager.clone().with_allowance(Allowance::recorded());
    let settings = [
        ("ESCALATE_ABOVE", "10"),
        ("FACTS_TTL", "10m"),
        ("CHECK_INTERVAL_MIN", "2s"),
        ("CHECK_INTERVAL_MAX", "8s"),
        ("RUST_LOG", "warn,policy_remediator=info"),
    ];
    stage.start_worker(&settings, 1).await;
    let begun = std::time::Instant::now();
    stage.enqueue("batch-runs", [run(subscriptions, false)]);
    assert_eq!(stage.told("run_ended", 1).await[0]["troubles"], 0);
    for tenth in 1..=10 {
        until(&format!("{tenth} tenths are fixed"), || {
            stage.host().peak_rss_bytes(0) > 0 && stage.count("fixed") >= resources * tenth / 10
        })
        .await;
    }
    stage.settled(resources).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (resources, 0));
    let entries = stage.azure.ledger().of(Service::ResourceManager);
    let (writes, refused) = (
        entries.iter().filter(|entry| entry.method == "PUT").count(),
        entries.iter().filter(|entry| entry.status == Some(429)).count(),
    );
    println!(
        "{subscriptions} subscriptions, {} delegated: {resources} fixed in {:.0} s with {} calls, {writes} of them writes; {refused} refused \
         for want of budget; {} MiB at most",
        subscriptions / DELEGATED,
        begun.elapsed().as_secs_f64(),
        entries.len(),
        stage.host().peak_rss_bytes(0) >> 20,
    );
    let early = too_early(&entries);
    assert!(early.is_empty(), "calls before their Retry-After: {early:#?}");
    stage.at_rest().await;
}
