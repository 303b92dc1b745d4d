//! The list of a task's deployments may lag behind its counters: fewer than they tell of means look again, not "never deployed".

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record, until};

const NOTHING: Kind = Kind::Answer { status: 200, body: r#"{"value":[]}"# };

fn short(which: Which) -> Rule {
    Rule::new("short", Service::ResourceManager, which, NOTHING).path_contains("/listDeployments")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_short_for_a_while_is_looked_at_again_and_nothing_is_done_twice() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.azure.faults().add(short(Which::First(2)));
    stage.deliver(all).await;
    stage.settled(1).await;
    assert_eq!((stage.manager.tasks().len(), stage.count("fixed"), stage.unfit()), (1, 1, 0));
    assert!(stage.calls("listDeployments") >= 3, "it was looked at again");
    assert!(stage.logged("deployments_lacking").is_empty());
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_stays_short_is_told_of_and_counts_as_it_is() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.azure.faults().add(short(Which::Always));
    stage.deliver(all).await;
    until("it is told", || !stage.logged("deployments_lacking").is_empty()).await;
    let passes = stage.logged("deployments_lacking")[0]["passes"].as_u64().unwrap();
    assert!((2..=8).contains(&passes), "{passes} passes over a list that stays short");
    stage.azure.faults().remove("short");
    until("nothing is left undone", || stage.unfit() == 0 && stage.is_settled()).await;
    stage.at_rest().await;
}
