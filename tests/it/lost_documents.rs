//! A target whose document was lost, or moved away, begins anew at the first generation. The broker must not take its wake-ups
//! for those of the same generations that it has known before.

use simulator::estate::{ComplianceState, RecordKey};

use crate::stage::{Stage, account, assignment, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_target_whose_document_was_moved_away_is_woken_by_its_next_event() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    // Plan mode looks often: here every tenth of a second instead of every ten minutes.
    let often = [("REMEDIATION_MODE", "plan"), ("CHECK_INTERVAL_MIN", "50ms"), ("CHECK_INTERVAL_MAX", "100ms")];
    let stage = Stage::with(estate, &often).await;
    stage.deliver(all).await;
    let generation = || stage.documents().into_values().next().map_or(0, |d| d["generation"].as_u64().unwrap());
    until("some looks were taken", || generation() > 5).await;
    let (name, _) = stage.documents().into_iter().next().unwrap();
    assert!(stage.azure.blobs().delete("state", &name));
    // A pass that was under way may have written it once more; the last wake-up finds nothing and ends the chain.
    until("nothing of it is left", || {
        let counts = stage.azure.broker().counts("wake-ups");
        if !stage.documents().is_empty() {
            stage.azure.blobs().delete("state", &name);
        }
        stage.documents().is_empty() && stage.host().idle() && counts.scheduled + counts.active == 0
    })
    .await;
    let key = RecordKey::new(account(0, 0), assignment(0, "Tag"), None);
    let again = stage.manager.evaluation_finds(&key, ComplianceState::NonCompliant).unwrap();
    let dropped = || stage.azure.broker().counts("wake-ups").duplicates;
    let (dropped_before, looks_before) = (dropped(), stage.logged("target_reconciled").len());
    stage.deliver(vec![again.event_grid()]).await;
    until("it is looked at again, without a sweep", || stage.logged("target_reconciled").len() > looks_before + 2)
        .await;
    assert_eq!(dropped(), dropped_before, "no wake-up was swallowed");
    stage.at_rest_with(crate::stage::Expected { waiting: 1, ..Default::default() }).await;
}
