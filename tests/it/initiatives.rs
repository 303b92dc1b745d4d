//! What a task can remediate: the initiative's reference in its own casing, the effect, the assignment, its identity.

use serde_json::Value;
use simulator::Service;
use simulator::estate::{Assignment, ComplianceRecord, Definition, Estate, Initiative, RecordKey};
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, subscription};

const AUDIT: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policyDefinitions/Audit-Skus";
const BASELINE: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policySetDefinitions/Baseline";

fn baseline() -> Estate {
    let estate = land(1).with_definition(Definition::new(AUDIT, "Audit"));
    let initiative = Initiative::new(BASELINE).with_member("Inherit_TAG", DEFINITION).with_member("Audit_Skus", AUDIT);
    plot(estate.with_initiative(initiative), 0, "Baseline", BASELINE)
}

fn under_baseline(place: usize, reference: Option<&str>) -> ComplianceRecord {
    let one = record(0, place, "Baseline");
    ComplianceRecord { key: RecordKey::new(account(0, place), assignment(0, "Baseline"), reference), ..one }
}

fn reference_sent(stage: &Stage) -> Vec<Value> {
    let puts = stage.azure.ledger().filter(|e| e.service == Service::ResourceManager && e.method == "PUT");
    let body = |e: simulator::ledger::Entry| serde_json::from_slice::<Value>(&e.request_body.unwrap()).unwrap();
    puts.into_iter().map(|put| body(put)["properties"]["policyDefinitionReferenceId"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_initiative_what_names_a_remediable_policy_is_fixed_and_all_else_has_its_reason() {
    let estate = baseline()
        .with_record(under_baseline(1, Some("inherit_tag")))
        .with_record(under_baseline(2, Some("audit_skus")))
        .with_record(under_baseline(3, None))
        .with_record(under_baseline(4, Some("no_more")));
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(events).await;
    stage.settled(4).await;
    let noted = stage.told("target_not_remediable", 1).await;
    assert_eq!((&noted[0]["effect"], &noted[0]["seen"]), (&"audit".into(), &1.into()));
    let state = |place| stage.state_of(&assignment(0, "Baseline"), &account(0, place));
    assert_eq!(state(1)["is"], "fixed");
    assert_eq!(state(2), Value::Null, "what no task remediates has no entry");
    assert_eq!((&state(3)["is"], &state(3)["reason"]), (&"parked".into(), &"referenceMissing".into()));
    assert_eq!(state(4)["reason"], "referenceGone");
    assert_eq!((stage.count("skipped"), stage.count("parked")), (1, 1));
    assert_eq!(reference_sent(&stage), ["Inherit_TAG"], "in the initiative's own casing");
    let logged = stage.told("resource_skipped", 2).await;
    let mut logged: Vec<Value> = logged.into_iter().map(|line| line["reason"].clone()).collect();
    logged.sort_by_key(Value::to_string);
    assert_eq!(logged, ["notRemediable", "referenceGone"]);
    assert_eq!(stage.told("target_parked", 1).await[0]["reason"], "referenceMissing");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiative_that_cannot_be_read_or_is_out_of_sight_is_not_taken_for_gone() {
    for status in [403, 404] {
        let estate = baseline().with_record(under_baseline(1, Some("inherit_tag")));
        let events = events(&estate);
        let stage = Stage::start(estate).await;
        let unseen = Rule::new("unseen", Service::ResourceManager, Which::Always, Kind::Status(status));
        stage.azure.faults().add(unseen.path_contains("/policySetDefinitions"));
        stage.deliver(events).await;
        stage.settled(1).await;
        assert!(stage.azure.faults().hits("unseen") > 0, "{status}");
        assert_eq!((stage.unfit(), stage.count("fixed")), (0, 1), "{status}");
        stage.at_rest().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_is_gone_skips_and_one_without_identity_parks_with_a_hint() {
    let scope = format!("/subscriptions/{}", subscription(0));
    let estate = plot(land(1), 0, "Gone", DEFINITION)
        .with_assignment(Assignment::new(&scope, "Nobody", DEFINITION))
        .with_record(record(0, 1, "Gone"))
        .with_record(record(0, 2, "Nobody"))
        .with_record(record(0, 3, "Tag"));
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    stage.manager.amends(|estate| estate.assignments.retain(|a| !a.id.as_str().ends_with("/Gone")));
    stage.deliver(events).await;
    stage.settled(3).await;
    assert_eq!(stage.state_of(&assignment(0, "Gone"), &account(0, 1))["reason"], "assignmentGone");
    let parked = stage.state_of(&assignment(0, "Nobody"), &account(0, 2));
    assert_eq!((&parked["is"], &parked["reason"]), (&"parked".into(), &"noIdentity".into()));
    assert!(parked["hint"].as_str().unwrap().contains("managed identity"), "{parked}");
    assert!(parked["words"].as_str().unwrap().contains("nobody"), "{parked}");
    assert_eq!(stage.state_of(&assignment(0, "Tag"), &account(0, 3))["is"], "fixed");
    assert_eq!(stage.manager.tasks().len(), 1);
    stage.at_rest().await;
}
