//! A storm in two subscriptions, of which one refuses every call for as long as the other is not done: it holds nobody up.

use std::collections::BTreeSet;

use serde_json::Value;
use simulator::Service;
use simulator::estate::RecordKey;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;
use simulator_demo::Storm;
use simulator_demo::judgement::{fixable, too_early};
use time::{Duration, OffsetDateTime};

use crate::stage::{Stage, until, until_met};
use crate::storms_end::{ends, the_end_is_right};

const SEED: u64 = 20_261_124;
/// Seconds that the refusing one wants to be left alone: longer than a machine needs from one call of the other to the next.
const RESTS: [u64; 3] = [5, 15, 45];

fn is_of(key: &RecordKey, subscription: &str) -> bool {
    key.resource.subscription().is_some_and(|id| id.eq_ignore_ascii_case(subscription))
}

fn calls(stage: &Stage, subscription: &str) -> Vec<Entry> {
    stage.azure.ledger().filter(|entry| {
        entry.service == Service::ResourceManager && entry.path.to_lowercase().contains(&subscription.to_lowercase())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_refuses_every_call_holds_no_other_up() {
    until_met("the other is never without a call for as long as the one rests", RESTS, one_refuses_every_call).await;
}

/// Whether the other was called more often than the one wanted to rest.
async fn one_refuses_every_call(rest: u64) -> bool {
    println!("seed {SEED}");
    let storm = Storm { events: 140, resources: 44, targets: 4, subscriptions: 2, seed: SEED };
    let estate = storm.estate(OffsetDateTime::now_utc());
    let [busy, other] = &estate.subscriptions[..] else { panic!("{:#?}", estate.subscriptions) };
    let (busy, other) = (busy.id.clone(), other.id.clone());
    let mut stage = Stage::without_worker(estate.clone()).await;
    let refused = Rule::new("refused", Service::ResourceManager, Which::Always, Kind::Throttle { retry_after: rest });
    stage.azure.faults().add(refused.path_contains(&*busy));
    // What was read is kept, as in earnest: a refused call repeats only itself.
    stage.start_worker(&[("COALESCE_WINDOW", "500ms"), ("FACTS_TTL", "60s")], 1).await;
    stage.deliver(storm.events(&estate)).await;

    let of_other = estate.records.iter().filter(|record| is_of(&record.key, &other)).count();
    assert!(of_other > 10 && of_other + 10 < estate.records.len(), "{of_other}");
    until("the other is done", || {
        let ends = ends(&stage);
        ends.iter().filter(|(key, end)| is_of(key, &other) && !["waiting", "inTask"].contains(&end.as_str())).count()
            == of_other
    })
    .await;
    let done = OffsetDateTime::now_utc();
    assert!(!ends(&stage).iter().any(|(key, end)| is_of(key, &busy) && end == "fixed"), "it is still refused");
    let tasks = stage.manager.tasks();
    assert!(tasks.iter().all(|task| task.scope.as_str().to_lowercase().contains(&other.to_lowercase())), "{tasks:#?}");
    let is_met = nobody_else_was_held(&stage, &busy, &other, Duration::seconds(i64::try_from(rest).unwrap()), done);

    stage.azure.faults().remove("refused");
    stage.settled(estate.records.len()).await;
    the_end_is_right(&stage, &estate, &format!("seed {SEED}"));
    assert!(fixable(&estate).iter().any(|key| is_of(key, &busy)));
    let early = too_early(&stage.azure.ledger().entries());
    assert!(early.is_empty(), "calls before their Retry-After: {early:#?}");
    stage.at_rest().await;
    is_met
}

/// While the one was to be left alone, the other was called; neither its document nor a pass over a target of it told of a rest.
/// Whether there was no gap as long as the rest between the other's calls.
fn nobody_else_was_held(stage: &Stage, busy: &str, other: &str, wait: Duration, done: OffsetDateTime) -> bool {
    let refused: Vec<Entry> = calls(stage, busy);
    assert!(!refused.is_empty() && refused.iter().all(|call| call.status == Some(429)), "{refused:#?}");
    let of_other = calls(stage, other);
    assert!(of_other.iter().all(|call| call.status != Some(429)), "{of_other:#?}");
    let first = refused.iter().map(|call| call.answered).min().unwrap();
    let is_meanwhile = |call: &&Entry| {
        refused.iter().any(|told| call.received > told.answered && call.received < told.answered + wait)
    };
    let meanwhile: Vec<&Entry> = of_other.iter().filter(is_meanwhile).collect();
    println!("{} refused; {} of {} calls of the other meanwhile", refused.len(), meanwhile.len(), of_other.len());
    let puts = meanwhile.iter().filter(|call| call.method == "PUT").count();
    assert!(puts > 0, "no task was created while the one rested");
    // Nowhere is there a gap as long as the rest: nobody waited for it to end.
    let mut times: Vec<OffsetDateTime> =
        of_other.iter().map(|call| call.received).filter(|at| *at >= first && *at <= done).collect();
    times.sort();
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    println!("for {gap} the other was not called");
    let hash = |name: &str| name.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let names = stage.documents().into_keys().filter(|name| name.contains(&other.to_lowercase()));
    let targets: BTreeSet<String> = names.map(|name| hash(&name)).collect();
    let looks = stage.logged("target_reconciled").into_iter();
    let looks: Vec<Value> = looks.filter(|look| targets.contains(look["target"].as_str().unwrap())).collect();
    assert!(looks.len() > targets.len() && targets.len() > 1, "{looks:#?}");
    assert!(looks.iter().all(|look| look["idle"] != "throttled"), "{looks:#?}");
    let document = stage.azure.blobs().list("state", &format!("subscriptions/{}", other.to_lowercase()));
    let told = document.iter().map(|blob| serde_json::from_slice::<Value>(&blob.content).unwrap());
    let told: Vec<Value> = told.map(|document| document["throttledUntil"].clone()).collect();
    assert_eq!(told, [Value::Null], "the other was told to rest");
    gap < wait
}
