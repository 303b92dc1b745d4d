//! A write of a document whose answer was lost is repeated, and is then refused for its own sake: that is not another's write.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_answer_was_lost_is_still_the_writers_own() {
    let mut estate = land(1);
    for place in 0..5 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    // An opening that is taken for another's would wait for the end of this grace, longer than the test does.
    let stage = Stage::with(estate, &[("OPENING_GRACE", "10m")]).await;
    let lost = Rule::new("lost", Service::Blob, Which::EveryNth(2), Kind::CutAfter);
    stage.azure.faults().add(lost.method("PUT").path_contains("/state/targets"));
    stage.deliver(events).await;
    stage.settled(5).await;
    assert!(stage.azure.faults().hits("lost") >= 2);
    assert_eq!(stage.unfit(), 0);
    assert_eq!(stage.logged("resource_fixed").len(), 5, "what was written is logged once");
    assert_eq!(stage.logged("task_opening").len(), stage.manager.tasks().len());
    stage.azure.faults().remove("lost");
    stage.at_rest().await;
}
