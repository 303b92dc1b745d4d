//! Batch runs: what no event told of is found and remediated, by the run's own settings, once, and however many subscriptions it is.

use remediation::id::Target;
use remediation::message::{BatchRun, Handover, Outgoing};
use serde_json::{Value, json};
use simulator::Service;
use simulator::estate::Estate;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{DEFINITION, Expected, Stage, assignment, event, land, plot, record, subscription, until};

const QUEUE: &str = "batch-runs";
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";
const CUSTOMER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";

fn message(run_id: &str, scopes: &[String], more: &Value) -> String {
    let mut body = json!({ "version": 1, "runId": run_id, "scopes": scopes });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    body.to_string()
}

fn of(number: usize) -> String {
    format!("/subscriptions/{}", subscription(number))
}

/// So many resources in each of these subscriptions.
fn estate(counts: &[usize]) -> Estate {
    let all = counts.iter().enumerate().flat_map(|(number, count)| (0..*count).map(move |place| (number, place)));
    all.fold(land(counts.len()), |estate, (number, place)| estate.with_record(record(number, place, "Tag")))
}

/// The bodies of all tasks that were asked for.
fn requests(stage: &Stage) -> Vec<Value> {
    let calls = stage.azure.ledger().of(Service::ResourceManager).into_iter();
    let puts = calls.filter(|entry| entry.method == "PUT" && entry.path.contains("/remediations/pr-"));
    puts.map(|entry| serde_json::from_slice(&entry.request_body.unwrap()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_a_management_group_fixes_what_no_event_told_of_and_the_same_run_twice_does_nothing_twice() {
    let stage = Stage::with(estate(&[3, 2, 0]), &[]).await;
    stage.enqueue(QUEUE, [message("first", &[GROUP.to_owned()], &json!({}))]);
    let ended = stage.told("run_ended", 1).await;
    let counts = ["subscriptions", "targets", "resources", "sent", "handed_over", "questions"].map(|it| &ended[0][it]);
    assert_eq!((json!(counts), &ended[0]["state"]), (json!([3, 2, 5, 5, 0, 3]), &json!("done")));
    stage.settled(5).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, 5));
    let tasks = stage.manager.tasks().len();
    stage.enqueue(QUEUE, [message("FIRST", &[GROUP.to_owned()], &json!({}))]);
    assert_eq!(stage.told("run_known", 1).await[0]["reason"], "ended");
    let other = message("first", &[of(0)], &json!({}));
    stage.enqueue(QUEUE, [other, "{\"version\":1}".to_owned(), message("x", &[], &json!({}))]);
    until("what cannot be done is rejected", || stage.rejected().len() == 3).await;
    let reasons: Vec<String> =
        stage.rejected().iter().map(|item| item["reason"].as_str().unwrap().to_owned()).collect();
    for words in ["another runId", "runId", "scopes: one is needed"] {
        assert!(reasons.iter().any(|reason| reason.contains(words)), "{words}: {reasons:?}");
    }
    assert_eq!(stage.manager.tasks().len(), tasks);
    stage.at_rest_with(Expected { rejected: 3, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_of_one_name_that_come_together_one_is_told_so() {
    let mut stage = Stage::without_worker(estate(&[1, 1])).await;
    // Whoever writes first, both have found no document before.
    let late = Kind::Delay(std::time::Duration::from_millis(300));
    let rule = Rule::new("late", Service::Blob, Which::First(2), late).path_contains("runs%2F").method("PUT");
    stage.azure.faults().add(rule);
    let two = [0, 1].map(|number| message("twice", &[of(number)], &json!({})));
    stage.enqueue_as_one_batch(QUEUE, two);
    stage.start_worker(&[], 1).await;
    until("one is rejected", || stage.rejected().len() == 1).await;
    assert!(stage.rejected()[0]["reason"].as_str().unwrap().contains("another runId"));
    assert_eq!(stage.told("run_ended", 1).await[0]["sent"], 1);
    stage.settled(1).await;
    assert_eq!((stage.azure.faults().hits("late"), stage.unfit()), (2, 1));
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_a_run_reach_the_tasks_that_it_causes_and_no_others() {
    let estate = plot(estate(&[3]), 0, "Other", DEFINITION).with_record(record(0, 500, "Other"));
    let told = vec![event(&estate, estate.records.last().unwrap())];
    let stage = Stage::with(estate, &[]).await;
    stage.deliver(told).await;
    let more = json!({ "assignments": ["Tag"], "parallelDeployments": 3, "failureThreshold": 0.5, "resourceCount": 2 });
    stage.enqueue(QUEUE, [message("few", &[of(0)], &more)]);
    stage.told("run_ended", 1).await;
    stage.settled(3).await;
    assert_eq!(stage.unfit(), 1, "two of three, and the event's");
    for request in requests(&stage) {
        let of_run = request["properties"]["policyAssignmentId"].as_str().unwrap().ends_with("/tag");
        let asked = &request["properties"];
        let expected = if of_run { (json!(3), json!(0.5)) } else { (json!(10), json!(1.0)) };
        assert_eq!(
            (&asked["parallelDeployments"], &asked["failureThreshold"]["percentage"]),
            (&expected.0, &expected.1)
        );
    }
    let entries = stage.entries();
    assert!(entries.iter().all(|(_, _, entry)| entry["state"]["is"] == "fixed"), "{entries:#?}");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_target_is_handed_over_as_a_whole_and_all_of_it_is_fixed() {
    let stage = Stage::with(estate(&[60, 4]), &[("ESCALATE_ABOVE", "20")]).await;
    let more = json!({ "discovery": "policyStates", "parallelDeployments": 30 });
    stage.enqueue(QUEUE, [message("large", &[of(0), of(1)], &more)]);
    let ended = stage.told("run_ended", 1).await;
    assert_eq!((&ended[0]["handed_over"], &ended[0]["sent"]), (&json!(1), &json!(4)));
    stage.settled(64).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, 64));
    for request in requests(&stage) {
        assert_eq!(request["properties"]["parallelDeployments"], 30);
    }
    let whole: Vec<_> = stage.manager.tasks().into_iter().filter(|task| !task.names_resources).collect();
    assert_eq!(whole.len(), 1, "one task takes all: {whole:#?}");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handover_that_waits_long_for_another_in_plan_mode_is_told_of_and_a_scan_waits_for_none() {
    let stage = Stage::with(estate(&[1]), &[("REMEDIATION_MODE", "plan")]).await;
    let handover = |run_id: &str, most: Option<u32>, returns: u32| {
        let mut run = BatchRun::over(run_id.parse().unwrap(), vec![of(0).parse().unwrap()]);
        run.options.resource_count = most;
        let target = Target::within(&subscription(0).parse().unwrap(), assignment(0, "Tag").parse().unwrap(), None);
        let at = time::OffsetDateTime::now_utc() - std::time::Duration::from_secs(60);
        let mut handover = Handover::new(&run, target, 900, at);
        handover.returns = returns;
        stage.enqueue("noncompliant-resources", [Outgoing::handover(&handover).body]);
    };
    let merged = async |words: &str, count| {
        until(words, || {
            let lines = stage.logged("batch_merged");
            lines.iter().filter(|line| line["merged"].as_str().unwrap().contains(words)).count() == count
        })
        .await;
    };
    handover("one", Some(7), 0);
    merged("handedOver", 1).await;
    handover("two", Some(9), 24);
    assert_eq!(stage.told("handover_waits", 1).await[0]["run_id"], "two");
    handover("scan-1", None, 0);
    merged("handedOver", 2).await;
    assert_eq!(stage.azure.broker().counts("noncompliant-resources").scheduled, 1, "the second run alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_for_some_locations_leaves_all_others_alone() {
    let mut estate = estate(&[40]);
    for place in 0..40 {
        let location = if place < 25 { "westeurope" } else { "northeurope" };
        estate = estate.with_resource(record(0, place, "Tag").key.resource, location);
    }
    let stage = Stage::with(estate, &[("ESCALATE_ABOVE", "20")]).await;
    stage.enqueue(QUEUE, [message("west", &[of(0)], &json!({ "locations": ["West Europe"] }))]);
    let ended = stage.told("run_ended", 1).await;
    assert_eq!((&ended[0]["handed_over"], &ended[0]["resources"]), (&json!(1), &json!(25)));
    stage.settled(25).await;
    assert_eq!(stage.unfit(), 15);
    let [request] = requests(&stage).try_into().expect("one task");
    assert_eq!(request["properties"]["filters"]["locations"], json!(["westeurope"]));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_reports_and_touches_nothing() {
    let stage = Stage::with(estate(&[5, 2]), &[("ESCALATE_ABOVE", "4")]).await;
    stage.enqueue(QUEUE, [message("look", &[GROUP.to_owned()], &json!({ "dryRun": true }))]);
    let ended = stage.told("run_ended", 1).await;
    assert_eq!((&ended[0]["targets"], &ended[0]["resources"], &ended[0]["sent"]), (&json!(2), &json!(7), &json!(0)));
    let document = &stage.azure.blobs().list("state", "runs/")[0];
    let document: Value = serde_json::from_slice(&document.content).unwrap();
    let mut named: Vec<_> =
        document["targets"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, [2, 5]);
    assert_eq!((stage.unfit(), stage.documents().len(), stage.manager.tasks().len()), (7, 0, 0));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_many_subscriptions_resource_graph_is_asked_and_delegated_ones_are_among_them() {
    let mut estate = estate(&[2; 24]);
    for number in [5, 23] {
        estate.subscriptions[number].managed_by =
            vec![std::mem::replace(&mut estate.subscriptions[number].tenant, CUSTOMER.to_owned())];
        estate.subscriptions[number].parent = None;
    }
    let stage = Stage::with(estate, &[]).await;
    let scopes: Vec<String> = (0..24).map(of).collect();
    stage.enqueue(QUEUE, [message("many", &scopes, &json!({ "dryRun": true }))]);
    let ended = stage.told("run_ended", 1).await;
    assert_eq!(
        (&ended[0]["subscriptions"], &ended[0]["resources"], &ended[0]["questions"]),
        (&json!(24), &json!(48), &json!(2))
    );
    assert_eq!((stage.calls("queryGraph"), stage.calls("queryStates")), (2, 0));
    stage.enqueue(QUEUE, [message("two", &[of(5), of(6)], &json!({ "discovery": "resourceGraph" }))]);
    stage.told("run_ended", 2).await;
    stage.settled(4).await;
    assert!(!stage.complies(&assignment(0, "Tag"), &crate::stage::account(0, 0)));
    assert_eq!((stage.count("fixed"), stage.unfit()), (4, 44));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_to_wait_rests_and_goes_on_and_what_may_not_be_read_is_noted() {
    let stage = Stage::with(estate(&[2, 2]), &[]).await;
    let refused =
        Kind::Answer { status: 403, body: r#"{"error":{"code":"AuthorizationFailed","message":"not yours"}}"# };
    for (number, name, kind) in [(0, "busy", Kind::Throttle { retry_after: 9 }), (1, "refused", refused)] {
        let path = format!("{}/providers/Microsoft.PolicyInsights/policyStates", subscription(number));
        stage.azure.faults().add(Rule::new(name, Service::ResourceManager, Which::First(1), kind).path_contains(&path));
    }
    stage.enqueue(QUEUE, [message("patient", &[of(0), of(1)], &json!({}))]);
    let ended = stage.told("run_ended", 1).await;
    assert_eq!(stage.logged("run_rests").len(), 1);
    assert_eq!(
        (&ended[0]["state"], &ended[0]["troubles"], &ended[0]["sent"]),
        (&json!("incomplete"), &json!(1), &json!(2))
    );
    assert!(stage.logged("run_trouble")[0]["reason"].as_str().unwrap().contains("not yours"));
    stage.settled(2).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_needs_more_than_the_time_of_an_invocation_goes_on_in_others() {
    const BUDGET: std::time::Duration = std::time::Duration::from_secs(3);
    let stage = Stage::with(estate(&[1; 8]), &[("INVOCATION_BUDGET", "3s")]).await;
    let slow = Kind::Delay(std::time::Duration::from_millis(600));
    let rule = Rule::new("slow", Service::ResourceManager, Which::Always, slow);
    stage.azure.faults().add(rule.path_contains("/policyStates/latest/queryResults"));
    let scopes: Vec<String> = (0..8).map(of).collect();
    stage.enqueue(QUEUE, [message("long", &scopes, &json!({ "discovery": "policyStates" }))]);
    let ended = stage.told("run_ended", 1).await;
    stage.azure.faults().remove("slow");
    assert_eq!((&ended[0]["state"], &ended[0]["sent"]), (&json!("done"), &json!(8)), "{ended:#?}");
    // 16 questions of 600 ms, of which an invocation has no time for more than four.
    assert!(stage.logged("run_rests").len() >= 3, "{:#?}", stage.logged("run_rests"));
    let of_runs = stage.azure.ledger().filter(|e| e.service == Service::Functions && e.path.contains("run-batch"));
    assert!(of_runs.len() > 3 && of_runs.iter().all(|entry| entry.took <= BUDGET), "{of_runs:#?}");
    stage.settled(8).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (8, 0));
    stage.at_rest().await;
}
