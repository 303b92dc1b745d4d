//! A subscription of whose budget few calls are left, and they come back slowly: a pass that was begun is finished first, what it has
//! read is not read again, and the list of tasks is read only as far as the budget says.

use simulator::Service;
use simulator::ledger::Entry;
use simulator::resource_manager::Allowance;

use crate::stage::{DEFINITION, Stage, events, land, plot, record, until};

/// Targets of one resource each.
const TARGETS: usize = 6;
/// Pages of the list of tasks, each of one finished task: more than there are calls.
const PAGES: usize = 40;
/// What all of them need to know of assignments and rights.
const SHARED: usize = 8;
/// The tasks of its assignment, and the states of its resources.
const OF_ONE: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn where_few_calls_are_left_they_go_to_tasks_that_are_to_be_opened() {
    let mut estate = land(1);
    for n in 0..TARGETS {
        estate = plot(estate, 0, &format!("T{n}"), DEFINITION).with_record(record(0, n, &format!("T{n}")));
    }
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.finished_tasks_a_page_each(PAGES).await;
    let few = Allowance { reads: 14, reads_refill: 0.5, refuses: true, ..Allowance::default() };
    let _ = stage.manager.clone().with_allowance(few);
    // The tests' tasks are looked at several times a second.
    stage.start_worker(&[("FACTS_TTL", "10m")], 1).await;
    stage.deliver(all).await;
    until("every target has its task", || stage.calls("createTask") >= TARGETS).await;
    let calls = stage.azure.ledger().of(Service::ResourceManager);
    let last = calls.iter().rposition(|call| call.method == "PUT").unwrap();
    let is_read = |call: &&Entry| call.method != "PUT" && call.status != Some(429);
    let reads = calls[..last].iter().filter(is_read).count();
    let least = SHARED + OF_ONE * TARGETS;
    println!("{reads} reads before the last of {TARGETS} tasks was asked for, {least} at least");
    assert!(reads <= 2 * least, "{reads} reads, {least} at least");
    let _ = stage.manager.clone().with_allowance(Allowance::default());
    stage.settled(TARGETS).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (TARGETS, 0));
    stage.at_rest().await;
}
