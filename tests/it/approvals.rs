//! In the mode `approve` nothing is begun but what a person has approved: so many resources, in two instances at once, until it is over
//! or taken back. What cannot be read approves nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use simulator::estate::Assignment;

use crate::commands::{run_on, run_with};
use crate::rights::{CONTRIBUTOR, poor};
use crate::stage::{DEFINITION, Expected, Stage, events, land, record, subscription, until};

const APPROVE: (&str, &str) = ("REMEDIATION_MODE", "approve");
const GRACE: (&str, &str) = ("OPENING_GRACE", "20s");

/// Writes an approval, as a person's command does.
fn write(stage: &Stage, id: &str, more: &Value) {
    let mut body = json!({
        "version": 1, "id": id, "assignment": "tag", "max": 9, "at": "2026-11-21T07:00:00Z", "until": "2099-01-01T00:00:00Z",
        "by": "someone", "reason": "CHG-1",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.azure.blobs().put("state", &format!("approvals/{id}.json"), body.to_string()).unwrap();
}

fn rests(stage: &Stage, why: &str) -> usize {
    stage.logged("target_reconciled").iter().filter(|pass| pass["idle"] == why).count()
}

fn begun(stage: &Stage) -> u64 {
    stage.logged("task_created").iter().filter_map(|put| put["resources"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_is_begun_in_so_many_resources_and_the_rest_waits() {
    let mut estate = land(2);
    for number in 0..2 {
        for place in 0..3 {
            estate = estate.with_record(record(number, place, "Tag"));
        }
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let over = json!({ "until": "2026-01-01T00:00:00Z" });
    let revoked = json!({ "revoked": { "by": "someone", "at": "2026-11-21T08:00:00Z" } });
    let narrower = json!({ "references": ["x"] });
    for (id, more) in [("over", over), ("revoked", revoked), ("narrower", narrower)] {
        write(&stage, id, &more);
    }
    stage.azure.blobs().put("state", "approvals/damaged.json", "damaged").unwrap();
    // A copy of one would be counted twice.
    write(&stage, "copied", &json!({ "id": "other" }));
    stage.start_worker(&[APPROVE, GRACE], 2).await;
    stage.deliver(events).await;
    let shown = || -> Vec<_> {
        stage.logged("plan").iter().map(|plan| (plan["subscription"].to_string(), plan["count"].as_u64())).collect()
    };
    let whole = || shown().iter().filter(|(_, count)| *count == Some(3)).count();
    until("both wait for an approval", || whole() == 2 && rests(&stage, "awaitingApproval") >= 8).await;
    assert_eq!((stage.manager.tasks().len(), stage.count("waiting")), (0, 6));
    // Of what comes in parts each part has a plan; and the same plan is told once, however often it is looked at.
    let plans = shown();
    assert_eq!(plans.iter().collect::<std::collections::BTreeSet<_>>().len(), plans.len(), "{plans:?}");
    let unusable: std::collections::BTreeSet<_> =
        stage.logged("approval_unusable").iter().map(|told| told["blob"].to_string()).collect();
    assert_eq!(unusable.len(), 3, "{unusable:?}");
    write(&stage, "a1", &json!({ "max": 4 }));
    until("so many are fixed", || stage.count("fixed") == 4).await;
    until("the rest waits", || rests(&stage, "approvalUsedUp") >= 2).await;
    assert_eq!((begun(&stage), stage.count("waiting")), (4, 2));
    let told = stage.logged("approval_given");
    assert!(told.iter().all(|told| told["approval"] == "a1" && told["by"] == "someone" && told["reason"] == "CHG-1"));
    write(&stage, "a2", &json!({}));
    stage.settled(6).await;
    assert_eq!(begun(&stage), 6);
    stage.at_rest_with(Expected::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_awaits_an_approval_goes_on_with_the_next_sweep_and_is_woken_once_for_each() {
    let mut estate = land(2);
    for number in 0..2 {
        for place in 0..2 {
            estate = estate.with_record(record(number, place, "Tag"));
        }
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    // By itself nobody looks again while the test runs.
    stage.start_worker(&[APPROVE, GRACE, ("CHECK_INTERVAL_MAX", "2h")], 1).await;
    stage.deliver(events).await;
    until("both wait", || rests(&stage, "awaitingApproval") >= 2 && stage.count("waiting") == 4).await;
    let mut swept = 0;
    let mut sweep = async |stage: &Stage| {
        stage.host().fire("sweep").await.unwrap().unwrap();
        swept += 1;
        stage.told("swept", swept).await[swept - 1]["asked_again"].as_u64().unwrap()
    };
    assert_eq!(sweep(&stage).await, 0, "nothing is approved");
    let scope = format!("/subscriptions/{}", subscription(0));
    for (nth, max, why) in [(1, "1", "approvalUsedUp"), (2, "9", "taskRunning")] {
        let approve = ["approve", "--assignment", "Tag", "--scope", &scope, "--max", max, "--for", "1h"];
        let before = rests(&stage, why);
        assert_eq!(run_on(&stage, &approve).await.code, Some(0));
        // An instance believes for ten seconds what it has read of approvals.
        let known = Instant::now();
        while sweep(&stage).await == 0 {
            assert!(known.elapsed() < Duration::from_secs(60), "nobody is woken");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(sweep(&stage).await, 0, "once, and only whom it covers");
        stage.azure.broker().shift(Duration::from_secs(60));
        until("it goes on", || stage.count("fixed") == nth && rests(&stage, why) > before).await;
        until("nothing runs", || stage.count("inTask") == 0).await;
    }
    assert_eq!((begun(&stage), stage.count("waiting")), (2, 2));
    stage.at_rest_with(Expected { waiting: 2, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_plan_covers_exactly_what_it_names() {
    let mut estate = land(1);
    for place in 0..6 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.start_worker(&[APPROVE, GRACE, ("FACTS_TTL", "1ms")], 1).await;
    stage.deliver(events).await;
    until("all wait for an approval", || rests(&stage, "awaitingApproval") >= 1 && stage.count("waiting") == 6).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("change.json");
    let (file, scope) = (file.to_str().unwrap(), format!("/subscriptions/{}", subscription(0)));
    // It leaves one group out, which the worker would not.
    let changes = [APPROVE, ("EXCLUDE_SCOPES", "*/resourceGroups/app-2")];
    let plan = run_with(&stage, &["plan", "--json", "--scope", &scope, "--out", file], &changes).await;
    let target = &plan.json()["targets"][0];
    assert!(target["heldBack"] == "awaitingApproval" && target["facts"].is_string(), "{target}");
    let planned: Vec<_> = target["tasks"][0]["resources"].as_array().unwrap().clone();
    assert!((1..6).contains(&planned.len()), "{planned:?}");
    let given = run_on(&stage, &["approve", "--json", "--plan", file, "--for", "1h"]).await;
    assert_eq!(given.code, Some(0), "{}", given.stderr);
    let given = &given.json()["approvals"][0];
    assert_eq!(given["max"], json!(planned.len()));
    let stored = stage.azure.blobs().list("state", "plans/");
    assert_eq!(stored.len(), 1, "{stored:?}");
    until("what it names is fixed", || stage.count("fixed") == planned.len()).await;
    until("the rest waits", || rests(&stage, "awaitingApproval") >= 3 && stage.count("inTask") == 0).await;
    let opened: Vec<String> =
        stage.manager.tasks().iter().flat_map(|task| task.resources.iter().map(ToString::to_string)).collect();
    assert_eq!(opened.len(), planned.len());
    assert!(planned.iter().all(|id| opened.iter().any(|one| one.eq_ignore_ascii_case(id.as_str().unwrap()))));
    let listed = run_on(&stage, &["approvals", "list", "--json"]).await.json();
    assert_eq!(listed["approvals"][0]["used"], json!(planned.len()));
    // Where the facts are others by now it is void, which is told, and nothing more of it is begun.
    let list = async || run_on(&stage, &["approvals", "list", "--json"]).await.json()["approvals"][0].clone();
    assert!(list().await["voidFor"].is_null());
    stage.manager.amends(|estate| {
        let scope = format!("/subscriptions/{}", subscription(0));
        let identity = Assignment::new(&scope, "Tag", DEFINITION).with_system_identity("other", "t", "westeurope");
        estate.assignments.retain(|one| !one.id.lower().ends_with("/tag"));
        estate.assignments.push(identity);
    });
    until("it is void", || !stage.logged("approval_void").is_empty()).await;
    assert_eq!(stage.logged("approval_void")[0]["approval"], given["id"]);
    assert_eq!(list().await["voidFor"].as_array().map(Vec::len), Some(1));
    let text = run_on(&stage, &["approvals", "list"]).await.stdout;
    assert!(text.contains("void for 1 target"), "{text}");
    // A plan that was changed is another.
    std::fs::write(file, "{}").unwrap();
    assert_eq!(run_on(&stage, &["approve", "--plan", file, "--for", "1h"]).await.code, Some(1));
    let waiting = 6 - planned.len();
    stage.at_rest_with(Expected { waiting, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_granted_for_an_approval_with_grants_only() {
    let stage = poor(&[APPROVE, GRACE, ("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")]).await;
    let approve = ["approve", "--assignment", "Poor", "--max", "50", "--for", "1h"];
    assert_eq!(run_on(&stage, &approve).await.code, Some(0));
    until("an approval without grants is known", || !stage.logged("approval_given").is_empty()).await;
    let before = rests(&stage, "awaitingApproval");
    until("and not enough", || rests(&stage, "awaitingApproval") >= before + 3).await;
    assert_eq!((stage.calls("grantRole"), stage.manager.tasks().len()), (0, 0));
    let given = run_on(&stage, &[&approve[..], &["--grants", "--json"]].concat()).await.json();
    assert_eq!(given["approvals"][0]["grants"], true, "{given}");
    until("the role is granted, and all is fixed", || stage.count("fixed") == 6).await;
    assert_eq!((stage.calls("grantRole"), stage.logged("role_granted").len()), (1, 1));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_over_for_long_is_deleted_and_the_log_keeps_it() {
    let stage = Stage::without_worker(land(1)).await;
    let mut stage = stage;
    for (id, until) in [("old", "2026-01-01T00:00:00Z"), ("stands", "2099-01-01T00:00:00Z")] {
        write(&stage, id, &json!({ "until": until }));
        let body = stage.azure.blobs().get("state", &format!("approvals/{id}.json")).unwrap();
        let name = format!("approvals/{id}.json");
        stage.azure.blobs().put_with_metadata("state", &name, body.content, &[("until", until)]).unwrap();
    }
    stage.start_worker(&[APPROVE], 1).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    let [told] = stage.told("approval_forgotten", 1).await.try_into().unwrap();
    assert!(told["approval"] == "old" && told["by"] == "someone" && told["reason"] == "CHG-1", "{told}");
    assert_eq!(stage.azure.blobs().list("state", "approvals/").len(), 1);
    stage.stop_worker().await;
}
