//! Some assignments act and others are only planned for: by the settings, and by what the assignments say of themselves.

use serde_json::{Value, json};
use simulator::estate::{Assignment, Estate};

use crate::stage::{DEFINITION, Stage, assignment, events, land, record, subscription, until};

/// Subscriptions of which each has a resource that does not comply with `Own`, whose metadata says this of the worker.
fn saying(said: &[Value]) -> Estate {
    let mut estate = land(said.len());
    for (number, said) in said.iter().enumerate() {
        let scope = format!("/subscriptions/{}", subscription(number));
        let own = Assignment::new(&scope, "Own", DEFINITION).with_system_identity("p", "t", "westeurope");
        estate = estate.with_assignment(own.with_metadata("policyRemediator", said.clone()));
        estate = estate.with_record(record(number, 0, "Own"));
    }
    estate
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_may_narrow_for_itself_and_what_it_says_wrongly_is_told_and_only_planned() {
    let said =
        [json!({ "mode": "act", "owner": "team" }), json!({ "mode": "plan" }), json!({ "mode": "on" }), json!({})];
    let estate = saying(&said);
    let events = events(&estate);
    let mut stage = Stage::with(estate, &[]).await;
    stage.deliver(events).await;
    until("those that may are remediated", || stage.count("fixed") == 2).await;
    until("the others are planned", || stage.logged("plan").len() == 2).await;
    let [told] = stage.told("controls_unread", 1).await.try_into().unwrap();
    assert_eq!(told["assignment"], assignment(2, "Own").to_lowercase());
    assert!(told["words"].as_str().unwrap().contains("policyRemediator.mode"), "{told}");
    assert_eq!((stage.count("waiting"), stage.manager.tasks().len()), (2, 2));
    let rests =
        |stage: &Stage| stage.logged("target_reconciled").into_iter().filter(|pass| pass["idle"] == "planOnly").count();
    until("the log says why", || rests(&stage) >= 2).await;
    stage.stop_worker().await;
    // By metadata only the one that says so acts, and it has; by the settings the named one does.
    stage.azure.broker().shift(std::time::Duration::from_secs(6 * 60));
    stage.start_worker(&[("ACT_ASSIGNMENTS", "nothing-*"), ("ACT_BY", "metadata")], 1).await;
    let before = rests(&stage);
    until("they are only planned for still", || rests(&stage) >= before + 4).await;
    assert_eq!(stage.manager.tasks().len(), 2);
    stage.stop_worker().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_a_day_for_its_owners_pace_goes_on_soon_when_the_owner_raises_it() {
    let slow = json!({ "maxPerDay": 1 });
    let mut estate = saying(&[slow.clone(), slow]);
    for (number, place) in [(0, 1), (0, 2), (1, 1)] {
        estate = estate.with_record(record(number, place, "Own"));
    }
    let events = events(&estate);
    let mut stage = Stage::with(estate, &[("FACTS_TTL", "1ms"), ("OPENING_GRACE", "20s")]).await;
    stage.deliver(events).await;
    let rests = |stage: &Stage| {
        let rest = stage.logged("target_reconciled").into_iter().filter(|pass| pass["idle"] == "paceReached");
        rest.map(|pass| pass["target"].to_string()).collect::<std::collections::BTreeSet<_>>().len()
    };
    let all_wait = |stage: &Stage| stage.count("waiting") == 3 && rests(stage) == 2;
    until("one of each is fixed, and the rest waits", || stage.count("fixed") == 2 && all_wait(&stage)).await;
    let mut swept = 0;
    let mut sweep = async |stage: &Stage| {
        stage.host().fire("sweep").await.unwrap().unwrap();
        swept += 1;
        stage.told("swept", swept).await[swept - 1]["asked_again"].clone()
    };
    assert_eq!(sweep(&stage).await, 0, "they say what they said");
    stage.manager.amends(|estate| {
        let id = assignment(0, "Own");
        let own = estate.assignments.iter_mut().find(|own| own.id.lower() == id.to_lowercase());
        let own = own.expect("the assignment");
        *own = own.clone().with_metadata("policyRemediator", json!({ "owner": "team" }));
    });
    assert_eq!(sweep(&stage).await, 1, "only those of the assignment that says something else");
    assert_eq!(sweep(&stage).await, 0, "once");
    stage.azure.broker().shift(std::time::Duration::from_secs(600));
    until("all of it are fixed", || stage.count("fixed") == 4).await;
    assert_eq!(stage.count("waiting"), 1);
    stage.stop_worker().await;
}
