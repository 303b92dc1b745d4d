//! A token that a service refuses is replaced, and the call made again, whatever the call.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_token_is_refused_is_asked_for_again_with_a_fresh_one() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    let rule = Rule::new("refused", Service::ResourceManager, Which::First(1), Kind::Status(401)).method("PUT");
    stage.azure.faults().add(rule);
    stage.deliver(events).await;
    stage.settled(1).await;
    assert_eq!((stage.unfit(), stage.count("fixed"), stage.azure.faults().hits("refused")), (0, 1, 1));
    let puts = stage.azure.ledger().filter(|e| e.service == Service::ResourceManager && e.method == "PUT");
    assert_eq!(puts.iter().map(|put| put.status).collect::<Vec<_>>(), [Some(401), Some(201)]);
    assert_ne!(puts[0].token, puts[1].token);
    assert_eq!((stage.logged("token_renewed").len(), stage.logged("task_unanswered").len()), (1, 0));
    stage.at_rest().await;
}
