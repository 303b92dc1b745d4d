//! An assignment begins small over all subscriptions, and goes on at its pace, in two instances at once.

use std::time::Duration;

use crate::commands::run_with;
use crate::stage::{Expected, Stage, events, land, record, until};

/// Slow starts need an opening that is not given up at once.
const GRACE: (&str, &str) = ("OPENING_GRACE", "20s");

/// How many resources the tasks have that were begun, in their order.
fn sizes(stage: &Stage) -> Vec<usize> {
    let puts = stage.logged("task_created");
    puts.iter().map(|put| usize::try_from(put["resources"].as_u64().unwrap()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_of_one_name_begins_with_one_resource_over_all_subscriptions() {
    let mut estate = land(4);
    for number in 0..4 {
        for place in 0..2 {
            estate = estate.with_record(record(number, place, "Tag"));
        }
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.start_worker(&[("FIRST_STEPS", "1,3"), ("STEP_SOAK", "4s"), GRACE], 2).await;
    stage.deliver(events).await;
    until("the first is fixed", || stage.count("fixed") == 1).await;
    let rests =
        |stage: &Stage| stage.logged("target_reconciled").iter().filter(|pass| pass["idle"] == "firstSteps").count();
    until("the others wait for the next step", || rests(&stage) >= 3).await;
    let steps = [("FIRST_STEPS", "1,3"), ("STEP_SOAK", "9h")];
    let shown = run_with(&stage, &["controls", "show", "--json"], &steps).await;
    let step = &shown.json()["steps"][0];
    assert_eq!((&step["assignment"], &step["size"], &step["letIn"]), (&"tag".into(), &1.into(), &1.into()), "{step}");
    let next = if step["underWay"] == true { step["next"].is_null() } else { step["next"].is_string() };
    assert!(next, "{step}");
    let text = run_with(&stage, &["status"], &steps).await.stdout;
    assert!(text.contains("FIRST STEPS OF") && text.contains("1 of 1"), "{text}");
    stage.settled(8).await;
    let sizes = sizes(&stage);
    assert_eq!((stage.count("fixed"), sizes[0], sizes.iter().sum::<usize>()), (8, 1, 8), "{sizes:?}");
    // The second step lets in three resources, whatever tasks they are in.
    let within = |most: usize| {
        sizes
            .iter()
            .scan(0, |sum, size| {
                *sum += size;
                Some(*sum)
            })
            .any(|sum| sum == most)
    };
    assert!(within(4), "{sizes:?}");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_pace_waits() {
    let mut estate = land(1);
    for place in 0..5 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.start_worker(&[("MAX_RESOURCES_PER_HOUR", "3"), GRACE], 2).await;
    stage.deliver(events).await;
    until("three are fixed", || stage.count("fixed") == 3).await;
    let rests =
        |stage: &Stage| stage.logged("target_reconciled").iter().filter(|pass| pass["idle"] == "paceReached").count();
    until("the rest waits", || rests(&stage) >= 1).await;
    assert_eq!((stage.count("waiting"), sizes(&stage).iter().sum::<usize>()), (2, 3));
    let hour = [("MAX_RESOURCES_PER_HOUR", "3")];
    let pace = run_with(&stage, &["status", "--json"], &hour).await.json()["paces"][0].clone();
    assert_eq!((&pace["hour"], &pace["day"], pace["roomAt"].is_string()), (&3.into(), &3.into(), true), "{pace}");
    let text = run_with(&stage, &["controls", "show"], &hour).await.stdout;
    assert!(text.contains("3 of 3") && text.contains("raise MAX_RESOURCES_PER_DAY"), "{text}");
    // An hour later there is room again.
    stage.stop_worker().await;
    stage.azure.broker().shift(Duration::from_secs(2 * 3_600));
    stage.start_worker(&[("MAX_RESOURCES_PER_HOUR", "5"), GRACE], 1).await;
    until("two more are fixed", || stage.count("fixed") == 5).await;
    stage.at_rest_with(Expected::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_a_day_for_room_goes_on_soon_when_a_person_raises_the_pace() {
    let mut estate = land(1);
    for place in 0..5 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let day = |most| [("MAX_RESOURCES_PER_DAY", most), GRACE];
    stage.start_worker(&day("3"), 1).await;
    stage.deliver(events).await;
    let rests =
        |stage: &Stage| stage.logged("target_reconciled").iter().filter(|pass| pass["idle"] == "paceReached").count();
    until("three are fixed, and the rest waits", || stage.count("fixed") == 3 && rests(&stage) >= 1).await;
    let sweep = async |stage: &Stage, nth: usize| {
        stage.host().fire("sweep").await.unwrap().unwrap();
        stage.told("swept", nth).await[nth - 1]["asked_again"].clone()
    };
    assert_eq!(sweep(&stage, 1).await, 0, "nothing has changed");
    stage.stop_worker().await;
    stage.start_worker(&day("100"), 1).await;
    assert_eq!(sweep(&stage, 2).await, 1);
    assert_eq!(sweep(&stage, 3).await, 0, "once");
    // Each comes within ten minutes, and its old wake-up a day later is void.
    stage.azure.broker().shift(Duration::from_secs(600));
    until("all are fixed", || stage.count("fixed") == 5).await;
    stage.at_rest_with(Expected::default()).await;
}
