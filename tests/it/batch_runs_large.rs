//! Runs over very many subscriptions, of which each fifth is delegated, with budgets of calls as they were recorded.

use std::time::Duration;

use simulator::resource_manager::Allowance;

use crate::stage::{Many, Stage};

const ALL: Many = Many(1_000);
const FEW: Many = Many(40);
/// The longest time of an invocation by default.
const BUDGET: Duration = Duration::from_secs(150);
/// Tasks that may be tried in vain, each half a minute after the one before.
const TRIED: usize = 5;
/// What the worker may need of memory.
const MEMORY: u64 = 128 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_subscriptions_are_looked_through_within_the_recorded_budgets() {
    let mut stage = Stage::without_worker(ALL.estate()).await;
    let _ = stage.manager.clone().with_allowance(Allowance::recorded());
    stage.start_worker(&[("ESCALATE_ABOVE", "10")], 1).await;
    stage.enqueue("batch-runs", [ALL.message(true)]);
    let ended = stage.told("run_ended", 1).await;
    let of = |name: &str| ended[0][name].as_u64().unwrap();
    assert_eq!((of("subscriptions"), of("targets"), of("resources"), of("troubles")), (1_000, 1_000, 3_900, 0));
    assert_eq!((of("questions"), stage.calls("queryGraph"), stage.calls("queryStates")), (5, 5, 0));
    println!("1,000 subscriptions, 200 delegated: {} questions, {} s", of("questions"), of("seconds"));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_finds_in_very_many_subscriptions_is_fixed_within_the_recorded_budgets() {
    let many = if std::env::var_os("LONG_STORMS").is_some() { ALL } else { FEW };
    let stage = Stage::of_many(many).await;
    let took = stage.run_over_many(many).await;
    println!("{}", took.line(many));
    assert_eq!((stage.count("fixed"), stage.unfit()), (many.resources(), 0));
    // Of a policy that runs in so many places one task more is tried now and then: it may have as many as it can.
    let refused = stage.logged("task_refused");
    let is_tried = |line: &serde_json::Value| line["error"].to_string().contains("concurrently running");
    assert!(refused.len() <= TRIED && refused.iter().all(is_tried), "{refused:#?}");
    assert_eq!(refused.len(), stage.manager.refused_writes().len());
    // What a target learns of late goes in a second task.
    let least = many.least_writes();
    assert!(took.writes <= least + many.0.div_ceil(10), "{} writes, {least} at least", took.writes);
    assert!(took.early.is_empty(), "calls before their Retry-After: {:#?}", took.early);
    assert!(took.refused <= took.reads / 50, "{} refused of {} calls", took.refused, took.reads);
    assert!(took.reads <= 3 * many.least_reads(), "{} reads, {} at least", took.reads, many.least_reads());
    assert!(took.longest <= BUDGET, "an invocation took {:?}", took.longest);
    assert!(took.peak_rss_bytes <= MEMORY, "{} bytes", took.peak_rss_bytes);
    stage.at_rest().await;
}
