//! Policies that only audit see more than all others, and cost next to nothing: their effect is found before anything is asked about a
//! resource, and what comes after that is counted.

use simulator::estate::{Definition, Estate};

use crate::stage::{Stage, assignment, events, land, plot, record, until};

const AUDIT: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policyDefinitions/Audit-Skus";
const RESOURCES: usize = 500;

fn estate() -> Estate {
    let estate = plot(land(1).with_definition(Definition::new(AUDIT, "Audit")), 0, "Skus", AUDIT);
    let estate = (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Skus")));
    estate.with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_audits_asks_for_no_state_and_later_events_for_nothing_at_all() {
    let estate = estate();
    let mut burst = events(&estate);
    let later = burst.split_off(burst.len() / 2);
    // Facts are kept for no longer than a second, so that each look would ask.
    let stage = Stage::with(estate, &[("FACTS_TTL", "1s"), ("SETTLE_DELAY", "1s")]).await;
    stage.deliver(burst).await;
    stage.told("target_not_remediable", 1).await;
    let seen = || {
        let documents = stage.documents().into_values();
        let mut audited = documents.filter(|document| document["notRemediable"].is_object());
        audited.next().map_or(0, |document| document["notRemediable"]["seen"].as_u64().unwrap())
    };
    until("the first half is counted", || seen() as usize >= RESOURCES / 2 - 1 && stage.is_settled()).await;
    let asked = stage.calls("listAssignments");
    let passes = |stage: &Stage| {
        let of_target = |line: &&serde_json::Value| {
            let assignment = line["assignment"].as_str().unwrap_or_default();
            line["event"] == "target_reconciled" && assignment.eq_ignore_ascii_case(&self::assignment(0, "Skus"))
        };
        stage.log().iter().filter(of_target).count()
    };
    let looked = passes(&stage);
    stage.deliver(later).await;
    until("all is counted, and the others are fixed", || {
        seen() as usize >= RESOURCES && stage.count("fixed") == 2 && stage.is_settled()
    })
    .await;
    assert_eq!(passes(&stage), looked, "nobody is woken for what is only counted");
    let documents = stage.documents();
    let audited = documents.values().find(|document| document["notRemediable"].is_object()).unwrap();
    assert!(audited.to_string().len() < 2_000, "{audited:#}");
    assert_eq!(audited["resources"].as_object().map(serde_json::Map::len), Some(0));
    // Those of the other target alone.
    assert!(stage.calls("queryStates") <= 2, "{}", stage.calls("queryStates"));
    assert!(stage.calls("listAssignments") <= asked + 3, "{asked} {}", stage.calls("listAssignments"));
    stage.at_rest().await;
}
