//! Finished tasks are people's evidence: they stay, unless `KEEP_TASKS_FOR` says how long, and then each is deleted once.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::stage::{Stage, account, assignment, events, land, record, until};

const REFUSAL: &str = r#"{"error":{"code":"AuthorizationFailed","message":"The client does not have authorization to perform action 'Microsoft.PolicyInsights/remediations/delete'."}}"#;

fn is_deletion(entry: &Entry) -> bool {
    entry.service == Service::ResourceManager && entry.method == "DELETE"
}

async fn fixed(settings: &[(&str, &str)]) -> Stage {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, settings).await;
    stage.deliver(all).await;
    stage.settled(1).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_task_is_deleted_when_it_was_kept_long_enough() {
    let stage = fixed(&[("KEEP_TASKS_FOR", "3s")]).await;
    until("it is deleted", || stage.azure.ledger().count(is_deletion) > 0).await;
    let told = stage.told("task_deleted", 1).await;
    assert!(told[0]["task"].as_str().is_some_and(|task| task.starts_with("pr-")), "{told:?}");
    let answers: Vec<_> = stage.azure.ledger().filter(is_deletion).iter().map(|entry| entry.status).collect();
    assert_eq!(answers, [Some(200)]);
    assert!(stage.complies(&assignment(0, "Tag"), &account(0, 0)));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_task_stays_where_nothing_is_said() {
    let stage = fixed(&[]).await;
    assert_eq!(stage.azure.ledger().count(is_deletion), 0);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_right_is_missing_a_task_is_asked_for_once_and_that_is_told() {
    let estate = (0..2).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("KEEP_TASKS_FOR", "1s")]).await;
    let refused = Kind::Answer { status: 403, body: REFUSAL };
    stage.azure.faults().add(Rule::new("no delete", Service::ResourceManager, Which::Always, refused).method("DELETE"));
    for (count, event) in all.into_iter().enumerate() {
        stage.deliver(vec![event]).await;
        stage.settled(count + 1).await;
        until("it was asked for", || stage.azure.ledger().count(is_deletion) == count + 1).await;
        until("the look has ended", || stage.host().idle()).await;
    }
    let told = stage.logged("task_kept");
    assert!(told.len() == 1 && told[0]["error"].as_str().is_some_and(|error| error.contains("remediations/delete")));
    assert_eq!(stage.azure.ledger().count(is_deletion), 2);
    stage.at_rest().await;
}
