//! Policies that only audit see more than all others, and cost next to nothing: their effect is found before anything is asked about a
//! resource, and what comes after that is counted.

use serde_json::Value;
use simulator::estate::{ArmId, ComplianceRecord, Definition, Estate, Initiative, RecordKey};

use crate::stage::{CONTRIBUTOR, Stage, account, assignment, events, land, plot, record, until};

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
    let_looks_come_due(&stage, 0);
    stage.host().fire("sweep").await.unwrap().unwrap();
    let now = time::OffsetDateTime::now_utc();
    until("it was looked at", || looks(&stage).iter().all(|at| *at > now) && stage.is_settled()).await;
    assert_eq!((seen(), stage.calls("queryStates"), stage.manager.tasks().len()), (COUNTED as u64, 0, 0));
    stage.manager.amends(|estate| {
        let changed = estate.definitions.iter_mut().find(|one| one.id.as_str() == AUDIT).unwrap();
        *changed = Definition::new(AUDIT, "Modify").with_role(CONTRIBUTOR);
    });
    let_looks_come_due(&stage, 0);
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("all is fixed", || stage.count("fixed") == COUNTED).await;
    stage.settled(COUNTED).await;
    assert_eq!(stage.unfit(), 0);
    stage.at_rest().await;
}

const SET: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policySetDefinitions/Watch";
const MEMBERS: usize = 6;

/// An initiative of policies that audit, and a resource for each.
fn watched() -> Estate {
    let members = 0..MEMBERS;
    let set = members.clone().fold(Initiative::new(SET), |set, n| set.with_member(&format!("Audit{n}"), AUDIT));
    let audit = Definition::new(AUDIT, "Audit").with_role(CONTRIBUTOR);
    let estate = plot(land(1).with_definition(audit).with_initiative(set), 0, "Watch", SET);
    members.fold(estate, |estate, n| {
        let key = RecordKey::new(account(0, n), assignment(0, "Watch"), Some(&format!("audit{n}")));
        estate.with_record(ComplianceRecord { key, ..record(0, n, "Watch") })
    })
}

/// As if so many hours had passed since all looks came due.
fn let_looks_come_due(stage: &Stage, hours: i64) {
    use time::format_description::well_known::Rfc3339;
    let at = |hours| (time::OffsetDateTime::now_utc() - time::Duration::hours(hours)).format(&Rfc3339).unwrap();
    let (looked_at, look_at) = (at(24 + hours), at(hours));
    for blob in stage.azure.blobs().list("state", "targets/") {
        let mut document: Value = serde_json::from_slice(&blob.content).unwrap();
        let Some(noted) = document["notRemediable"].as_object_mut() else { continue };
        noted.insert("lookedAt".to_owned(), looked_at.clone().into());
        noted.insert("lookAt".to_owned(), look_at.clone().into());
        let told = &blob.metadata.iter().find(|(name, _)| name.as_str() == "noted").unwrap().1;
        let digests: Vec<_> = told.split(' ').take(2).collect();
        let told = format!("{} {looked_at} {look_at}", digests.join(" "));
        let value = |name: &str, value: &str| if name == "noted" { told.clone() } else { value.to_owned() };
        let metadata: Vec<_> = blob.metadata.iter().map(|(n, v)| (n.clone(), value(n, v))).collect();
        let metadata: Vec<_> = metadata.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        stage.azure.blobs().put_with_metadata("state", &blob.name, document.to_string(), &metadata).unwrap();
    }
}

/// When each of those that are noted looks again.
fn looks(stage: &Stage) -> Vec<time::OffsetDateTime> {
    use time::format_description::well_known::Rfc3339;
    let documents = stage.documents().into_values();
    let noted = documents.filter(|document| document["notRemediable"].is_object());
    let at = |document: Value| {
        time::OffsetDateTime::parse(document["notRemediable"]["lookAt"].as_str().unwrap(), &Rfc3339).unwrap()
    };
    noted.map(at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_assignments_audits_one_looks_a_day_and_where_it_finds_another_effect_all_do() {
    let estate = watched();
    let burst = events(&estate);
    let stage = Stage::with(estate, &[("FACTS_TTL", "1s")]).await;
    stage.deliver(burst).await;
    until("all are noted", || looks(&stage).len() == MEMBERS && stage.is_settled()).await;
    assert!(stage.documents().into_values().all(|document| document["wakeAt"].is_null()), "nobody is to be woken");

    let_looks_come_due(&stage, 0);
    let asked = stage.calls("listAssignments");
    let later = || looks(&stage).iter().filter(|at| **at > time::OffsetDateTime::now_utc()).count();
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("one has looked", || later() == 1 && stage.is_settled()).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert!(stage.is_settled() && later() == 1, "and nobody else");
    assert_eq!(stage.calls("listAssignments"), asked + 1);

    stage.manager.amends(|estate| {
        let policy = estate.definitions.iter_mut().find(|one| one.id == ArmId::new(AUDIT)).unwrap();
        policy.effect = Definition::new(AUDIT, "Modify").effect;
    });
    let_looks_come_due(&stage, 0);
    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.told("target_remediable", 1).await;
    until("what it counted is found and fixed", || stage.count("fixed") == 1 && stage.is_settled()).await;
    assert_eq!(looks(&stage).len(), MEMBERS - 1);
    // An hour later, with nobody left who can tell them.
    let_looks_come_due(&stage, 1);
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("all is found and fixed", || stage.count("fixed") == MEMBERS && stage.is_settled()).await;
    stage.at_rest().await;
}
