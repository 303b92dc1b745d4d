//! The list of tasks holds those of sixty days. However long it is, the work goes on while it is read, and each page is read once.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::stage::{Stage, events, land, record};

/// Pages of the list, each of one finished task: more than are read in one pass.
const PAGES: usize = 11;
const RESOURCES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_opened_while_a_long_list_of_finished_ones_is_read() {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.finished_tasks_a_page_each(PAGES).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_millis(100)));
    stage.azure.faults().add(slow.method("GET").path_contains("/remediations"));
    stage.start_worker(&[], 1).await;
    stage.deliver(all).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (RESOURCES, 0));
    assert!(!stage.logged("task_list_long").is_empty());
    let is_page = |entry: &Entry| entry.path.ends_with("/remediations") && !entry.query.contains("filter");
    let pages = stage.azure.ledger().count(is_page);
    println!("{pages} pages of the whole list were read");
    assert!(pages <= PAGES + RESOURCES, "{pages} pages were read");
    stage.at_rest().await;
}
