//! A policy that fails in three subscriptions is stopped in all, in two instances at once, told once, and begun again by a person. What
//! counts it may be damaged: that hides nothing else.

use remediation::document::FleetDocument;
use simulator::estate::Failure;

use crate::commands::{run_on, run_with};
use crate::stage::{Stage, account, assignment, event, land, record, until};

/// What is counted opens a breaker; an opening must not be given up at once where starts are slow.
const COUNTED: [(&str, &str); 2] = [("MAX_RESOURCES_PER_DAY", "1000"), ("OPENING_GRACE", "20s")];

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_fails_in_three_subscriptions_is_stopped_everywhere_until_a_person_says_otherwise() {
    let mut estate = land(4);
    for number in 0..3 {
        for place in 0..4 {
            let failure = Failure::new("InvalidTemplate", "the template of the policy is wrong");
            estate = estate.with_record(record(number, place, "Tag").failing(1, failure));
        }
    }
    estate = estate.with_record(record(3, 0, "Tag"));
    let (failing, later): (Vec<_>, Vec<_>) = estate
        .records
        .iter()
        .map(|one| (one.key.resource.to_string(), event(&estate, one)))
        .partition(|(id, _)| !id.contains(&crate::stage::subscription(3)));
    let events = |of: Vec<(String, serde_json::Value)>| of.into_iter().map(|(_, event)| event).collect::<Vec<_>>();
    let mut stage = Stage::without_worker(estate).await;
    stage.start_worker(&COUNTED, 2).await;
    stage.deliver(events(failing)).await;
    until("the breaker is open", || !stage.logged("breaker_opened").is_empty()).await;
    let told = stage.logged("breaker_opened");
    assert_eq!((told.len(), &told[0]["assignment"], &told[0]["subscriptions"]), (1, &"tag".into(), &"all".into()));
    stage.deliver(events(later)).await;
    let fourth = crate::stage::subscription(3);
    let rests = |pass: &serde_json::Value| pass["idle"] == "policyFails" && pass["subscription"] == fourth.as_str();
    // Who is looked at while a person closes the breaker may rest for it once more.
    let is_at_rest = |stage: &Stage| stage.logged("target_reconciled").iter().any(rests) && stage.host().idle();
    until("the fourth subscription is not begun", || is_at_rest(&stage)).await;
    assert_eq!((stage.count("fixed"), stage.count("waiting") > 0), (0, true));
    let shown = run_with(&stage, &["controls", "show", "--json"], &COUNTED).await;
    assert_eq!((shown.code, &shown.json()["breakers"][0]["assignment"]), (Some(3), &"tag".into()));
    let text = run_with(&stage, &["controls", "show"], &COUNTED).await.stdout;
    assert!(text.contains("stopped: assignment tag, everywhere"), "{text}");
    assert_eq!(run_with(&stage, &["status", "--json"], &COUNTED).await.json()["stoppedPolicies"], 1);
    // A worker that counts nothing asks no breaker.
    let uncounted = run_on(&stage, &["controls", "show"]).await;
    assert!(uncounted.code == Some(0) && uncounted.stdout.contains("not in force"), "{}", uncounted.stdout);
    assert_eq!(run_on(&stage, &["status", "--json"]).await.json()["stoppedPolicies"], 0);
    // The policy is mended, since each fails once: what failed again would stop it again, and perhaps before the fourth has begun.
    let closed = run_on(&stage, &["parked", "retry", "--assignment", "Tag", "--reason", "policyFails"]).await;
    assert!(closed.stdout.contains("policies that a breaker had stopped"), "{} {}", closed.stdout, closed.stderr);
    until("it is begun again", || stage.complies(&assignment(3, "Tag"), &account(3, 0))).await;
    until("and all is fixed", || stage.count("fixed") == 13).await;
    assert_eq!(stage.logged("breaker_opened").len(), 1);
    stage.stop_worker().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_document_of_an_assignment_hides_no_approval_and_no_other_breaker() {
    let stage = Stage::with(land(1), &[]).await;
    let approve = ["approve", "--assignment", "Tag", "--max", "5", "--for", "1h", "--json"];
    let given = run_on(&stage, &approve).await;
    assert_eq!(given.code, Some(0), "{}", given.stderr);
    let id = given.json()["approvals"][0]["id"].as_str().unwrap().to_owned();
    let blob = FleetDocument::blob("tag");
    stage.azure.blobs().put_with_metadata("state", &blob, "no document", &[("breaker", "open")]).unwrap();
    for command in [
        &["approvals", "list", "--json"][..],
        &["controls", "show", "--json"],
        &["status", "--json"],
        &["parked", "retry", "--all", "--json"],
        &["approvals", "revoke", &id, "--json"],
    ] {
        let ended = run_on(&stage, command).await;
        assert_ne!(ended.code, Some(1), "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(&blob) && ended.json().is_object(), "{command:?}: {}", ended.stderr);
        if matches!(command[0], "status" | "controls") {
            assert_eq!((ended.code, &ended.json()["unusable"][0]["blob"]), (Some(3), &blob.as_str().into()));
        }
    }
    stage.azure.blobs().put("state", "approvals/bad.json", "no document").unwrap();
    let found = run_on(&stage, &["doctor", "--json"]).await;
    let findings = found.json()["findings"].as_array().unwrap().clone();
    for name in [blob.as_str(), "approvals/bad.json"] {
        let is_told = |one: &serde_json::Value| {
            one["level"] == "error" && one["fix"].is_string() && one["what"].as_str().unwrap().contains(name)
        };
        assert!(found.code == Some(3) && findings.iter().any(is_told), "{name}: {findings:#?}");
    }
    assert!(!found.stdout.contains("no breaker is open"), "{}", found.stdout);
}
