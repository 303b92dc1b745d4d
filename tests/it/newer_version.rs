//! A document that a newer worker wrote stops its target, with a clear error, and nothing else.

use serde_json::json;

use crate::stage::{Expected, Stage, account, assignment, event, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_a_newer_version_stops_its_target_only_and_is_left_untouched() {
    let estate =
        land(2).with_record(record(0, 1, "Tag")).with_record(record(0, 2, "Tag")).with_record(record(1, 1, "Tag"));
    let all = events(&estate);
    let later = event(&estate, &estate.records[1]);
    let stage = Stage::start(estate).await;
    stage.deliver(vec![all[0].clone(), all[2].clone()]).await;
    stage.settled(2).await;
    // A newer worker takes the first target over.
    let (name, mut document) = stage.documents().into_iter().find(|(name, _)| name.contains("-000000000000/")).unwrap();
    document["version"] = json!(2);
    document["somethingNew"] = json!({ "unheard": "of" });
    let newer = document.to_string();
    stage.azure.blobs().put("state", &name, newer.clone()).unwrap();
    let etag = stage.azure.blobs().get("state", &name).unwrap().etag;

    stage.deliver(vec![later]).await;
    stage.enqueue("wake-ups", [json!({ "version": 1, "target": document["target"], "generation": 99 }).to_string()]);
    until("the worker says that it stops", || !stage.logged("target_stopped").is_empty()).await;
    let waits = |stage: &Stage| stage.azure.broker().counts("noncompliant-resources").scheduled > 0;
    until("what was seen waits in its queue", || waits(&stage)).await;
    assert!(stage.logged("target_stopped")[0]["reason"].as_str().unwrap().contains("deploy the newer worker"));
    stage.host().fire("sweep").await.unwrap().unwrap();
    let left = stage.azure.blobs().get("state", &name).unwrap();
    assert_eq!((left.etag, left.content.as_ref()), (etag, newer.as_bytes()), "the document is not touched");

    // The other target goes on.
    let again = stage.manager.evaluation_finds(
        &simulator::estate::RecordKey::new(account(1, 1), assignment(1, "Tag"), None),
        simulator::estate::ComplianceState::NonCompliant,
    );
    stage.deliver(vec![again.unwrap().event_grid()]).await;
    until("the other target is fixed again", || stage.complies(&assignment(1, "Tag"), &account(1, 1))).await;
    until("what was seen waits in its queue", || waits(&stage)).await;
    assert!(stage.rejected().is_empty(), "it is not to blame");
    // The newer worker has left: the document is this worker's again.
    document["version"] = json!(1);
    stage.azure.blobs().put("state", &name, document.to_string()).unwrap();
    until("what waited is taken in and remediated", || stage.complies(&assignment(0, "Tag"), &account(0, 2))).await;
    stage.at_rest_with(Expected::default()).await;
}
