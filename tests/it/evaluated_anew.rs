//! A resource of which Azure Policy has no evaluation goes again when there is one, by its id: no task of it reaches anything
//! else, one evaluation serves all, and where none can be asked for the next natural one does.

use simulator::Service;
use simulator::estate::{ComplianceRecord, ComplianceState, Failure, RecordKey};
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, account, assignment, events, land, record, subscription, until, until_met};

/// So that a second evaluation of a scope within it would show.
const LONG: (&str, &str) = ("REEVALUATE_INTERVAL", "1h");

/// The record of a resource of the first subscription that fails once for want of an evaluation.
fn stale(id: &str) -> ComplianceRecord {
    let key = RecordKey::new(id, assignment(0, "Tag"), None);
    ComplianceRecord { key, ..record(0, 0, "Tag") }.failing(1, Failure::no_evaluation_result())
}

/// The scopes of which an evaluation was asked for, in lower case.
fn evaluated(stage: &Stage) -> Vec<String> {
    let tail = "/providers/microsoft.policyinsights/policystates/latest/triggerevaluation";
    let entries = stage.azure.ledger().of(Service::ResourceManager);
    entries.iter().filter_map(|e| e.path.to_lowercase().strip_suffix(tail).map(str::to_owned)).collect()
}

/// Each task of the worker names its resources.
fn every_task_is_limited(stage: &Stage) {
    for task in stage.manager.tasks() {
        assert!(task.names_resources, "{} at {} takes whatever is there", task.name, task.scope);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guard_rail_excludes_is_not_remediated_with_its_group_that_must_be_evaluated() {
    let group = format!("/subscriptions/{}/resourceGroups/App-0", subscription(0));
    let estate = land(1).with_record(stale(&group)).with_record(record(0, 3, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("EXCLUDE_RESOURCE_TYPES", "Microsoft.Storage/*")]).await;
    stage.deliver(all).await;
    until("the excluded one is skipped", || {
        stage.state_of(&assignment(0, "Tag"), &account(0, 3))["reason"] == "typeExcluded"
    })
    .await;
    until("the group is settled", || stage.state_of(&assignment(0, "Tag"), &group)["is"] == "fixed").await;
    assert!(!stage.complies(&assignment(0, "Tag"), &account(0, 3)), "an excluded resource was changed");
    every_task_is_limited(&stage);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guard_rail_excludes_is_not_remediated_with_its_parent_or_its_subscription_either() {
    let whole = format!("/subscriptions/{}", subscription(0));
    let server = format!("{whole}/resourceGroups/App-0/providers/Microsoft.Sql/servers/srv");
    let database = |n: usize| format!("{server}/databases/db{n}");
    let mut estate = land(1).with_record(stale(&whole)).with_record(stale(&server));
    for n in 0..3 {
        let key = RecordKey::new(database(n), assignment(0, "Tag"), None);
        estate = estate.with_record(ComplianceRecord { key, ..record(0, 0, "Tag") });
    }
    let all = events(&estate);
    let stage = Stage::with(estate, &[("EXCLUDE_RESOURCE_TYPES", "Microsoft.Sql/servers/databases")]).await;
    stage.deliver(all).await;
    stage.settled(5).await;
    assert_eq!((stage.count("fixed"), stage.count("skipped")), (2, 3));
    assert!(stage.complies(&assignment(0, "Tag"), &server) && stage.complies(&assignment(0, "Tag"), &whole));
    assert!((0..3).all(|n| !stage.complies(&assignment(0, "Tag"), &database(n))), "an excluded resource was changed");
    every_task_is_limited(&stage);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_resources_without_an_evaluation_need_one_of_their_group_and_go_together() {
    until_met("all forty wait before the first task is opened", ["2s", "10s", "40s"], forty).await;
}

/// Whether the first task had all of the forty: one that begins to fail when the evaluation runs would need another.
async fn forty(window: &str) -> bool {
    let ids: Vec<String> = (0..40).map(|n| account(0, 3 * n)).collect();
    let estate = ids.iter().fold(land(1), |estate, id| estate.with_record(stale(id)));
    let all = events(&estate);
    let stage = Stage::with(estate, &[LONG, ("COALESCE_WINDOW", window)]).await;
    stage.deliver(all).await;
    until("the first task is there", || !stage.manager.tasks().is_empty()).await;
    if stage.manager.tasks()[0].resources.len() < 40 {
        return false;
    }
    stage.settled(40).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (40, 0));
    assert_eq!(evaluated(&stage), [format!("/subscriptions/{}/resourcegroups/app-0", subscription(0))]);
    let tasks = stage.manager.tasks().len();
    assert!(tasks <= 12, "{tasks} tasks");
    every_task_is_limited(&stage);
    for event in ["evaluation_requested", "evaluation_running", "evaluation_ended"] {
        assert_eq!(stage.logged(event).len(), 1, "{event}");
    }
    let evaluated = stage.logged("resource_waiting").into_iter().filter(|line| line["reason"] == "evaluated").count();
    assert_eq!(evaluated, 40);
    stage.at_rest().await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_evaluation_may_be_asked_for_the_event_of_a_natural_one_lets_go() {
    let estate = land(1).with_record(stale(&account(0, 0)));
    let key = estate.records[0].key.clone();
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let refused = Rule::new("refused", Service::ResourceManager, Which::Always, Kind::Status(403));
    stage.azure.faults().add(refused.method("POST").path_contains("triggerEvaluation"));
    stage.start_worker(&[LONG], 1).await;
    stage.deliver(all).await;
    let rests = || stage.logged("target_reconciled").iter().filter(|line| line["idle"] == "notEvaluatedYet").count();
    until("it has rested several times", || rests() >= 4).await;
    let entry = stage.entries()[0].2.clone();
    assert_eq!((&entry["state"]["is"], &entry["attempt"]), (&"waiting".into(), &2.into()), "{entry}");
    assert_eq!((stage.manager.tasks().len(), evaluated(&stage).len()), (1, 1));
    let told = stage.logged("evaluation_unavailable");
    assert_eq!(told.len(), 1, "once within the interval");
    assert!(told[0]["reason"].as_str().is_some_and(|words| words.contains("403")), "{}", told[0]);
    let event = stage.manager.evaluation_finds(&key, ComplianceState::NonCompliant).unwrap();
    stage.deliver(vec![event.event_grid()]).await;
    stage.settled(1).await;
    assert_eq!((stage.count("fixed"), stage.manager.tasks().len(), evaluated(&stage).len()), (1, 2, 1));
    stage.at_rest().await;
}

/// A fault at the first call of this method whose path has these words: the evaluation is asked for once all the same, and what
/// waits for it goes on when it has ended.
async fn struck(method: &'static str, path: &'static str, kind: Kind) {
    let estate = land(1).with_record(stale(&account(0, 0)));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let rule = Rule::new("struck", Service::ResourceManager, Which::First(1), kind);
    stage.azure.faults().add(rule.method(method).path_contains(path));
    stage.start_worker(&[LONG], 1).await;
    stage.deliver(all).await;
    until(&format!("{kind:?} at {method} {path}: it is fixed"), || stage.count("fixed") == 1).await;
    stage.settled(1).await;
    assert_eq!(stage.azure.faults().hits("struck"), 1, "{kind:?} at {method} {path}");
    assert_eq!((evaluated(&stage).len(), stage.manager.tasks().len()), (1, 2), "{kind:?} at {method} {path}");
    every_task_is_limited(&stage);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_whose_answer_is_lost_is_asked_for_once_and_the_policy_states_tell_of_it() {
    let ask = "triggerEvaluation";
    tokio::join!(struck("POST", ask, Kind::CutAfter), struck("POST", ask, Kind::KillAfter));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_is_followed_to_its_end_past_a_refusal_a_lost_answer_and_the_death_of_who_follows_it() {
    let follow = "asyncOperationResults";
    tokio::join!(
        struck("GET", follow, Kind::Throttle { retry_after: 2 }),
        struck("GET", follow, Kind::Status(503)),
        struck("GET", follow, Kind::KillBefore),
        struck("GET", follow, Kind::KillAfter),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_for_which_the_service_is_too_busy_is_asked_for_again_long_before_the_interval_is_over() {
    let estate = land(1).with_record(stale(&account(0, 0)));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let busy = Rule::new("busy", Service::ResourceManager, Which::First(1), Kind::Throttle { retry_after: 2 });
    stage.azure.faults().add(busy.method("POST").path_contains("triggerEvaluation"));
    stage.start_worker(&[LONG], 1).await;
    stage.deliver(all).await;
    stage.settled(1).await;
    assert_eq!((stage.count("fixed"), evaluated(&stage).len(), stage.manager.tasks().len()), (1, 2, 2));
    stage.at_rest().await;
}
