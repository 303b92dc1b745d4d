//! A plan tells what `act` would do, and changes nothing.

use serde_json::{Value, json};
use simulator::Service;
use simulator::estate::{Assignment, ComplianceRecord, ComplianceState, Definition, Estate};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::commands::{Ended, ended};
use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, subscription, until};

fn row(place: usize, name: &str, effect: &str, state: &str) -> Value {
    json!({
        "resourceId": account(0, place), "policyAssignmentId": assignment(0, name), "policyDefinitionReferenceId": "",
        "complianceState": state, "timestamp": "2026-11-21T06:00:00Z", "policyDefinitionAction": effect,
    })
}

/// Plans offline, in an environment of nothing but these settings.
async fn plan(states: &Value, settings: &[(&str, &str)], more: &[&str]) -> Ended {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), states.to_string()).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["plan", "--states", file.path().to_str().unwrap()]).args(more).env_clear();
    ended(command.envs(settings.iter().copied())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn states_as_powershell_writes_them_are_read_from_the_standard_input() {
    let text = format!("\u{feff}{:#}\r\n", json!([row(0, "Tag", "modify", "NonCompliant")]));
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["plan", "--json", "--states", "-"]).env_clear().stdin(std::fs::File::open(file.path()).unwrap());
    let planned = ended(&mut command).await;
    assert_eq!((planned.code, &planned.json()["totals"]["resources"]), (Some(0), &json!(1)), "{}", planned.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_policy_states_is_enough_for_a_plan() {
    let mut rows: Vec<_> = (0..250).map(|place| row(place, "Tag", "deployIfNotExists", "NonCompliant")).collect();
    rows.extend((0..2).map(|place| row(place, "Skus", "audit", "NonCompliant")));
    rows.extend([row(300, "Tag", "deployIfNotExists", "Compliant"), json!({ "id": "no state" })]);
    let settings = [("EXCLUDE_SCOPES", "*/resourceGroups/app-2")];
    let planned = plan(&json!(rows), &settings, &["--json"]).await;
    assert_eq!(planned.code, Some(0), "{}", planned.stderr);
    let planned = planned.json();
    let target = |name: &str| {
        let name = assignment(0, name).to_lowercase();
        let all = planned["targets"].as_array().unwrap();
        all.iter().find(|target| target["assignment"] == name.as_str()).unwrap().clone()
    };
    let tag = target("Tag");
    let sizes: Vec<_> =
        tag["tasks"].as_array().unwrap().iter().map(|task| task["resources"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 67], "a third lies in the excluded group: {tag}");
    assert_eq!(tag["skipped"]["scopeExcluded"].as_array().unwrap().len(), 83);
    let body = &tag["tasks"][0]["body"]["properties"];
    assert_eq!(body["filters"]["resourceIds"].as_array().unwrap().len(), 100, "as it would be sent: {body}");
    assert_eq!(body["resourceDiscoveryMode"], "ExistingNonCompliant");
    let skus = target("Skus");
    assert_eq!((&skus["tasks"], skus["skipped"]["notRemediable"].as_array().unwrap().len()), (&json!([]), 2));
    assert_eq!((&planned["totals"]["resources"], &planned["totals"]["writes"]), (&json!(167), &json!(2)));
    let notes = planned["notes"].to_string();
    assert!(notes.contains("Offline: 252") && notes.contains("1 things"), "{notes}");

    let long = planned["howLong"].as_array().unwrap();
    let [tag] = long.as_slice() else { panic!("{long:?}") };
    assert_eq!((&tag["assignment"], &tag["resources"], &tag["now"]), (&json!("tag"), &json!(167), &json!(1)), "{tag}");
    assert_eq!(tag["waits"], json!(["firstSteps"]));
    let last: OffsetDateTime = OffsetDateTime::parse(tag["last"].as_str().unwrap(), &Rfc3339).unwrap();
    let hours = (last - OffsetDateTime::now_utc()).as_seconds_f64() / 3_600.0;
    assert!((2.9..3.1).contains(&hours), "1, 10, 100, and the rest an hour later: {hours}");
    let slow = plan(&json!(rows), &[("MAX_RESOURCES_PER_DAY", "10")], &["--assignment", "Tag"]).await.stdout;
    assert!(slow.contains("first steps, pace is reached") && slow.contains("Raise them knowingly"), "{slow}");

    let only = plan(&json!(rows), &settings, &["--assignment", "Sk*"]).await;
    let held = plan(&json!(rows), &[("ACT_ASSIGNMENTS", "other")], &["--assignment", "Tag", "--json"]).await.json();
    assert_eq!(held["targets"][0]["heldBack"], "planOnly", "{held}");
    assert!(only.stdout.contains("2 not remediable") && !only.stdout.contains("(tag"), "{}", only.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_resources_get_one_task_for_the_whole_scope_as_act_would_open_it() {
    let rows: Vec<_> = (0..40).map(|place| row(place, "Tag", "modify", "NonCompliant")).collect();
    // Where anything is counted there are waves.
    let uncounted = [("ESCALATE_ABOVE", "20"), ("FIRST_STEPS", "off"), ("MAX_RESOURCES_PER_DAY", "none")];
    let planned = plan(&json!({ "data": rows }), &uncounted, &["--json"]).await.json();
    let tasks = &planned["targets"][0]["tasks"];
    assert_eq!((tasks.as_array().unwrap().len(), &tasks[0]["kind"]), (1, &json!("wholeScope")), "{tasks}");
    assert_eq!(tasks[0]["body"]["properties"]["resourceCount"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_or_a_setting_is_said() {
    let nonsense = plan(&json!({ "error": "x" }), &[], &[]).await;
    assert!(nonsense.code == Some(1) && nonsense.stderr.contains("az policy state list"), "{}", nonsense.stderr);
    let rows = json!([row(0, "Tag", "modify", "NonCompliant")]);
    let wrong = plan(&rows, &[("MAX_ATTEMPTS", "many")], &[]).await;
    assert!(wrong.code == Some(1) && wrong.stderr.contains("MAX_ATTEMPTS"), "{}", wrong.stderr);
}

/// The resources of tasks, by assignment, all in lower case.
pub(crate) type Remediated = std::collections::BTreeMap<String, std::collections::BTreeSet<String>>;

/// What a plan names.
pub(crate) fn planned(plan: &Value) -> Remediated {
    let mut all = Remediated::new();
    for target in plan["targets"].as_array().unwrap() {
        let resources =
            target["tasks"].as_array().unwrap().iter().flat_map(|task| task["resources"].as_array().unwrap());
        let resources: Vec<_> = resources.map(|id| id.as_str().unwrap().to_lowercase()).collect();
        if !resources.is_empty() {
            all.entry(target["assignment"].as_str().unwrap().to_lowercase()).or_default().extend(resources);
        }
    }
    all
}

/// What the tasks were opened for.
pub(crate) fn remediated(stage: &Stage) -> Remediated {
    let mut all = Remediated::new();
    for task in stage.manager.tasks() {
        let resources = task.resources.iter().map(|id| id.as_str().to_lowercase());
        all.entry(task.assignment.as_str().to_lowercase()).or_default().extend(resources);
    }
    all
}

/// Two subscriptions: what can be fixed, what only audits, what lacks roles, and what complies.
fn estate() -> Estate {
    let audit = DEFINITION.replace("Inherit-Tag", "Audit-Skus");
    let scope = format!("/subscriptions/{}", subscription(1));
    let estate =
        plot(land(2), 0, "Skus", &audit).with_definition(Definition::new(audit.as_str(), "Audit")).with_assignment(
            Assignment::new(&scope, "Poor", DEFINITION).with_system_identity("p", "t", "westeurope").without_roles(),
        );
    let estate = (0..130).fold(estate, |estate, place| estate.with_record(record(0, place, "Tag")));
    let estate = (0..5).fold(estate, |estate, place| estate.with_record(record(0, place, "Skus")));
    let estate = (0..7).fold(estate, |estate, place| estate.with_record(record(1, place, "Tag")));
    let compliant = ComplianceRecord { state: ComplianceState::Compliant, ..record(1, 20, "Tag") };
    (10..13).fold(estate, |estate, place| estate.with_record(record(1, place, "Poor"))).with_record(compliant)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_real_scopes_only_reads_and_names_exactly_what_act_then_remediates() {
    let estate = estate();
    let burst = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let scopes = [0, 1].map(|number| format!("/subscriptions/{}", subscription(number)));
    // Nothing but where Azure is and who asks: no namespace and no storage.
    let mut settings = stage.worker_settings(&[("EXCLUDE_SCOPES", "*/resourceGroups/app-2")]);
    settings.retain(|name, _| !name.starts_with("ServiceBus") && name != "STATE_BLOB_ENDPOINT");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["plan", "--json", "--scope", &scopes[0], "--scope", &scopes[1]]).env_clear().envs(settings);
    let plan = ended(&mut command).await;
    assert_eq!(plan.code, Some(3), "roles are missing: {} {}", plan.stdout, plan.stderr);
    let plan = plan.json();
    let calls = stage.azure.ledger().filter(|entry| entry.service == Service::ResourceManager);
    assert!(
        calls.iter().all(|call| call.method == "GET" || call.path.to_lowercase().contains("/queryresults")),
        "it only reads"
    );
    assert_eq!(plan["totals"]["asked"], json!(calls.len()));
    assert!(stage.azure.blobs().list("state", "").is_empty(), "nothing is stored");
    let poor = plan["targets"].as_array().unwrap().iter().find(|target| target["parked"].is_object()).unwrap();
    assert_eq!(poor["parked"]["reason"], "missingPermission", "{poor}");
    assert!(poor["parked"]["hint"].as_str().unwrap().contains("az role assignment create"));
    assert!(plan["notes"].to_string().contains("without a history"), "{}", plan["notes"]);

    stage.start_worker(&[("EXCLUDE_SCOPES", "*/resourceGroups/app-2")], 1).await;
    stage.deliver(burst).await;
    until("act has done what it can", || stage.is_settled() && stage.count("fixed") > 80).await;
    assert_eq!(planned(&plan), remediated(&stage));
    assert_eq!(plan["totals"]["resources"], json!(stage.count("fixed")));

    // With the state, what is fixed is not planned again.
    let again = crate::commands::run_with(
        &stage,
        &["plan", "--json", "--scope", &scopes[0]],
        &[("EXCLUDE_SCOPES", "*/resourceGroups/app-2")],
    )
    .await;
    assert_eq!(
        (again.code, &again.json()["totals"]["tasks"]),
        (Some(0), &json!(0)),
        "{} {}",
        again.stdout,
        again.stderr
    );
}
