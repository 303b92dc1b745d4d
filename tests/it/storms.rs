//! Storms over the real sockets: forty-odd resources, duplicates, disorder and failures, and two faults at two of the six
//! writes at a time, so that every pair of fault and write comes up. Whatever happens on the way, the end is the same.
//! `STORM_SEEDS=N` runs each with N seeds; a failure names its storm and seed.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;
use simulator_demo::Storm;
use simulator_demo::judgement::{TooEarly, too_early, too_early_for_all};

use crate::stage::{Stage, until, until_met};
use crate::storms_end::the_end_is_right;
use crate::storms_races::{race_was_weathered, races_lost};
use crate::storms_weather::{FAULTS, Trouble, WRITES};

/// Storms that run side by side in one test.
const SIDE_BY_SIDE: usize = 4;
/// Storms of one pair of troubles until both have come up.
const TRIES: u64 = 5;
/// Pause between wake-ups of all targets, while two instances are to race.
const BETWEEN_WAKE_UPS: Duration = Duration::from_millis(500);
const BUSY: Kind = Kind::Throttle { retry_after: 1 };
/// `sweep` heals while it storms, as often as the demo's tasks are short.
const SETTINGS: [(&str, &str); 5] = [
    ("OPENING_GRACE", "2s"),
    ("INVOCATION_BUDGET", "20s"),
    ("COALESCE_WINDOW", "500ms"),
    ("MAX_ATTEMPTS", "8"),
    ("SWEEP_SCHEDULE", "*/3 * * * * *"),
];

/// The two troubles of a storm: this fault at this write, and the fourth fault after it at a later write.
fn troubles(fault: usize, write: usize) -> [Trouble; 2] {
    let other = (write + 1 + fault) % WRITES.len();
    [Trouble { fault: FAULTS[fault], write: WRITES[write] }, Trouble { fault: FAULTS[fault + 4], write: WRITES[other] }]
}

fn seeds() -> u64 {
    std::env::var("STORM_SEEDS").ok().map_or(1, |text| text.parse().expect("STORM_SEEDS is a number"))
}

/// Storms with the fault of this number and the fourth after it, one for each write. Sums up what each gives.
async fn storms_with(fault: usize) -> usize {
    let all = (0..seeds()).flat_map(|round| (0..WRITES.len()).map(move |write| (round, write)));
    let running = all.map(|(round, write)| tokio::spawn(storms_until_met(round, fault, write)));
    // The stream starts a storm only when it has a place for it.
    let mut results = futures::stream::iter(running).buffer_unordered(SIDE_BY_SIDE);
    let mut sum = 0;
    while let Some(result) = results.next().await {
        sum += result.unwrap();
    }
    sum
}

/// A storm, and others with further seeds for as long as its troubles have not come up.
async fn storms_until_met(round: u64, fault: usize, write: usize) -> usize {
    let first = 1000 * round + 10 * u64::try_from(fault * WRITES.len() + write).unwrap();
    let troubles = troubles(fault, write);
    for more in 0..TRIES {
        if let Some(judged) = storm(first + 100_000 * more, troubles).await {
            return judged;
        }
    }
    panic!("in {TRIES} storms {} and {} have not both come up", troubles[0].name(), troubles[1].name());
}

