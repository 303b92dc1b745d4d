//! A storm on a host that runs every function on processes of its own, two of each, as Flex Consumption does. What one process
//! remembers no other knows: not the turn of a subscription, not what it was told of Retry-After, not the facts.

use std::collections::BTreeSet;
use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::{Allowance, Regions, Tempo};
use simulator_demo::Storm;
use simulator_demo::judgement::{least_tasks, too_early, too_early_for_all};

use crate::stage::Stage;
use crate::storms_as_recorded::the_end_is_right_as_far_as_can_be_seen;
use crate::storms_end::the_end_is_right;

const SEED: u64 = 20_261_126;
const EACH: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_over_processes_of_each_function_ends_like_any_other() {
    let story = format!("seed {SEED}, split by function");
    let storm = Storm { events: 140, resources: 44, targets: 4, subscriptions: 2, seed: SEED };
    let estate = storm.estate(time::OffsetDateTime::now_utc());
    let mut stage = Stage::without_worker(estate.clone()).await;
    let put = |name: &str, which, kind| {
        Rule::new(name, Service::ResourceManager, which, kind).method("PUT").path_contains("/remediations/pr-")
    };
    let faults = stage.azure.faults();
    faults.add(Rule::new("busy", Service::ResourceManager, Which::EveryNth(12), Kind::Throttle { retry_after: 1 }));
    faults.add(put("killed", Which::First(2), Kind::KillAfter));
    faults.add(put("lost", Which::EveryNth(5), Kind::CutAfter));
    let settings = [
        ("OPENING_GRACE", "2s"),
        ("INVOCATION_BUDGET", "20s"),
        ("COALESCE_WINDOW", "500ms"),
        ("MAX_ATTEMPTS", "8"),
        ("SWEEP_SCHEDULE", "*/3 * * * * *"),
    ];
    stage.start_split_worker(&settings, EACH).await;
    let functions = stage.host().functions();
    assert_eq!(stage.host().instances(), EACH * functions.len());
    stage.deliver(storm.events(&estate)).await;
    stage.settled(estate.records.len()).await;

    the_end_is_right(&stage, &estate, &story);
    for fault in ["busy", "killed", "lost"] {
        assert!(stage.azure.faults().hits(fault) > 0, "{story}: {fault} never struck");
    }
    let all = stage.azure.ledger().entries();
    let early = too_early(&all);
    assert!(early.is_empty(), "{story}: calls before their Retry-After: {early:#?}");
    let shared = too_early_for_all(&all);
    assert!(shared.too_early.is_empty(), "{story}: calls although the time stood in the document: {shared:#?}");
    for function in ["receive-event", "collect", "remediate"] {
        let own: BTreeSet<usize> = stage.host().instances_of(function).into_iter().collect();
        let lines =
            stage.lines().into_iter().filter(|line| line.text.contains(&format!("\"function\":\"{function}\"")));
        let found: BTreeSet<usize> = lines.map(|line| line.instance).collect();
        assert!(!found.is_empty() && found.is_subset(&own) && own.len() == EACH, "{function}: {found:?}, not {own:?}");
    }
    let writes = all.iter().filter(|entry| entry.service == Service::ResourceManager && entry.method != "GET");
    println!("{story}: {} writes of {} calls", writes.count(), all.len());
    stage.at_rest().await;
}

/// A write is a task that was asked for, whatever came of it: with one more than this, waves are smaller than they could be.
const MOST_WRITES: f64 = 1.3;

#[tokio::test(flavor = "multi_thread")]
async fn a_split_storm_at_recorded_budgets_with_lag_and_slow_calls_is_done_in_few_writes() {
    // A window of a minute cannot be shortened, for the worker's own rest is one.
    if std::env::var_os("LONG_STORMS").is_none() {
        println!("left out: it takes minutes; LONG_STORMS=1 runs it");
        return;
    }
    let story = format!("seed {SEED}, split, as recorded");
    let storm = Storm { events: 600, resources: 240, targets: 12, subscriptions: 2, seed: SEED };
    let estate = storm.estate(time::OffsetDateTime::now_utc());
    let mut stage = Stage::without_worker(estate.clone()).await;
    let regions = Regions { count: 3, lag: Duration::from_millis(400), seed: SEED };
    let slower = stage.manager.clone().with_regions(regions).with_tempo(Tempo::azure().quicker(10));
    let _ = slower.with_allowance(Allowance::recorded());
    for service in [Service::ResourceManager, Service::Blob, Service::ServiceBus] {
        stage.azure.latency().set(service, Duration::from_millis(150));
    }
    let settings =
        [("OPENING_GRACE", "10s"), ("INVOCATION_BUDGET", "60s"), ("MAX_ATTEMPTS", "8"), ("COALESCE_WINDOW", "5s")];
    stage.start_split_worker(&settings, EACH).await;
    stage.deliver(storm.events(&estate)).await;
    stage.settled(estate.records.len()).await;

    the_end_is_right_as_far_as_can_be_seen(&stage, &estate, &story);
    let (accepted, refused) = (stage.manager.accepted_writes().len(), stage.manager.refused_writes().len());
    let least = least_tasks(&estate);
    println!("{story}: {accepted} writes and {refused} that were refused, {least} at least");
    assert!((accepted + refused) as f64 <= least as f64 * MOST_WRITES, "{accepted} + {refused}, at least {least}");
    let early = too_early(&stage.azure.ledger().entries());
    assert!(early.is_empty(), "{story}: calls before their Retry-After: {early:#?}");
    stage.at_rest().await;
}
