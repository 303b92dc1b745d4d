//! A document in which nothing is left is deleted, and what comes after it begins anew.

use simulator::estate::{ComplianceState, Failure, RecordKey};

use crate::stage::{Stage, account, assignment, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_document_is_deleted_and_its_target_can_come_again() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("FLAP_WINDOW", "2s")]).await;
    let key = RecordKey::new(account(0, 0), assignment(0, "Tag"), None);
    stage.deliver(all).await;
    stage.settled(1).await;
    let seen = stage.manager.evaluation_finds(&key, ComplianceState::Compliant).unwrap();
    stage.deliver(vec![seen.event_grid()]).await;
    until("the fix is verified", || !stage.logged("resource_verified").is_empty()).await;
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
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert_eq!(stage.documents().len(), 1);
    stage.at_rest().await;
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
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
