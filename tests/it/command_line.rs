//! The binary in a person's hands: `demo` and `simulate`, with their JSON and exit codes.

use std::time::Duration;

use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use simulator::estate::{EventKind, PolicyEvent};
use tokio::process::Command;

use crate::stage::{PATIENCE, Simulation, events, land, record};

/// Runs `demo` and gives its exit code and its JSON.
async fn demo(arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.arg("demo").arg("--json").args(arguments).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let stdout = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(stdout.trim_end().lines().count(), 1, "one JSON object: {stdout}");
    (ended.status.code(), serde_json::from_str(&stdout).unwrap())
}

fn has_all_members(report: &Value) {
    for number in
        ["events", "duplicates", "tasks", "fixed", "unfixed", "waiting", "retries", "peakActiveTasksPerTarget"]
    {
        assert!(report[number].is_u64(), "{number}: {report}");
    }
    assert!(report["seconds"].is_f64() && report["workerPeakRssBytes"].as_u64().unwrap() > 1_000_000, "{report}");
    for map in ["skipped", "parked", "waitingReasons", "armCalls"] {
        assert!(report[map].as_object().unwrap().values().all(Value::is_u64), "{map}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_fixes_all_that_can_be_fixed_and_says_so_in_json() {
    let (code, report) = demo(&[]).await;
    has_all_members(&report);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!((&report["unfixed"], &report["waiting"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(report["peakActiveTasksPerTarget"], 1);
    let count = |name: &str| report[name].as_u64().unwrap();
    assert!(count("fixed") > 150 && count("duplicates") > 30 && count("retries") > 0, "{report}");
    assert_eq!(report["verified"], report["fixed"], "an evaluation has found each: {report}");
    assert!(count("sweeps") > 0, "the timer fires: {report}");
    assert!(count("tasks") < count("fixed") / 4, "tasks carry many resources: {report}");
    assert_eq!(report["parked"], json!({ "missingPermission": 14, "permanentFailure": 1 }));
    assert_eq!((&report["parkedTargets"], &report["wronglyParked"]), (&json!(3), &json!(0)));
    assert_eq!((&report["skipped"]["exempt"], &report["skipped"]["notRemediable"]), (&json!(1), &json!(8)), "{report}");
    // What is not as usual in the estate: a customer's three assignments, a pinned version, an overridden effect.
    let row = |name: &str| {
        let rows = report["byPolicy"].as_array().unwrap();
        let row = rows.iter().find(|row| row["assignment"].as_str().unwrap().ends_with(name));
        let row = row.unwrap_or_else(|| panic!("{name} has a row: {report}"));
        ["fixed", "skipped", "parked"].map(|count| row[count].as_u64().unwrap())
    };
    for (name, outcome) in [
        ("9e77/providers/microsoft.authorization/policyassignments/tags", [8, 0, 0]),
        ("/logs", [0, 0, 2]),
        ("/alerts", [0, 0, 2]),
        ("/pinned", [3, 1, 0]),
        ("/overridden", [0, 4, 0]),
    ] {
        assert_eq!(row(name), outcome, "fixed, skipped and parked ones of {name}");
    }
    let hint = |name: &str| {
        let targets = report["parkedTargetList"].as_array().unwrap();
        let target = targets.iter().find(|one| one["assignment"].as_str().unwrap().ends_with(name));
        target.unwrap_or_else(|| panic!("{name} is parked: {report}"))["hint"].as_str().unwrap().to_owned()
    };
    assert!(hint("/network").starts_with("Run: az role assignment create"), "{}", hint("/network"));
    assert!(hint("/logs").starts_with("Run: az rest") && hint("/logs").contains("GRANT_ROLES"), "{}", hint("/logs"));
    let lacking = hint("/alerts");
    assert!(lacking.starts_with("Have the customer run") && lacking.contains("Lighthouse template"), "{lacking}");
    assert!(!report["parkedExample"]["hint"].as_str().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_in_plan_mode_touches_nothing_and_everything_keeps_waiting() {
    let (code, report) = demo(&["--mode", "plan"]).await;
    has_all_members(&report);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!((&report["tasks"], &report["fixed"]), (&json!(0), &json!(0)), "{report}");
    assert!(report["waiting"].as_u64().unwrap() > 150);
    assert_eq!(report["waitingReasons"], json!({ "planOnly": report["waiting"] }), "{report}");
    assert!(report["armCalls"].get("createTask").is_none(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_events_are_replayed_from_a_list_or_from_lines_in_either_schema() {
    let mut estate = land(1);
    for place in 0..4 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let grid = events(&estate);
    let cloud = estate.records.iter().map(|r| PolicyEvent::of(&estate, r, EventKind::Created).cloud_event());
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.json");
    std::fs::write(&list, Value::Array(grid.clone()).to_string()).unwrap();
    let lines = folder.path().join("events.jsonl");
    // Cloud events, and one of the others once more, as PowerShell writes them; what is no event costs only itself.
    let text: String = cloud.chain([grid[0].clone(), json!(7)]).map(|event| format!("{event}\r\n")).collect();
    let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(&lines, utf_16).unwrap();
    let (list, lines) = (list.display().to_string(), lines.display().to_string());
    let (list, lines) = (["--events", &list], ["--events", &lines]);
    let (of_list, of_lines) = tokio::join!(demo(&list), demo(&lines));
    for ((code, report), (events, duplicates)) in [(of_list, (4, 0)), (of_lines, (5, 1))] {
        has_all_members(&report);
        assert_eq!(code, Some(0), "{report}");
        assert_eq!((&report["rejected"], report["assumed"].is_string()), (&json!(duplicates), true), "{report}");
        assert_eq!(
            (&report["events"], &report["duplicates"], &report["fixed"], &report["unfixed"]),
            (&json!(events), &json!(duplicates), &json!(4), &json!(0)),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_events_and_a_wrong_option_end_with_their_exit_codes() {
    let run = async |arguments: &[&str]| {
        let ended = Command::new(env!("CARGO_BIN_EXE_policy-remediator")).args(arguments).output().await.unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.jsonl");
    std::fs::write(&broken, "{}\nno json\n").unwrap();
    let (code, words) = run(&["demo", "--events", &broken.display().to_string()]).await;
    assert_eq!(code, Some(1));
    assert!(words.contains("line 2") && words.contains("broken.jsonl"), "{words}");
    let (code, words) = run(&["demo", "--mode", "perhaps"]).await;
    assert_eq!(code, Some(2));
    assert!(words.contains("plan") && words.contains("act"), "{words}");
    assert_eq!(run(&["demo", "--package", &folder.path().display().to_string()]).await.0, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_simulate_prints_can_be_used_and_an_event_posted_to_it_ends_as_a_task() {
    let simulation = Simulation::start().await;
    let authority = std::fs::read(simulation.place("caFile")).unwrap();
    let client = Client::builder().add_root_certificate(Certificate::from_pem(&authority).unwrap()).build().unwrap();
    for service in ["resourceManager", "serviceBus", "blob"] {
        let answer = client.get(simulation.place(service)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401, "{service} answers over TLS, and wants a token");
    }
    let environment = simulation.places["env"].as_object().unwrap();
    assert_eq!(environment["RESOURCE_MANAGER_ENDPOINT"], simulation.places["resourceManager"]);
    let identity =
        format!("{}?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com", simulation.place("identity"));
    let secret = environment["IDENTITY_HEADER"].as_str().unwrap();
    let token = async |more: &str| -> String {
        let asked = client.get(format!("{identity}{more}")).header("X-IDENTITY-HEADER", secret);
        let answer = asked.send().await.unwrap().text().await.unwrap();
        let token: Value = serde_json::from_str(&answer).unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    };
    // Rights are enforced: the worker cannot give itself any, the owner can give some.
    let operator = token(&format!("&client_id={}", simulation.place("operatorClientId"))).await;
    let token = token("").await;
    let group = "providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization";
    let grant = format!(
        "{}/{group}/roleAssignments/a0000000-0000-4000-8000-000000000001?api-version=2022-04-01",
        simulation.place("resourceManager")
    );
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let body = json!({ "properties": { "roleDefinitionId": reader, "principalId": "p", "principalType": "User" } });
    for (who, status) in [(&token, 403), (&operator, 201)] {
        let asked = client.put(&grant).bearer_auth(who).body(body.to_string());
        assert_eq!(asked.send().await.unwrap().status().as_u16(), status);
    }

    let estate = simulator_demo::estate(time::OffsetDateTime::now_utc());
    let record = &estate.records[0];
    let event = PolicyEvent::of(&estate, record, EventKind::Created).event_grid();
    let webhook = format!("{}/runtime/webhooks/eventgrid?functionName=receive-event", simulation.place("functions"));
    let posted = client.post(webhook).header("aeg-event-type", "Notification").body(json!([event]).to_string());
    assert_eq!(posted.send().await.unwrap().status().as_u16(), 202);
    let tasks = format!(
        "{}/subscriptions/{}/providers/Microsoft.PolicyInsights/remediations?api-version=2024-10-01",
        simulation.place("resourceManager"),
        record.key.resource.subscription().unwrap()
    );
    let begun = std::time::Instant::now();
    loop {
        let answer = client.get(&tasks).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
        let list: Value = serde_json::from_str(&answer).unwrap();
        if list["value"][0]["properties"]["provisioningState"] == "Succeeded" {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "no task: {list}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    simulation.terminate().await;
}
