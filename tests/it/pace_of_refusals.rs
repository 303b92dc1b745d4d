//! While storage and Service Bus refuse everything, the worker calls them a few times a second, and takes deliveries a few times a
//! minute: measured on a real Functions host, a worker that fails at once eats ten deliveries of three hundred messages in 1.4 s.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::{Entity, QueueRules};

use crate::stage::{Stage, assignment, land, observation, record, subscription, until};

const QUEUES: [&str; 2] = ["noncompliant-resources", "wake-ups"];
const TARGETS: usize = 3;
const OF_EACH: usize = 50;
const DELIVERIES: u32 = 10;
/// How long both refuse: as long as a test may take, and a few times the budget.
const LASTING: Duration = Duration::from_secs(11);
/// A failing invocation is held for all of it.
const BUDGET: Duration = Duration::from_secs(5);

/// Most tries of one call within a time: the pauses are 0.2 s, doubled, and none is begun in the last second.
fn tries(within: Duration) -> usize {
    let doubled = ((within.as_secs_f64() - 1.0) / 0.2 + 1.0).log2();
    2 + doubled as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_deliveries_are_few_a_second_while_storage_and_service_bus_refuse_everything() {
    let estate = (0..TARGETS * OF_EACH)
        .fold(land(TARGETS), |estate, n| estate.with_record(record(n % TARGETS, n / TARGETS, "Tag")));
    let seen: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let target = |number: usize| {
        let scope = format!("/subscriptions/{}", subscription(number));
        json!({ "scope": scope, "policyAssignmentId": assignment(number, "Tag") })
    };
    let wake_up = |n: usize| json!({ "version": 1, "target": target(n % TARGETS), "generation": n / TARGETS });
    let mut stage = Stage::without_worker(estate).await;
    for queue in QUEUES {
        stage.azure.broker().create(queue, QueueRules::standard(DELIVERIES));
    }
    for service in [Service::Blob, Service::ServiceBus] {
        stage.azure.faults().add(Rule::new(service.to_string(), service, Which::Always, Kind::Status(403)));
    }
    let refused = |stage: &Stage, service: Service| stage.azure.faults().hits(&service.to_string());
    let calls = |stage: &Stage| refused(stage, Service::Blob) + refused(stage, Service::ServiceBus);
    let deliveries = |stage: &Stage| {
        let messages = QUEUES.iter().flat_map(|queue| stage.azure.broker().peek(&Entity::queue(*queue)));
        messages.map(|message| message.delivery_count).collect::<Vec<_>>()
    };
    stage.enqueue("noncompliant-resources", seen);
    stage.enqueue("wake-ups", (0..TARGETS * OF_EACH).map(|n| wake_up(n).to_string()));
    stage.start_worker(&[("INVOCATION_BUDGET", &format!("{}s", BUDGET.as_secs()))], 1).await;
    let begun = Instant::now();
    // The timers run into it as well; a timer that fails is not repeated before its time.
    let (swept, recovered) = tokio::join!(stage.host().fire("sweep"), stage.host().fire("recover"));
    assert!(swept.unwrap().is_err() && recovered.unwrap().is_err());
    until("it has lasted", || begun.elapsed() > LASTING).await;

    let (delivered, calls) = (deliveries(&stage), calls(&stage) as usize);
    let lasted = begun.elapsed();
    let invocations = lasted.as_secs_f64() / BUDGET.as_secs_f64() + 1.0;
    assert_eq!(delivered.len(), 2 * TARGETS * OF_EACH, "nothing is given up");
    let most = delivered.iter().copied().max().unwrap();
    assert!(most >= 2 && f64::from(most) <= invocations, "{most} deliveries in {lasted:?}");
    // `collect` reads each target for half of its time. `remediate` lists what is stopped, twice when it comes again, looks at
    // each target until its time is over, and leaves a wake-up behind for it; `sweep` lists once, `recover` receives from each
    // queue three times.
    let quarter = BUDGET / 4;
    let of_one = TARGETS * tries(BUDGET / 2) + 2 * tries(quarter) + TARGETS * (tries(BUDGET) + tries(quarter));
    let of_timers = tries(BUDGET) + 2 * 3;
    let bound = invocations * of_one as f64 + of_timers as f64;
    let seconds = lasted.as_secs_f64();
    let a_second = f64::from(delivered.iter().sum::<u32>()) / seconds;
    println!("{:.1} calls a second, {a_second:.0} messages delivered a second, in {lasted:?}", calls as f64 / seconds);
    assert!(calls >= 10 && calls as f64 <= bound, "{calls} calls in {lasted:?}, at most {bound}");
    assert!(stage.rejected().is_empty());

    stage.azure.faults().clear();
    stage.settled(TARGETS * OF_EACH).await;
    assert_eq!((stage.unfit(), stage.rejected().len()), (0, 0));
    stage.at_rest().await;
}
