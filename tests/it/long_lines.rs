//! Log lines beyond 32 KiB are cut by who takes them in, without a word. However much there is to tell, no line is longer than 30 KB.

use simulator::estate::{ComplianceRecord, RecordKey};

use crate::stage::{Expected, Stage, account, assignment, events, land, record, until};

/// A wave with ids so long that its request would not fit into a line.
const RESOURCES: usize = 100;
const LONGEST: usize = 30_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_a_hundred_resources_with_long_ids_is_cut_and_says_so() {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        let long = account(0, place).replace("/App-", &format!("/{}-", "Application".repeat(7)));
        let long = long.replace("/st0x", &format!("/{}/sub/st0x", "storage".repeat(40)));
        let key = RecordKey::new(long, assignment(0, "Tag"), None);
        estate = estate.with_record(ComplianceRecord { key, ..record(0, place, "Tag") });
    }
    let all = events(&estate);
    let stage = Stage::with(estate, &[("REMEDIATION_MODE", "plan")]).await;
    stage.deliver(all).await;
    let is_whole = || stage.logged("plan").iter().any(|line| line["count"] == RESOURCES);
    until("the plan for all is shown", is_whole).await;
    let plans = stage.logged("plan");
    let whole = plans.iter().find(|line| line["count"] == RESOURCES).unwrap();
    let request = whole["request"].as_str().unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(request).is_err(), "it would fit: {} bytes", request.len());
    let longest = stage.lines().iter().map(|line| line.text.len()).max().unwrap();
    println!("the longest line has {longest} bytes");
    assert!(longest <= LONGEST && longest > LONGEST / 2, "{longest}");
    stage.at_rest_with(Expected { waiting: RESOURCES, ..Expected::default() }).await;
}
