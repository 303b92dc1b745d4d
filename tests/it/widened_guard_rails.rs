//! What a guard rail left out is remediated once it is widened: Azure sends no second event.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, subscription, until};

/// More than get an entry while they are left out.
const MANY: usize = 130;
/// Of so many the document says more than their number.
const LISTED: usize = 100;

/// Stops the worker, starts it with other settings, and lets it sweep.
async fn sweep_with(stage: &mut Stage, changes: &[(&str, &str)]) {
    stage.stop_worker().await;
    stage.start_worker(changes, 1).await;
    sweep(stage).await;
}

/// Sweeps, and waits until the log has told of it. Of how many targets something was let in.
async fn sweep(stage: &Stage) -> u64 {
    let before = stage.logged("swept").len();
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("the sweep is told", || stage.logged("swept").len() > before).await;
    stage.logged("swept").last().unwrap()["let_in"].as_u64().unwrap()
}

/// The one document that leaves something out.
fn excluded(stage: &Stage) -> serde_json::Value {
    let found: Vec<_> = stage.documents().into_values().filter(|document| document["excluded"].is_object()).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0]["excluded"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pilot_left_out_is_remediated_when_the_guard_rails_are_widened() {
    let estate =
        plot(land(1), 0, "Later", DEFINITION).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Later"));
    let all = events(&estate);
    let mut stage = Stage::with(estate, &[("INCLUDE_ASSIGNMENTS", "Tag")]).await;
    stage.deliver(all).await;
    stage.settled(2).await;
    until("it is told", || stage.logged("resource_skipped").len() == 1 && stage.logged("target_left_out").len() == 1)
        .await;
    assert_eq!(stage.logged("resource_skipped")[0]["reason"], "assignmentNotIncluded");
    sweep_with(&mut stage, &[("INCLUDE_ASSIGNMENTS", "*")]).await;
    until("idle", || stage.host().idle() && stage.is_settled()).await;
    assert_eq!(stage.unfit(), 0, "the backlog of the pilot is lost");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_counted_is_found_in_the_policy_states_and_fixed() {
    let estate = (0..MANY).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::with(estate, &[("EXCLUDE_ASSIGNMENTS", "T*")]).await;
    stage.deliver(all).await;
    let is_counted = |stage: &Stage| stage.entries().len() == LISTED && stage.is_settled();
    until("all are left out", || is_counted(&stage) && excluded(&stage)["seen"] == MANY - LISTED).await;
    assert_eq!(excluded(&stage)["rail"], "assignmentExcluded");
    assert_eq!(stage.count("skipped"), LISTED);
    assert_eq!(stage.azure.ledger().of(Service::ResourceManager).len(), 0, "what is left out costs no call");

    // Other guard rails that let nothing of it in change nothing, and cost no call either.
    sweep_with(&mut stage, &[("INCLUDE_ASSIGNMENTS", "Other")]).await;
    assert_eq!(stage.logged("swept").last().unwrap()["let_in"], 0);
    until("idle", || stage.host().idle()).await;
    let left_out = excluded(&stage);
    assert_eq!((&left_out["rail"], &left_out["seen"]), (&"assignmentNotIncluded".into(), &(MANY - LISTED).into()));
    assert_eq!(stage.azure.ledger().of(Service::ResourceManager).len(), 0);

    sweep_with(&mut stage, &[]).await;
    until("all is fixed", || stage.unfit() == 0).await;
    until("all is known to be listed", || stage.documents().values().all(|d| d["unlisted"].is_null())).await;
    stage.settled(MANY).await;
    assert_eq!(stage.count("fixed"), MANY);
    until("it is told", || stage.logged("target_let_in").len() == 1).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_and_a_type_of_a_freeze_come_back_and_what_stays_excluded_is_not_asked_about() {
    let estate = plot(land(2), 0, "Never", DEFINITION);
    let estate = (0..6).fold(estate, |estate, place| estate.with_record(record(0, place, "Tag")));
    let estate = estate.with_record(record(1, 0, "Tag")).with_record(record(0, 9, "Never"));
    let all = events(&estate);
    let group = "*/resourcegroups/app-1";
    let never = ("EXCLUDE_ASSIGNMENTS", "Never");
    let frozen = format!("{group},/subscriptions/{}", subscription(1));
    let mut stage = Stage::with(estate, &[never, ("EXCLUDE_SCOPES", &frozen)]).await;
    stage.deliver(all).await;
    stage.settled(8).await;
    assert_eq!((stage.count("fixed"), stage.count("skipped")), (4, 4));
    let tag = assignment(0, "Tag");
    assert_eq!(stage.state_of(&tag, &account(0, 1))["reason"], "scopeExcluded");

    // The freeze is narrowed to the one group, and a type of which there is nothing is excluded.
    let kept = ("EXCLUDE_RESOURCE_TYPES", "Microsoft.Sql/servers");
    sweep_with(&mut stage, &[never, kept, ("EXCLUDE_SCOPES", group)]).await;
    until("the other subscription is fixed", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;
    stage.settled(8).await;
    assert_eq!((stage.count("fixed"), stage.count("skipped")), (5, 3));

    // The freeze becomes one of the type: the group stays left out, for another reason.
    let kept = ("EXCLUDE_RESOURCE_TYPES", "Microsoft.Storage/*");
    sweep_with(&mut stage, &[never, kept]).await;
    assert_eq!(stage.state_of(&tag, &account(0, 1))["reason"], "typeExcluded");

    sweep_with(&mut stage, &[never]).await;
    until("the group is fixed", || stage.unfit() == 1).await;
    stage.settled(8).await;
    sweep(&stage).await;
    stage.settled(8).await;
    assert_eq!((stage.count("fixed"), stage.count("skipped")), (7, 1));
    let asked = stage.azure.ledger().filter(|entry| {
        let body = entry.request_body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        format!("{}{}{body}", entry.path, entry.query).to_lowercase().contains("never")
    });
    let asked: Vec<_> = asked.into_iter().filter(|entry| entry.service == Service::ResourceManager).collect();
    assert!(asked.is_empty(), "what stays excluded was asked about: {asked:#?}");
    // It is walked once for each change of the guard rails, and no more.
    let let_in: Vec<_> = stage.logged("swept").iter().map(|line| line["let_in"].clone()).collect();
    assert_eq!(let_in, [1, 0, 1, 0]);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_policy_states_cannot_be_read_the_count_stays_and_is_told_until_they_can() {
    let estate = (0..MANY).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::with(estate, &[("EXCLUDE_ASSIGNMENTS", "Tag")]).await;
    stage.deliver(all).await;
    until("all are left out", || stage.entries().len() == LISTED && stage.is_settled()).await;
    let secret = Rule::new("secret", Service::ResourceManager, Which::Always, Kind::Status(403));
    stage.azure.faults().add(secret.path_contains("/policyStates/").query_contains("NonCompliant"));
    sweep_with(&mut stage, &[]).await;
    let document = |stage: &Stage| stage.documents().into_values().next().unwrap();
    until("what has an entry is fixed", || stage.count("fixed") == LISTED).await;
    until("the rest is asked for again, and told", || stage.logged("question_unanswered").len() > 1).await;
    assert_eq!(document(&stage)["unlisted"]["seen"], MANY - LISTED);
    assert!(document(&stage)["wakeAt"].is_string(), "it is asked for again");
    stage.azure.faults().remove("secret");
    until("all is fixed", || stage.unfit() == 0).await;
    until("all is known to be listed", || document(&stage)["unlisted"].is_null()).await;
    stage.settled(MANY).await;
    stage.at_rest().await;
}
