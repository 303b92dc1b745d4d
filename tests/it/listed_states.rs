//! The waves of a large target share a list of what does not comply, instead of asking for each resource by its name.

use simulator::Service;
use simulator::estate::ComplianceRecord;
use simulator::faults::{Kind, Rule, Which};
use time::OffsetDateTime;

use crate::stage::{Stage, land, observation, record};

const RESOURCES: usize = 250;
/// By name a query tells of some twenty.
const BY_NAME: usize = RESOURCES / 25;

fn all() -> Vec<ComplianceRecord> {
    (0..RESOURCES).map(|place| record(0, place, "Tag")).collect()
}

/// How many queries of policy states it takes until all is fixed, where a list of them is answered by this rule, if any.
async fn fixed(rule: Option<Rule>) -> usize {
    let mut estate = land(1);
    estate.records = all();
    let mut stage = Stage::without_worker(estate).await;
    rule.into_iter().for_each(|rule| stage.azure.faults().add(rule));
    // They are there before the worker, so that the first wave knows of them all.
    let (all, observed) = (all(), OffsetDateTime::now_utc());
    stage.enqueue_as_one_batch("noncompliant-resources", all.iter().map(|r| observation(r, observed).to_string()));
    // One task for all would have no waves.
    stage.start_worker(&[("ESCALATE_ABOVE", "50000"), ("FACTS_TTL", "10m"), ("COALESCE_WINDOW", "2s")], 1).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (RESOURCES, 0));
    let queries = stage.calls("queryStates");
    stage.at_rest().await;
    queries
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waves_of_a_target_share_one_list_of_what_does_not_comply() {
    let queries = fixed(None).await;
    // The list, and a small wave by name.
    assert!(queries <= 4, "{queries} queries");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_list_is_refused_each_is_asked_for_by_name() {
    let refused = Kind::Answer { status: 400, body: r#"{"error":{"code":"ResponseTooLarge","message":"too much"}}"# };
    let rule = Rule::new("list", Service::ResourceManager, Which::Always, refused).path_contains("/policyStates/");
    let queries = fixed(Some(rule.query_contains("NonCompliant"))).await;
    assert!(queries >= BY_NAME, "{queries} queries");
}
