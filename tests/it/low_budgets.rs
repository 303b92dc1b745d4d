//! A subscription of whose budget little is left is left alone before Resource Manager has to refuse, by every instance.

use std::collections::BTreeSet;

use serde_json::Value;
use simulator::Service;
use simulator::estate::{ComplianceRecord, Estate, RecordKey, instant_text, parse_instant};
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;
use simulator::resource_manager::Allowance;
use time::{Duration, OffsetDateTime};

use crate::stage::{
    DEFINITION, Expected, Stage, account, assignment, events, land, observation, plot, record, subscription, until,
    until_met,
};

/// Assignments of the policy in subscription 0, on top of `Tag`; each has a resource and is a target.
const MORE: usize = 11;

/// `Tag` and more assignments in subscription 0, with one resource each.
fn many_targets(mut estate: Estate, more: usize) -> Estate {
    for number in 0..more {
        let name = format!("Tag-{number}");
        estate = plot(estate, 0, &name, DEFINITION).with_record(record(0, 500 + number, &name));
    }
    estate
}

fn calls(stage: &Stage, number: usize) -> Vec<Entry> {
    let id = subscription(number);
    stage.azure.ledger().filter(|entry| entry.service == Service::ResourceManager && entry.path.contains(&id))
}

fn instant(entry: &Value, field: &str) -> OffsetDateTime {
    parse_instant(entry[field].as_str().unwrap()).unwrap_or_else(|| panic!("no time: {entry}"))
}

/// What was logged of low budgets: since when, until when, and of which header.
fn rests(stage: &Stage, number: usize) -> Vec<(OffsetDateTime, OffsetDateTime, String)> {
    let of = |entry: &Value| entry["quota"] == subscription(number).as_str();
    let read = |entry: Value| {
        let until = instant(&entry, "until");
        (instant(&entry, "timestamp"), until, entry["header"].as_str().unwrap().to_owned())
    };
    stage.logged("budget_low").into_iter().filter(of).map(read).collect()
}

/// No call was refused, and none came while the subscription was to rest.
fn left_alone(stage: &Stage, number: usize) {
    let calls = calls(stage, number);
    assert!(calls.iter().all(|call| call.status != Some(429)), "the budget was used up: {calls:#?}");
    for (since, floor, header) in rests(stage, number) {
        let early = calls.iter().filter(|call| call.received > since && call.received < floor);
        assert_eq!(early.count(), 0, "{header} told to rest from {since} until {floor}");
    }
}

/// Calls that come back in a second: fewer and fewer, so that the budget comes down on a slow machine, too; but always more than
/// the one that is made while each call rests a second, or the budget never comes back.
const REFILLS: [f64; 8] = [5.0, 3.5, 2.5, 2.0, 1.5, 1.0, 0.6, 0.3];

