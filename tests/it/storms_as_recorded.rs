//! Storms on a local Azure that is as slow to tell what was done as the real one: in several regions, where a read may not
//! see what was just written; with the budgets of calls that were recorded, with calls that take their time, and with a clock
//! that makes all spans of tasks, lags and budgets shorter alike.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator::Service;
use simulator::estate::{ComplianceState, Estate, RecordKey};
use simulator::resource_manager::{Allowance, Regions, Tempo};
use simulator_demo::Storm;
use simulator_demo::judgement::{fixable, too_early};
use time::OffsetDateTime;

use crate::stage::{Stage, until_met};
use crate::storms_end::{assert_ends, ends, no_panic_and_no_answer_but_json, wanted};

const SEED: u64 = 20_261_126;
const SETTINGS: [(&str, &str); 5] = [
    ("OPENING_GRACE", "2s"),
    ("INVOCATION_BUDGET", "20s"),
    ("COALESCE_WINDOW", "500ms"),
    ("FACTS_TTL", "60s"),
    ("MAX_ATTEMPTS", "8"),
];

/// A storm over two instances, on services that are prepared.
async fn storm(storm: Storm, prepare: impl FnOnce(&Stage), judge: impl FnOnce(&Stage, &Estate, &str)) -> Stage {
    let story = format!("seed {}", storm.seed);
    let estate = storm.estate(OffsetDateTime::now_utc());
    let mut stage = Stage::without_worker(estate.clone()).await;
    prepare(&stage);
    stage.start_worker(&SETTINGS, 2).await;
    stage.deliver(storm.events(&estate)).await;
    stage.settled(estate.records.len()).await;
    judge(&stage, &estate, &story);
    let early = too_early(&stage.azure.ledger().entries());
    assert!(early.is_empty(), "{story}: calls before their Retry-After: {early:#?}");
    let (accepted, refused) = (stage.manager.accepted_writes().len(), stage.manager.refused_writes().len());
    println!("{story}: {accepted} writes and {refused} that were refused");
    stage
}

/// Where a list of deployments may lack the one that has ended, a fix is learned of by the policy state: then the resource is told to
/// comply, and not to be fixed. Whatever else a storm must come to holds.
pub(crate) fn the_end_is_right_as_far_as_can_be_seen(stage: &Stage, estate: &Estate, story: &str) {
    let now: BTreeMap<RecordKey, Option<ComplianceState>> =
        stage.manager.records().into_iter().map(|record| (record.key, record.state)).collect();
    for key in fixable(estate) {
        assert_eq!(now[&key], Some(ComplianceState::Compliant), "{story}: {key:?} can be fixed");
    }
    let (mut found, wanted) = (ends(stage), wanted(estate));
    for (key, end) in &mut found {
        if end == "skipped: compliant" && wanted.get(key).is_some_and(|wanted| wanted == "fixed") {
            "fixed".clone_into(end);
        }
    }
    assert_ends(&found, &wanted, story);
    let overlaps = stage.manager.overlaps();
    assert!(overlaps.is_empty(), "{story}: {overlaps:#?}");
    no_panic_and_no_answer_but_json(stage, story);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_ends_right_where_reads_may_not_see_what_was_just_written() {
    if std::env::var_os("LONG_SCENARIOS").is_none() {
        println!("left out: LONG_SCENARIOS=1, as CI sets it, runs it");
        return;
    }
    let small = Storm { events: 140, resources: 44, targets: 4, subscriptions: 1, seed: SEED };
    let prepare = |stage: &Stage| {
        let regions = Regions { count: 3, lag: Duration::from_millis(400), seed: SEED };
        let _ = stage.manager.clone().with_regions(regions);
    };
    storm(small, prepare, the_end_is_right_as_far_as_can_be_seen).await.at_rest().await;
}

/// A storm of as many calls as a minute has, in so many times less time. Whether little was left of a budget.
async fn comes_low(quicker: u32) -> bool {
    let crowd = Storm { events: 300, resources: 120, targets: 40, subscriptions: 1, seed: SEED + 1 };
    let prepare = |stage: &Stage| {
        let manager = stage.manager.clone().with_tempo(Tempo::azure().quicker(quicker * 10));
        let _ = manager.with_allowance(Allowance::recorded().quicker(quicker));
        for service in [Service::ResourceManager, Service::Blob, Service::ServiceBus] {
            stage.azure.latency().set(service, Duration::from_millis(150) / (quicker * 10));
        }
    };
    let judge = |stage: &Stage, estate: &Estate, story: &str| {
        assert_ends(&ends(stage), &wanted(estate), story);
        no_panic_and_no_answer_but_json(stage, story);
    };
    let stage = storm(crowd, prepare, judge).await;
    let rests = stage.logged("budget_low");
    println!("{} calls, rests: {rests:#?}", stage.azure.ledger().of(Service::ResourceManager).len());
    stage.at_rest().await;
    !rests.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_ends_at_the_budgets_that_were_recorded() {
    // A window of a minute cannot be shortened, for the worker's own rest is one.
    if std::env::var_os("LONG_STORMS").is_none() {
        println!("left out: it takes minutes; LONG_STORMS=1 runs it");
        return;
    }
    until_met("little is left of a budget", [4, 1], comes_low).await;
}
