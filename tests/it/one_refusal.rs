//! One resource whose deployment lacks permission is parked by itself where others of its target may work.

use simulator::estate::Failure;

use crate::stage::{Stage, account, assignment, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_of_one_resource_does_not_hold_the_others_for_two_weeks() {
    let refused = Failure::authorization_failed("e6d23f8d-af97-4fbc-bda6-00604e4e3d0a", &account(0, 0));
    let estate = land(1).with_record(record(0, 0, "Tag").always_failing(refused)).with_record(record(0, 1, "Tag"));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(vec![all[0].clone()]).await;
    until("it has ended", || stage.logged("task_ended").len() == 1 && stage.host().idle()).await;
    stage.deliver(vec![all[1].clone()]).await;
    until("the other is fixed", || stage.complies(&assignment(0, "Tag"), &account(0, 1))).await;
    stage.settled(2).await;
    let state = stage.state_of(&assignment(0, "Tag"), &account(0, 0));
    assert_eq!((&state["is"], &state["reason"]), (&"parked".into(), &"missingPermission".into()));
    assert_eq!(stage.logged("target_parked").len(), 0);
    stage.at_rest().await;
}