/// A budget with a low mark of ten, of which few calls are left from the start. It is used up never, it comes down, and each
/// time the subscription rests for so many seconds.
async fn comes_low(word: &str, few: Allowance, pause: Duration) -> bool {
    let estate = many_targets(land(1), 4);
    let (records, events) = (estate.records.len(), events(&estate));
    let mut stage = Stage::without_worker(estate).await;
    let _ = stage.manager.clone().with_allowance(Allowance { refuses: true, ..few });
    stage.start_worker(&[("FACTS_TTL", "60s")], 1).await;
    stage.deliver(events).await;
    stage.settled(records).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, records));
    left_alone(&stage, 0);
    let (rests, calls) = (rests(&stage, 0), calls(&stage, 0));
    println!("{} calls, {rests:#?}", calls.len());
    let header = format!("x-ms-ratelimit-remaining-subscription-{word}");
    let of_it: Vec<_> = rests.iter().filter(|(_, _, name)| *name == header).collect();
    for (since, floor, _) in &of_it {
        let told = calls.iter().map(|call| call.answered).filter(|answered| answered <= since).max().unwrap();
        assert!(*floor >= told + pause && *floor <= *since + pause, "{header}: {told}, {since}, {floor}");
    }
    assert!(stage.manager.refused_writes().is_empty());
    stage.at_rest().await;
    !of_it.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_stops_before_the_budget_of_reads_is_used_up_and_goes_on_when_it_has_come_back() {
    let low = async |reads_refill| {
        let few = Allowance { reads: 16, reads_refill, ..Allowance::default() };
        comes_low("reads", few, Duration::SECOND).await
    };
    until_met("the budget of reads comes low", REFILLS, low).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_stops_before_the_budget_of_writes_is_used_up_and_goes_on_when_it_has_come_back() {
    let low = async |writes_refill| {
        let few = Allowance { writes: 14, writes_refill, ..Allowance::default() };
        comes_low("writes", few, 2 * Duration::SECOND).await
    };
    until_met("the budget of writes comes low", REFILLS, low).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_subscription_rests_for_a_minute_another_goes_on_and_a_fresh_instance_knows_of_the_rest() {
    until_met("the other is done and all is looked at within the minute", 1..=5, |_| one_rests_for_a_minute()).await;
}

/// Whether all was looked at within the minute.
async fn one_rests_for_a_minute() -> bool {
    // So many resources with such long ids that to ask for their states takes the budget, before any task is opened.
    let mut estate = land(2).with_record(record(1, 0, "Tag"));
    for place in 0..100 {
        let long = account(0, place).replace("/App-", &format!("/{}-", "App".repeat(20)));
        let key = RecordKey::new(long, assignment(0, "Tag"), None);
        estate = estate.with_record(ComplianceRecord { key, ..record(0, place, "Tag") });
    }
    let first: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    estate = many_targets(estate, MORE);
    let second = events(&estate).split_off(first.len());
    let mut stage = Stage::without_worker(estate).await;
    // Nothing comes back, so it does not matter how fast the calls are.
    let never = std::time::Duration::from_secs(3_600);
    let few = Allowance { remediations: 16, queries: 16, window: never, ..Allowance::recorded() };
    let _ = stage.manager.clone().with_allowance(few);
    let settings = [("FACTS_TTL", "60s"), ("CHECK_INTERVAL_MIN", "1s"), ("CHECK_INTERVAL_MAX", "1s")];
    // A list would tell of all of them at once: who cannot have it asks for each by name.
    let refused = Kind::Answer { status: 400, body: r#"{"error":{"code":"ResponseTooLarge","message":"too much"}}"# };
    let list = Rule::new("list", Service::ResourceManager, Which::Always, refused).query_contains("NonCompliant");
    stage.azure.faults().add(list.path_contains(subscription(0)));
    // They are there before the worker, so that one wave holds them all.
    stage.enqueue_as_one_batch("noncompliant-resources", first);
    stage.start_worker(&settings, 1).await;
    // On a slow machine the other asks after its task so often that it comes to rest itself.
    let ends = || stage.count("fixed") == 1 || throttled_until(&stage, 1).is_some();
    until("the one rests and the other is done", || {
        throttled_until(&stage, 0).is_some() && ends() && stage.host().idle()
    })
    .await;
    if stage.count("fixed") == 0 {
        return false;
    }
    let told = throttled_until(&stage, 0).unwrap();
    let rests = rests(&stage, 0);
    // On a slow machine the other's task may be written down twice.
    let begun: BTreeSet<_> = stage.logged("task_opening").iter().map(|line| line["target"].to_string()).collect();
    let found = (stage.count("waiting"), begun.len());
    if OffsetDateTime::now_utc() >= told {
        return false;
    }
    let [(_, floor, header)] = &rests[..] else { panic!("{rests:#?}") };
    assert_eq!(header, "x-ms-ratelimit-remaining-policy-insights-requests");
    assert!(calls(&stage, 1).iter().any(|call| call.method == "PUT" && call.received < *floor), "the other went on");
    assert_eq!(found, (100, 1), "nothing is begun in vain");
    assert!((told - *floor).abs() < Duration::milliseconds(1), "all learn of {floor}: {told}");

    stage.stop_worker().await;
    let before = calls(&stage, 0).len();
    stage.start_worker(&settings, 2).await;
    stage.deliver(second).await;
    let resting = |stage: &Stage| -> BTreeSet<String> {
        let looks = stage.logged("target_reconciled").into_iter().filter(|look| look["idle"] == "throttled");
        looks.map(|look| look["target"].as_str().unwrap().to_owned()).collect()
    };
    let is_over = || OffsetDateTime::now_utc() >= told;
    until("every target was looked at and rests", || {
        is_over() || (resting(&stage).len() > MORE && stage.host().idle())
    })
    .await;
    let after = calls(&stage, 0).len();
    if is_over() {
        return false;
    }
    assert_eq!(after, before, "an instance that was told nothing itself keeps away too");
    // The other subscription's fix is asked about a day later.
    let of_the_one = |(name, document): (String, Value)| name.contains(&subscription(0)).then_some(document);
    let woken: Vec<_> = stage.documents().into_iter().filter_map(of_the_one).collect();
    let woken: Vec<_> = woken.into_iter().filter(|document| document["wakeAt"].is_string()).collect();
    assert_eq!(woken.len(), MORE + 1);
    assert!(woken.iter().all(|document| instant(document, "wakeAt") >= told), "until {}", instant_text(told));
    left_alone(&stage, 0);
    stage.at_rest_with(Expected { waiting: 100 + MORE, ..Expected::default() }).await;
    true
}

/// The floor that the document of a subscription tells to all instances.
fn throttled_until(stage: &Stage, number: usize) -> Option<OffsetDateTime> {
    let blobs = stage.azure.blobs().list("state", &format!("subscriptions/{}", subscription(number)));
    let document: Value = serde_json::from_slice(&blobs.first()?.content).unwrap();
    document["throttledUntil"].as_str().and_then(parse_instant)
}
