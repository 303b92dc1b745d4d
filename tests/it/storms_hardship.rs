//! A storm in which what was fixed drifts back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::estate::{ComplianceState, Estate, PolicyEvent, RecordKey};
use simulator::resource_manager::Drift;
use simulator_demo::Storm;
use simulator_demo::judgement::{fixable, hopeless, troubled_too_often};
use time::OffsetDateTime;

use crate::stage::{PATIENCE, Stage};

const SEED: u64 = 20_261_121;
const LASTS: Duration = Duration::from_millis(300);

async fn stage() -> (Stage, Estate, Vec<Value>) {
    println!("seed {SEED}");
    let storm = Storm { events: 140, resources: 44, targets: 4, subscriptions: 1, seed: SEED };
    let estate = storm.estate(OffsetDateTime::now_utc());
    let events = storm.events(&estate);
    (Stage::with(estate.clone(), &[("COALESCE_WINDOW", "500ms")]).await, estate, events)
}

fn all_that_can_be_is_fixed(stage: &Stage, estate: &Estate) -> bool {
    let fixable = fixable(estate);
    let records = stage.manager.records();
    let unfit = records.iter().filter(|record| record.state != Some(ComplianceState::Compliant));
    unfit.into_iter().all(|record| !fixable.contains(&record.key))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_drifts_back_is_fixed_again_and_nothing_else_is_touched() {
    let (stage, estate, events) = stage().await;
    let _ = stage.manager.clone().with_drift(Drift { share: 0.5, after: LASTS, most: 1, seed: SEED });
    stage.deliver(events).await;
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < PATIENCE, "resources still drift: {:#?}", stage.manager.records());
        let told: Vec<Value> = stage.manager.drifts().iter().map(PolicyEvent::event_grid).collect();
        // A fix that has lasted for longer than a drift takes lasts for ever.
        let lasting = OffsetDateTime::now_utc() - 2 * LASTS;
        let may_drift = stage.manager.records().iter().any(|record| record.since.is_some_and(|since| since > lasting));
        if !told.is_empty() {
            stage.deliver(told).await;
        } else if !may_drift && stage.is_settled() && all_that_can_be_is_fixed(&stage, &estate) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let drifted: BTreeMap<RecordKey, usize> =
        stage.manager.records().into_iter().map(|record| (record.key, record.drifted)).collect();
    let all: usize = drifted.values().sum();
    println!("{all} of {} have drifted", drifted.len());
    assert!(all * 4 > drifted.len(), "too few to prove anything: {drifted:#?}");
    let too_often = troubled_too_often(&estate, &stage.manager.tasks(), |key| drifted[key]);
    assert!(too_often.is_empty(), "{too_often:#?}");
    assert!(stage.manager.overlaps().is_empty());
    assert_eq!((stage.count("fixed"), stage.count("parked")), (fixable(&estate).len(), hopeless(&estate).len()));
    stage.at_rest().await;
}
