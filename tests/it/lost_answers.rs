//! A write of a document whose answer was lost is repeated, and is then refused for its own sake: that is not another's write.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, land, observation, record, until, until_met};

const RESOURCES: usize = 5;
/// Writes whose first answer is lost, by what stands in the document: an observation, a task about to be opened, an open one,
/// and an outcome.
const WRITES: [&str; 4] = [r#""is":"waiting""#, r#""phase":"opening""#, r#""phase":"open""#, r#""history":[{"#];

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_answer_was_lost_is_still_the_writers_own() {
    until_met("nobody else writes between a write and its repetition", 1..=20, |_| answers_are_lost()).await;
}

/// Whether no look took so long that its batch wrote into the same document: then that write may be another's.
async fn answers_are_lost() -> bool {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    // All are there before the worker is: one batch.
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    stage.enqueue_as_one_batch("noncompliant-resources", bodies);
    for write in WRITES {
        let lost = Rule::new(write, Service::Blob, Which::First(1), Kind::CutAfter);
        stage.azure.faults().add(lost.method("PUT").path_contains("/state/targets").body_contains(write));
    }
    // An opening that is taken for another's would wait for the end of this grace, longer than the test does.
    stage.start_worker(&[("OPENING_GRACE", "2h")], 1).await;
    let others = || !stage.logged("fallback_scheduled").is_empty();
    until("all is settled", || others() || (stage.is_settled() && stage.entries().len() == RESOURCES)).await;
    if others() {
        return false;
    }
    assert!(WRITES.iter().all(|write| stage.azure.faults().hits(write) == 1));
    assert_eq!(stage.unfit(), 0);
    // What was written is logged once.
    stage.told("resource_fixed", RESOURCES).await;
    stage.told("task_opening", stage.manager.tasks().len()).await;
    stage.at_rest().await;
    true
}
