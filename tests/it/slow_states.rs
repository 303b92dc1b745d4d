//! A pass is not all or nothing: the states of a wave are asked in several queries, and those that are answered in time make a
//! task, whatever becomes of the others.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::PageSizes;

use crate::stage::{Stage, land, observation, record};

const RESOURCES: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_whose_states_take_longer_than_a_look_has_is_served() {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    // A pass may ask for 2 s, and the states of a hundred resources take six queries.
    let settings = [("INVOCATION_BUDGET", "4s"), ("FACTS_TTL", "10m"), ("COALESCE_WINDOW", "2s")];
    let mut stage = Stage::without_worker(estate).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_millis(550)));
    stage.azure.faults().add(slow.path_contains("/policyStates/"));
    // They are there before the worker, so that one wave holds them all.
    stage.enqueue_as_one_batch("noncompliant-resources", bodies);
    stage.start_worker(&settings, 1).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (RESOURCES, 0));
    // What was told once is not asked for again: as many queries as the waves need, and one more for each that was cut.
    let (queries, tasks) = (stage.calls("queryStates"), stage.manager.tasks().len());
    println!("{queries} queries of states for {tasks} tasks");
    assert!(queries <= 7 * tasks, "{queries} queries for {tasks} tasks");
    stage.at_rest().await;
}

/// More than go in a wave, and more than `ESCALATE_ABOVE`.
const MANY: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_whose_states_take_longer_to_list_than_a_look_has_is_served_by_waves() {
    let estate = (0..MANY).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    // A pass may ask for 2 s, and the list of the whole scope takes more than 4 s.
    let settings =
        [("INVOCATION_BUDGET", "4s"), ("FACTS_TTL", "10m"), ("COALESCE_WINDOW", "2s"), ("ESCALATE_ABOVE", "100")];
    let mut stage = Stage::without_worker(estate).await;
    let _ = stage.manager.clone().with_page_sizes(PageSizes { policy_states: 10, ..PageSizes::default() });
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_millis(300)));
    stage.azure.faults().add(slow.path_contains("/policyStates/"));
    stage.enqueue_as_one_batch("noncompliant-resources", bodies);
    stage.start_worker(&settings, 1).await;
    stage.settled(MANY).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (MANY, 0));
    println!("{} queries of states for {} tasks", stage.calls("queryStates"), stage.manager.tasks().len());
    assert!(stage.manager.tasks().iter().all(|task| task.names_resources), "one was for the whole scope");
    stage.at_rest().await;
}