/// How often what one instance was told could be held against the other; none when a trouble has not come up.
async fn storm(seed: u64, troubles: [Trouble; 2]) -> Option<usize> {
    let story = format!("seed {seed}: {} and {}", troubles[0].name(), troubles[1].name());
    println!("{story}");
    let begun = Instant::now();
    let storm = Storm { events: 140, resources: 44, targets: 4, subscriptions: 1, seed };
    let estate = storm.estate(time::OffsetDateTime::now_utc());
    let events = storm.events(&estate);
    let mut stage = Stage::without_worker(estate.clone()).await;
    for rule in troubles.iter().flat_map(|trouble| trouble.rules(1 + seed / 10 % 3)) {
        stage.azure.faults().add(rule);
    }
    let is_race = troubles.iter().any(|trouble| trouble.is_race());
    if is_race {
        // What one instance is told, the other must respect.
        stage.azure.faults().add(Rule::new("busy", Service::ResourceManager, Which::EveryNth(12), BUSY));
    }
    let mut settings = SETTINGS.to_vec();
    if is_race {
        // What was read is kept, as in earnest: a refused call repeats only itself.
        settings.push(("FACTS_TTL", "60s"));
    }
    stage.start_worker(&settings, if is_race { 2 } else { 1 }).await;
    let losing = async {
        for trouble in troubles.into_iter().filter(|trouble| trouble.loses_acknowledgements()) {
            lose_one_of_the_write(&stage, trouble).await;
        }
    };
    let racing = async {
        for trouble in troubles.into_iter().filter(|trouble| trouble.races_until_lost()) {
            let is_over = || stage.is_settled() && stage.entries().len() == estate.records.len();
            let mut woken = Instant::now();
            until(&format!("{story}: a race is lost"), || {
                if woken.elapsed() > BETWEEN_WAKE_UPS {
                    woken = Instant::now();
                    wake_all(&stage);
                }
                races_lost(&stage, trouble) > 0 || is_over()
            })
            .await;
            stage.azure.faults().remove(&trouble.name());
        }
    };
    tokio::join!(stage.deliver(events), losing, racing);
    stage.settled(estate.records.len()).await;
    the_end_is_right(&stage, &estate, &story);
    for trouble in troubles.into_iter().filter(|trouble| !trouble.races_until_lost()) {
        assert!(stage.azure.faults().hits(&trouble.name()) > 0, "{story}: {} never struck", trouble.name());
    }
    let all = stage.azure.ledger().entries();
    // A creation is waited for only so long: on a busy machine its answer may come when nobody is there to hear it.
    let unheard: Vec<String> =
        stage.logged("task_unanswered").iter().filter_map(|line| line["task"].as_str().map(str::to_owned)).collect();
    let was_heard = |early: &TooEarly| !early.told_to.iter().any(|told| unheard.iter().any(|task| told.contains(task)));
    let early: Vec<_> = too_early(&all).into_iter().filter(was_heard).collect();
    assert!(early.is_empty(), "{story}: calls before their Retry-After: {early:#?}");
    let shared = too_early_for_all(&all);
    assert!(shared.too_early.is_empty(), "{story}: calls although the time stood in the document: {shared:#?}");
    let mut is_met = true;
    for trouble in troubles.into_iter().filter(|trouble| trouble.is_race()) {
        is_met &= race_was_weathered(&stage, trouble, &story);
    }
    if is_race {
        println!("{story}: {} times in the document kept instances away", shared.judged);
    }
    stage.at_rest().await;
    println!("{story}: over after {:.1} s", begun.elapsed().as_secs_f64());
    is_met.then_some(shared.judged)
}

/// Sends each target a wake-up of its present generation, so that both instances look at it.
fn wake_all(stage: &Stage) {
    let wake_up = |document: Value| {
        json!({ "version": 1, "target": document["target"], "generation": document["generation"] }).to_string()
    };
    stage.enqueue("wake-ups", stage.documents().into_values().map(wake_up));
}

/// Loses every acknowledgement until one was that of an invocation with the write; then no longer.
async fn lose_one_of_the_write(stage: &Stage, trouble: Trouble) {
    let by = |name: &str| stage.azure.ledger().filter(|entry| entry.faults.iter().any(|fault| fault == name));
    let within = |invocation: &Entry, write: &Entry| {
        invocation.received <= write.received && write.answered <= invocation.answered
    };
    let lost_one = || {
        let writes = by(&trouble.name());
        by(&trouble.lost()).iter().any(|invocation| writes.iter().any(|write| within(invocation, write)))
    };
    until(&format!("{} has come up", trouble.name()), lost_one).await;
    stage.azure.faults().remove(&trouble.lost());
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_slow_answers_at_any_write_change_nothing_but_the_time() {
    storms_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_services_and_kills_at_any_write_change_nothing_but_the_time() {
    storms_with(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_and_races_at_any_write_change_nothing_but_the_time() {
    let judged = storms_with(2).await;
    if judged == 0 {
        let hardship = "what one instance was told of Retry-After could be held against the other";
        let further = (0..WRITES.len()).flat_map(|write| (1..=2).map(move |round| (100 * round, write)));
        until_met(hardship, further, async |(round, write)| storms_until_met(round, 2, write).await > 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_lost_acknowledgements_at_any_write_change_nothing_but_the_time() {
    storms_with(3).await;
}

#[test]
fn the_storms_cover_every_pair_of_fault_and_write() {
    let mut pairs: Vec<String> = (0..4)
        .flat_map(|fault| (0..WRITES.len()).flat_map(move |write| troubles(fault, write)))
        .map(Trouble::name)
        .collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), FAULTS.len() * WRITES.len(), "{pairs:#?}");
}
