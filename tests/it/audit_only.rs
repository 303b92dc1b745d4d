//! Policies that only audit see more than all others, and cost next to nothing: their effect is found before anything is asked about a
//! resource, and what comes after that is counted.

use serde_json::{Value, json};
use simulator::estate::{Definition, Estate};

use crate::stage::{CONTRIBUTOR, Stage, assignment, events, land, plot, record, until};

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

/// The facts of the only target were to be read again long ago.
fn a_day_passes(stage: &Stage) {
    let past = "2026-01-01T00:00:00Z";
    let blob = stage.azure.blobs().list("state", "targets/").remove(0);
    let mut document: Value = serde_json::from_slice(&blob.content).unwrap();
    assert!(document["notRemediable"]["lookAt"].is_string(), "{document:#}");
    (document["notRemediable"]["lookAt"], document["wakeAt"]) = (json!(past), json!(past));
    let metadata = blob.metadata.iter().map(|(name, value)| match name.as_str() {
        "wakeat" => (name.as_str(), past),
        _ => (name.as_str(), value.as_str()),
    });
    let (content, metadata) = (serde_json::to_vec(&document).unwrap(), metadata.collect::<Vec<_>>());
    stage.azure.blobs().put_with_metadata("state", &blob.name, content, &metadata).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_effect_is_changed_what_was_only_counted_is_found_and_fixed() {
    const COUNTED: usize = 130;
    let estate = plot(land(1).with_definition(Definition::new(AUDIT, "Audit")), 0, "Skus", AUDIT);
    let estate = (0..COUNTED).fold(estate, |estate, place| estate.with_record(record(0, place, "Skus")));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(all).await;
    let seen =
        || stage.documents().into_values().next().map_or(0, |one| one["notRemediable"]["seen"].as_u64().unwrap_or(0));
    until("all is counted", || seen() == COUNTED as u64 && stage.is_settled()).await;
    // Still the same a day later: it is counted on.
    a_day_passes(&stage);
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("it was looked at", || {
        stage.documents().into_values().all(|one| one["notRemediable"]["lookAt"].as_str() > Some("2026-02"))
            && stage.is_settled()
    })
    .await;
    assert_eq!((seen(), stage.calls("queryStates"), stage.manager.tasks().len()), (COUNTED as u64, 0, 0));
    stage.manager.amends(|estate| {
        let changed = estate.definitions.iter_mut().find(|one| one.id.as_str() == AUDIT).unwrap();
        *changed = Definition::new(AUDIT, "Modify").with_role(CONTRIBUTOR);
    });
    a_day_passes(&stage);
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("all is fixed", || stage.count("fixed") == COUNTED).await;
    stage.settled(COUNTED).await;
    assert_eq!(stage.unfit(), 0);
    stage.at_rest().await;
}
