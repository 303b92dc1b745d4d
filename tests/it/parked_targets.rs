//! What is wrong with a whole target is found out once, written down once and said once, however many resources and events
//! it has; and when it is mended, everything goes on by itself.

use simulator::Service;
use simulator::estate::{Assignment, Estate, parse_instant};
use simulator::faults::{Kind, Rule, Which};
use time::OffsetDateTime;

use crate::stage::{
    DEFINITION, LONGER_AND_LONGER, Stage, account, assignment, events, land, observation, record, subscription, until,
    until_met,
};

const RESOURCES: usize = 30;
/// What [`LONGER_AND_LONGER`] is for: everything that must not happen meanwhile would be seen if it did.
const IN_TIME: &str = "all is looked at while the park is on";

/// A subscription with a policy whose identity has no roles, and many resources under it.
fn without_roles() -> Estate {
    let scope = format!("/subscriptions/{}", subscription(0));
    let estate = land(1).with_assignment(
        Assignment::new(&scope, "Poor", DEFINITION).with_system_identity("p", "t", "westeurope").without_roles(),
    );
    (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Poor")))
}

/// When the park of the only target ends, if it is parked.
fn parked_until(stage: &Stage) -> Option<OffsetDateTime> {
    let document = stage.documents().into_values().next()?;
    document["parked"]["until"].as_str().and_then(parse_instant)
}

/// Waits until the only target is parked and gives the end of its park; none when that is over already.
async fn parked(stage: &Stage) -> Option<OffsetDateTime> {
    until("the target is parked", || !stage.logged("target_parked").is_empty() && stage.host().idle()).await;
    parked_until(stage)
}

fn is_over(end: OffsetDateTime) -> bool {
    OffsetDateTime::now_utc() >= end
}

fn grant_roles(stage: &Stage) {
    stage.manager.amends(|estate| estate.assignments.iter_mut().for_each(|assignment| assignment.has_roles = true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_without_roles_gets_no_task_and_one_record_and_goes_on_by_itself_once_roles_are_granted() {
    until_met(IN_TIME, LONGER_AND_LONGER, roles_are_missing).await;
}

async fn roles_are_missing(seconds: u64) -> bool {
    let estate = without_roles();
    let burst = events(&estate);
    let records = estate.records.clone();
    // Most resources are in the first wave together.
    let stage = Stage::with(estate, &[("PARK_FOR", &format!("{seconds}s")), ("COALESCE_WINDOW", "1s")]).await;
    stage.deliver(burst.clone()).await;
    let Some(end) = parked(&stage).await else { return false };
    // Once more all of it: the same events, and later evaluations of the same resources.
    stage.deliver(burst).await;
    let later = OffsetDateTime::now_utc();
    stage.enqueue("noncompliant-resources", records.iter().map(|one| observation(one, later).to_string()));
    let merged = |stage: &Stage| {
        let merged = stage.logged("observation_merged");
        merged.iter().filter(|line| line["merged"] == "stillWaiting").count()
    };
    until("later evaluations are merged", || merged(&stage) >= RESOURCES && stage.host().idle()).await;

    let unparked = stage.logged("target_unparked").len();
    let (name, document) = stage.documents().into_iter().next().unwrap();
    let counts = (stage.count("waiting"), stage.count("parked"), stage.count("fixed"));
    let tasks = stage.manager.tasks().len();
    grant_roles(&stage);
    if is_over(end) {
        return false;
    }
    assert_eq!(unparked, 0, "the park is still on");
    let park = &document["parked"];
    assert_eq!((&park["reason"], &park["class"]), (&"missingPermission".into(), &"permission".into()), "{name}");
    assert!(park["words"].as_str().unwrap().contains(" lacks at /subscriptions/"), "{park}");
    assert!(park["hint"].as_str().unwrap().contains("az role assignment create --assignee-object-id"), "{park}");
    let kept = |entry: &serde_json::Value| entry["state"]["is"] == "waiting" && entry["attempt"] == 1;
    assert!(document["resources"].as_object().unwrap().values().all(kept), "each keeps its place and its attempt");
    assert_eq!((counts, tasks), ((0, RESOURCES, 0), 0), "it is known before any task");
    let said = &stage.logged("target_parked")[0];
    assert_eq!((said["resources"].as_u64(), said["level"].as_str()), (Some(RESOURCES as u64), Some("WARN")));
    stage.told("resource_parked_with_target", RESOURCES).await;
    assert_eq!(stage.logged("resource_parked").len(), 0);

    until("all is fixed", || stage.count("fixed") == RESOURCES).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.unfit(), stage.manager.tasks().len()), (0, 1));
    let attempts = stage.documents().into_values().next().unwrap()["resources"].clone();
    assert!(attempts.as_object().unwrap().values().all(|entry| entry["attempt"] == 1), "{attempts}");
    stage.told("target_parked", 1).await;
    stage.told("target_unparked", 1).await;
    stage.at_rest().await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_compliant_leaves_a_parked_target_and_sweep_ends_a_park_whose_wake_up_is_lost() {
    until_met(IN_TIME, LONGER_AND_LONGER, the_wake_up_of_a_park_is_lost).await;
}

async fn the_wake_up_of_a_park_is_lost(seconds: u64) -> bool {
    let settings = [("PARK_FOR", &*format!("{seconds}s")), ("OPENING_GRACE", "60s"), ("COALESCE_WINDOW", "1s")];
    let stage = Stage::with(without_roles(), &settings).await;
    stage.deliver(events(&stage.manager.estate())).await;
    let Some(end) = parked(&stage).await else { return false };
    let one = stage.manager.estate().records[0].key.clone();
    let mended = stage.manager.evaluation_finds(&one, simulator::estate::ComplianceState::Compliant).unwrap();
    stage.deliver(vec![mended.event_grid()]).await;
    let state = || stage.state_of(&assignment(0, "Poor"), &account(0, 0));
    until("it has left", || state()["is"] == "skipped" && stage.host().idle()).await;
    let (reason, left) = (state()["reason"].clone(), stage.count("parked"));

    // The broker forgets the wake-up at the park's end, so only sweep is left to end it.
    stage.azure.broker().create("wake-ups", simulator::service_bus::QueueRules::standard(1000));
    grant_roles(&stage);
    if is_over(end) {
        return false;
    }
    assert_eq!((reason, left), ("compliant".into(), RESOURCES - 1));
    until("the park is over", || is_over(end)).await;
    assert_eq!(stage.count("parked"), RESOURCES - 1, "without a wake-up nothing happens");
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("all is fixed", || stage.count("fixed") == RESOURCES - 1).await;
    stage.told("target_unparked", 1).await;
    stage.settled(RESOURCES).await;
    stage.at_rest().await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_to_read_the_assignment_no_task_is_opened_and_with_it_everything_goes_on_by_itself() {
    until_met(IN_TIME, LONGER_AND_LONGER, a_right_is_missing).await;
}

async fn a_right_is_missing(seconds: u64) -> bool {
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    let stage = Stage::with(estate, &[("PARK_FOR", &format!("{seconds}s")), ("COALESCE_WINDOW", "1s")]).await;
    let forbidden = Rule::new("forbidden", Service::ResourceManager, Which::Always, Kind::Status(403));
    stage.azure.faults().add(forbidden.method("GET").path_contains("/policyAssignments"));
    stage.deliver(events).await;
    let Some(end) = parked(&stage).await else { return false };
    let (name, document) = stage.documents().into_iter().next().unwrap();
    let counts = (stage.count("parked"), stage.manager.tasks().len());
    let asked = stage.azure.faults().hits("forbidden");
    if is_over(end) {
        return false;
    }
    assert_eq!(document["parked"]["reason"], "workerLacksPermission", "{name}");
    assert!(document["parked"]["hint"].as_str().unwrap().contains("Resource Policy Contributor"), "{document}");
    assert_eq!(counts, (2, 0));
    assert_eq!(asked, 1, "the list is asked for once");

    assert!(stage.azure.faults().remove("forbidden"));
    until("all is fixed", || stage.count("fixed") == 2).await;
    stage.settled(2).await;
    assert_eq!((stage.unfit(), stage.manager.tasks().len()), (0, 1));
    stage.at_rest().await;
    true
}
