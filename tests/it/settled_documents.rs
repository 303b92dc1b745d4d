//! A document in which nothing is left is deleted, and what comes after it begins anew.

use std::time::Duration;

use simulator::Service;
use simulator::estate::{ComplianceState, Failure, RecordKey};
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, until};

const HELD: &str = r#"{"error":{"code":"SnapshotsPresent","message":"This operation is not permitted because the blob has snapshots."}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_document_is_deleted_and_its_target_can_come_again() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("FLAP_WINDOW", "2s")]).await;
    let key = RecordKey::new(account(0, 0), assignment(0, "Tag"), None);
    stage.deliver(all).await;
    until("it is fixed", || !stage.logged("resource_fixed").is_empty()).await;
    let seen = stage.manager.evaluation_finds(&key, ComplianceState::Compliant).unwrap();
    stage.deliver(vec![seen.event_grid()]).await;
    deleted(&stage).await;

    let seen = stage.manager.evaluation_finds(&key, ComplianceState::NonCompliant).unwrap();
    stage.deliver(vec![seen.event_grid()]).await;
    until("it is fixed again", || stage.logged("resource_fixed").len() == 2).await;
    let names: std::collections::BTreeSet<_> = stage.manager.tasks().into_iter().map(|task| task.name).collect();
    assert_eq!(names.len(), 2, "no name is used again");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_keeps_its_document() {
    let hopeless = record(0, 0, "Tag").failing(1, Failure::disallowed_by_policy(&account(0, 0), "Deny"));
    let estate = land(1).with_record(hopeless);
    let all = events(&estate);
    let stage = Stage::with(estate, &[("FLAP_WINDOW", "1s")]).await;
    stage.deliver(all).await;
    until("it is parked", || stage.count("parked") == 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert_eq!(stage.documents().len(), 1);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_cannot_be_deleted_are_told_once_and_stop_nothing() {
    const TARGETS: usize = 7;
    let mut estate = land(1);
    for n in 0..TARGETS {
        estate = plot(estate, 0, &format!("T{n}"), DEFINITION).with_record(record(0, n, &format!("T{n}")));
    }
    let all = events(&estate);
    let stage = Stage::with(estate, &[("FLAP_WINDOW", "2s")]).await;
    let held = Kind::Answer { status: 409, body: HELD };
    stage.azure.faults().add(Rule::new("held", Service::Blob, Which::Always, held).method("DELETE"));
    stage.deliver(all).await;
    // Not by the documents: the window is so short that the first may be forgotten before the last is fixed.
    until("all are fixed", || stage.logged("resource_fixed").len() == TARGETS).await;
    for n in 0..TARGETS {
        let key = RecordKey::new(account(0, n), assignment(0, &format!("T{n}")), None);
        let seen = stage.manager.evaluation_finds(&key, ComplianceState::Compliant).unwrap();
        stage.deliver(vec![seen.event_grid()]).await;
    }
    let mut sweeps = 0;
    until_swept(&stage, &mut sweeps, || stage.logged("document_kept").len() == TARGETS).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert_eq!((stage.logged("document_kept").len(), stage.documents().len()), (TARGETS, TARGETS), "told once");
    stage.azure.faults().remove("held");
    until_swept(&stage, &mut sweeps, || stage.documents().is_empty()).await;
    stage.at_rest().await;
}

/// Sweeps until it is so; each sweep must succeed.
async fn until_swept(stage: &Stage, sweeps: &mut usize, is_so: impl Fn() -> bool) {
    while !is_so() {
        *sweeps += 1;
        assert!(*sweeps < 200, "it never comes: {:?}", stage.documents());
        stage.host().fire("sweep").await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sweeps until the document is gone.
async fn deleted(stage: &Stage) {
    for sweeps in 1.. {
        stage.host().fire("sweep").await.unwrap().unwrap();
        let swept = stage.told("swept", sweeps).await.pop().unwrap();
        if stage.documents().is_empty() {
            assert_eq!(swept["deleted"], 1, "{swept}");
            return;
        }
        assert!(sweeps < 100, "it stays: {:?}", stage.documents());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
