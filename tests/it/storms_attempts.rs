//! A storm in which some resources need more attempts than they get: they are parked after the last, and troubled no more.

use simulator::Service;
use simulator::estate::{Attempt, ComplianceState, Estate, Failure};
use simulator::faults::{Kind, Rule, Which};
use simulator_demo::Storm;
use simulator_demo::judgement::{hopeless, too_early};
use time::OffsetDateTime;

use crate::stage::{Stage, until};
use crate::storms_end::the_end_is_right;

const SEED: u64 = 20_261_123;
const MOST: usize = 2;
/// Every so many of the records that would work at once needs one attempt more than there are.
const EVERY: usize = 6;

/// What the estate is like for somebody who makes so many attempts: what needs more never works.
fn as_seen(estate: &Estate) -> Estate {
    let mut seen = estate.clone();
    for record in &mut seen.records {
        if record.script.len() > MOST {
            record.script.truncate(MOST);
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_more_attempts_than_there_are_is_parked_after_the_last_and_troubled_no_more() {
    println!("seed {SEED}");
    let storm = Storm { events: 140, resources: 44, targets: 4, subscriptions: 1, seed: SEED };
    let mut estate = storm.estate(OffsetDateTime::now_utc());
    let passing = || Attempt::Fail(Failure::service_unavailable());
    let mut easy = 0;
    for record in &mut estate.records {
        easy += usize::from(record.script.is_empty());
        let is_hard = record.script.is_empty() && easy.is_multiple_of(EVERY);
        if is_hard || record.script.len() > MOST {
            record.script = vec![passing(), passing(), Attempt::Succeed];
        }
    }
    let seen = as_seen(&estate);
    let mut stage = Stage::without_worker(estate.clone()).await;
    let busy = Rule::new("busy", Service::ResourceManager, Which::EveryNth(12), Kind::Throttle { retry_after: 1 });
    stage.azure.faults().add(busy);
    let settings = [("MAX_ATTEMPTS", "2"), ("COALESCE_WINDOW", "500ms"), ("FACTS_TTL", "60s")];
    stage.start_worker(&settings, 1).await;
    stage.deliver(storm.events(&estate)).await;
    stage.settled(estate.records.len()).await;

    the_end_is_right(&stage, &seen, &format!("seed {SEED}"));
    let hopeless = hopeless(&seen);
    let used_up: Vec<_> = hopeless.iter().filter(|(_, park)| park.reason == "attemptsUsedUp").collect();
    println!("{} used up their attempts", used_up.len());
    assert!(used_up.len() > 4, "too few to prove anything: {used_up:#?}");
    for record in stage.manager.records() {
        let is_used_up = used_up.iter().any(|(key, _)| **key == record.key);
        assert!(record.attempts <= MOST, "one episode, more than {MOST} deployments: {record:?}");
        assert!(!is_used_up || record.attempts == MOST, "given up too early: {record:?}");
        assert!(!is_used_up || record.state == Some(ComplianceState::NonCompliant), "{record:?}");
    }
    let parked = || stage.logged("resource_parked").iter().filter(|line| line["reason"] == "attemptsUsedUp").count();
    until("each is told of", || parked() >= used_up.len()).await;
    assert_eq!(parked(), used_up.len(), "each is told of once");
    assert!(too_early(&stage.azure.ledger().entries()).is_empty());
    stage.azure.faults().remove("busy");
    stage.at_rest().await;
}
