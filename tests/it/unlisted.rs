//! More waits than the target's document lists, and Resource Manager is never left alone for long enough to tell of all of it
//! at once: what it tells in time is listed and fixed, and the rest is asked for from where the answer stopped.

use serde_json::json;
use simulator::Service;
use simulator::estate::instant_text;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::PageSizes;
use simulator_demo::judgement::too_early;
use time::OffsetDateTime;

use crate::stage::{Stage, events, land, record, until};

const COUNT: usize = 130;
/// The whole list is five such pages; no wave's question has more than one.
const PAGE: usize = 30;
/// Of the pages after the first, of which the whole list needs four in a row.
const REFUSED: Which = Which::EveryNth(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_comes_as_a_whole_is_read_in_parts_until_all_that_waits_is_fixed() {
    let estate = (0..COUNT).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let first = events(&estate).drain(..1).collect();
    let mut stage = Stage::without_worker(estate).await;
    let _ = stage.manager.clone().with_page_sizes(PageSizes { policy_states: PAGE, ..PageSizes::default() });
    stage.start_worker(&[], 1).await;
    stage.deliver(first).await;
    stage.settled(1).await;
    assert_eq!(stage.unfit(), COUNT - 1, "nobody told of the others");

    // They were counted while the document was full.
    let (name, mut document) = stage.documents().into_iter().next().unwrap();
    document["unlisted"] = json!({ "due": instant_text(OffsetDateTime::now_utc()), "seen": COUNT - 1 });
    stage.azure.blobs().put("state", &name, document.to_string()).unwrap();
    let busy = Rule::new("busy", Service::ResourceManager, REFUSED, Kind::Throttle { retry_after: 1 });
    stage.azure.faults().add(busy.path_contains("/policyStates/").query_contains("$skiptoken="));
    let wake_up = json!({ "version": 1, "target": document["target"], "generation": document["generation"] });
    stage.enqueue("wake-ups", [wake_up.to_string()]);

    until("all is fixed", || stage.unfit() == 0).await;
    let document = || stage.documents().remove(&name).unwrap();
    until("all is known to be listed", || document()["unlisted"].is_null()).await;
    stage.settled(COUNT).await;
    assert_eq!(stage.count("fixed"), COUNT);
    assert!(stage.azure.faults().hits("busy") > 0, "the list came as a whole: this proves nothing");
    let early = too_early(&stage.azure.ledger().entries());
    assert!(early.is_empty(), "calls before their Retry-After: {early:#?}");
    assert!(stage.manager.overlaps().is_empty());
    stage.azure.faults().remove("busy");
    stage.at_rest().await;
}
