//! A wake-up that comes too early is planned for later and later, so that a clock behind the broker's does not make an instance spin.

use std::time::Duration;

use simulator::Service;

use crate::stage::{Stage, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_clock_is_behind_does_not_spin() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("SETTLE_DELAY", "68s")]).await;
    // The broker's clock is six seconds ahead of the worker's.
    stage.azure.broker().shift(Duration::from_secs(6));
    stage.deliver(all).await;
    until("it is fixed", || stage.count("fixed") == 1).await;
    let looks = stage.logged("target_reconciled").iter().filter(|l| l["idle"] == "nothingDue").count();
    let writes =
        stage.azure.ledger().count(|e| e.service == Service::Blob && e.method == "PUT" && e.path.contains("targets"));
    println!("{looks} looks in vain, {writes} writes of the document");
    assert!(looks < 10);
}
