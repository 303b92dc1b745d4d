//! A delegated subscription whose owner does not let the worker read policy states is served without them; one of our own is parked,
//! for there somebody has forgotten a role.

use simulator::Service;
use simulator::estate::Estate;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record, until};

const OWNER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";
const REFUSAL: Kind = Kind::Answer {
    status: 403,
    body: r#"{"error":{"code":"AuthorizationFailed","message":"The client does not have authorization to perform action 'Microsoft.PolicyInsights/policyStates/queryResults/action'."}}"#,
};

async fn without_states(estate: Estate) -> Stage {
    let all = events(&estate);
    let stage = Stage::with(estate, &[]).await;
    stage
        .azure
        .faults()
        .add(Rule::new("states", Service::ResourceManager, Which::Always, REFUSAL).path_contains("/policyStates/"));
    stage.deliver(all).await;
    stage
}

fn two() -> Estate {
    (0..2).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegated_subscription_is_served_without_its_policy_states_and_that_is_told_once() {
    let mut estate = two();
    for subscription in &mut estate.subscriptions {
        subscription.managed_by = vec![std::mem::replace(&mut subscription.tenant, OWNER.to_owned())];
    }
    let stage = without_states(estate).await;
    stage.settled(2).await;
    assert_eq!((stage.count("fixed"), stage.unfit(), stage.logged("states_unread").len()), (2, 0, 1));
    assert_eq!(stage.calls("readSubscription"), 1);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_our_own_is_parked_and_nothing_is_done_in_it() {
    let stage = without_states(two()).await;
    let told = stage.told("subscription_parked", 1).await;
    assert!(told[0]["words"].as_str().is_some_and(|words| words.contains("queryResults/action")), "{told:?}");
    until("it is shown", || stage.documents().into_values().all(|document| document["parked"].is_object())).await;
    assert_eq!((stage.manager.tasks().len(), stage.logged("states_unread").len()), (0, 0));
}
