//! What is wrong with a whole target is found out once, written down once and said once, however many resources and events
//! it has; and when it is mended, everything goes on by itself.

use simulator::Service;
use simulator::estate::{Assignment, Estate};
use simulator::faults::{Kind, Rule, Which};
use time::OffsetDateTime;

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, observation, record, subscription, until};

const RESOURCES: usize = 30;
/// Long enough for everything that must not happen meanwhile to be seen if it did.
const PARK_FOR: &str = "10s";

/// A subscription with a policy whose identity has no roles, and many resources under it.
fn without_roles() -> Estate {
    let scope = format!("/subscriptions/{}", subscription(0));
    let estate = land(1).with_assignment(
        Assignment::new(&scope, "Poor", DEFINITION).with_system_identity("p", "t", "westeurope").without_roles(),
    );
    (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Poor")))
}

fn grant_roles(stage: &Stage) {
    stage.manager.amends(|estate| estate.assignments.iter_mut().for_each(|assignment| assignment.has_roles = true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_without_roles_gets_one_task_and_one_record_and_goes_on_by_itself_once_roles_are_granted() {
    let estate = without_roles();
    let burst = events(&estate);
    let records = estate.records.clone();
    // Most resources are in the first wave together.
    let stage = Stage::with(estate, &[("PARK_FOR", PARK_FOR), ("COALESCE_WINDOW", "1s")]).await;
    stage.deliver(burst.clone()).await;
    until("the target is parked", || stage.logged("target_parked").len() == 1).await;
    // Once more all of it: the same events, and later evaluations of the same resources.
    stage.deliver(burst).await;
    let later = OffsetDateTime::now_utc();
    stage.enqueue("noncompliant-resources", records.iter().map(|one| observation(one, later).to_string()));
    let merged = |stage: &Stage| {
        let merged = stage.logged("observation_merged");
        merged.iter().filter(|line| line["merged"] == "stillWaiting").count()
    };
    until("later evaluations are merged", || merged(&stage) >= RESOURCES && stage.host().idle()).await;

    assert_eq!(stage.logged("target_unparked").len(), 0, "the park is still on");
    let (name, document) = stage.documents().into_iter().next().unwrap();
    let park = &document["parked"];
    assert_eq!((&park["reason"], &park["class"]), (&"missingPermission".into(), &"permission".into()), "{name}");
    assert!(park["words"].as_str().unwrap().contains("does not have authorization"), "{park}");
    assert!(park["hint"].as_str().unwrap().contains("roleDefinitionIds"), "{park}");
    let kept = |entry: &serde_json::Value| entry["state"]["is"] == "waiting" && entry["attempt"] == 1;
    assert!(document["resources"].as_object().unwrap().values().all(kept), "each keeps its place and its attempt");
    assert_eq!((stage.count("waiting"), stage.count("parked"), stage.count("fixed")), (0, RESOURCES, 0));
    assert_eq!(stage.manager.tasks().len(), 1);
    let said = &stage.logged("target_parked")[0];
    assert_eq!((said["resources"].as_u64(), said["level"].as_str()), (Some(RESOURCES as u64), Some("WARN")));
    assert_eq!(stage.logged("resource_parked_with_target").len(), RESOURCES);
    assert_eq!(stage.logged("resource_parked").len(), 0);

    grant_roles(&stage);
    until("all is fixed", || stage.count("fixed") == RESOURCES).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.unfit(), stage.manager.tasks().len()), (0, 2));
    let attempts = stage.documents().into_values().next().unwrap()["resources"].clone();
    assert!(attempts.as_object().unwrap().values().all(|entry| entry["attempt"] == 1), "{attempts}");
    assert_eq!((stage.logged("target_parked").len(), stage.logged("target_unparked").len()), (1, 1));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_compliant_leaves_a_parked_target_and_sweep_ends_a_park_whose_wake_up_is_lost() {
    let stage = Stage::with(without_roles(), &[("PARK_FOR", "8s"), ("OPENING_GRACE", "60s")]).await;
    stage.deliver(events(&stage.manager.estate())).await;
    until("the target is parked", || stage.logged("target_parked").len() == 1 && stage.is_settled()).await;
    let one = stage.manager.estate().records[0].key.clone();
    let mended = stage.manager.evaluation_finds(&one, simulator::estate::ComplianceState::Compliant).unwrap();
    stage.deliver(vec![mended.event_grid()]).await;
    let state = || stage.state_of(&assignment(0, "Poor"), &account(0, 0));
    until("it has left", || state()["is"] == "skipped").await;
    assert_eq!(state()["reason"], "compliant");
    assert_eq!(stage.count("parked"), RESOURCES - 1);

    // The broker forgets the wake-up at the park's end, so only sweep is left to end it.
    stage.azure.broker().create("wake-ups", simulator::service_bus::QueueRules::standard(1000));
    grant_roles(&stage);
    let wake_at = stage.documents().into_values().next().unwrap()["parked"]["until"].as_str().unwrap().to_owned();
    let over = simulator::estate::parse_instant(&wake_at).unwrap();
    until("the park is over", || OffsetDateTime::now_utc() > over).await;
    assert_eq!(stage.count("parked"), RESOURCES - 1, "without a wake-up nothing happens");
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("all is fixed", || stage.count("fixed") == RESOURCES - 1).await;
    assert_eq!(stage.logged("target_unparked").len(), 1);
    stage.settled(RESOURCES).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_to_read_the_assignment_no_task_is_opened_and_with_it_everything_goes_on_by_itself() {
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    let stage = Stage::with(estate, &[("PARK_FOR", PARK_FOR), ("COALESCE_WINDOW", "1s")]).await;
    let forbidden = Rule::new("forbidden", Service::ResourceManager, Which::Always, Kind::Status(403));
    stage.azure.faults().add(forbidden.method("GET").path_contains("/policyAssignments"));
    stage.deliver(events).await;
    until("the target is parked", || stage.logged("target_parked").len() == 1 && stage.is_settled()).await;
    let (name, document) = stage.documents().into_iter().next().unwrap();
    assert_eq!(document["parked"]["reason"], "workerLacksPermission", "{name}");
    assert!(document["parked"]["hint"].as_str().unwrap().contains("Resource Policy Contributor"), "{document}");
    assert_eq!((stage.count("parked"), stage.manager.tasks().len()), (2, 0));
    assert_eq!(stage.azure.faults().hits("forbidden"), 1, "the list is asked for once");

    assert!(stage.azure.faults().remove("forbidden"));
    until("all is fixed", || stage.count("fixed") == 2).await;
    stage.settled(2).await;
    assert_eq!((stage.unfit(), stage.manager.tasks().len()), (0, 1));
    stage.at_rest().await;
}
