//! Storms in which people and lag interfere: a task is canceled in the middle, a finished one is deleted before it is read, an
//! assignment goes while its task runs, and what Azure tells of tasks and resources lags behind while it is too busy.

use std::collections::HashSet;
use std::time::Duration;

use simulator::Service;
use simulator::estate::{ArmId, ComplianceState, Estate, RecordKey};
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::{ProvisioningState, TaskView, Tempo};
use simulator_demo::Storm;
use simulator_demo::judgement::{fixable, too_early, troubled_too_often};
use time::OffsetDateTime;

use crate::stage::{Stage, until, until_met};
use crate::storms_end::{assert_ends, ends, no_panic_and_no_answer_but_json, parked, the_end_is_right, wanted};

const SEED: u64 = 20_261_122;
/// Few deployments at a time, so that a task can be met in its middle.
const SETTINGS: [(&str, &str); 2] = [("COALESCE_WINDOW", "1s"), ("PARALLEL_DEPLOYMENTS", "2")];

/// Numbers of seeds, for as long as what is wanted has not come up.
fn seeds(first: u64) -> impl Iterator<Item = u64> {
    (0..6).map(move |more| first + 10 * more)
}

struct Scene {
    stage: Stage,
    estate: Estate,
    seed: u64,
}

/// A storm with something of its own in it; `number` makes its seed.
async fn scene(number: u64, changes: &[(&str, &str)], prepare: impl FnOnce(&Stage)) -> Scene {
    let seed = SEED + number;
    println!("seed {seed}");
    let storm = Storm { events: 140, resources: 44, targets: 4, subscriptions: 1, seed };
    let estate = storm.estate(OffsetDateTime::now_utc());
    let mut stage = Stage::without_worker(estate.clone()).await;
    prepare(&stage);
    stage.start_worker(&[&SETTINGS, changes].concat(), 1).await;
    stage.deliver(storm.events(&estate)).await;
    Scene { stage, estate, seed }
}

/// Waits for a first task of at least four resources in this condition; none when all is over before one was seen.
async fn task_that(scene: &Scene, what: &str, is: impl Fn(&TaskView) -> bool) -> Option<TaskView> {
    let stage = &scene.stage;
    let mut found = None;
    until(&format!("a task {what}"), || {
        found = stage.manager.tasks().into_iter().find(|task| names(task).len() >= 4 && is(task));
        found.is_some() || (stage.is_settled() && stage.entries().len() == scene.estate.records.len())
    })
    .await;
    found
}

fn names(task: &TaskView) -> &[ArmId] {
    task.named.as_deref().unwrap_or_default()
}

fn key_of(task: &TaskView, resource: &ArmId) -> RecordKey {
    RecordKey::new(resource.clone(), task.assignment.clone(), task.reference.as_deref())
}

fn complies(stage: &Stage, key: &RecordKey) -> bool {
    let records = stage.manager.records();
    records.iter().any(|record| record.key == *key && record.state == Some(ComplianceState::Compliant))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_cancels_a_task_is_obeyed_for_what_it_had_not_begun_and_for_nothing_else() {
    let hardship = "a task is canceled that has fixed something and has more to do";
    until_met(hardship, seeds(1), a_person_cancels).await;
}

/// Whether the task had fixed something and had more to do.
async fn a_person_cancels(number: u64) -> bool {
    let scene = scene(number, &[], |_| ()).await;
    let task = task_that(&scene, "has fixed something and has more to do", |task| {
        let done = task.successful + task.failed;
        task.state == ProvisioningState::Running && task.successful > 0 && done + 4 < names(task).len()
    })
    .await;
    let Scene { stage, estate, seed } = scene;
    let Some(task) = task else { return false };
    if stage.manager.person_cancels(task.scope.as_str(), &task.name).is_err() {
        return false;
    }
    stage.settled(estate.records.len()).await;

    let canceled = stage.manager.tasks().into_iter().find(|one| one.id == task.id).unwrap();
    assert_eq!(canceled.state, ProvisioningState::Canceled);
    let begun: HashSet<&ArmId> = canceled.resources.iter().collect();
    let left: Vec<&ArmId> = names(&canceled).iter().filter(|id| !begun.contains(id)).collect();
    println!("{} begun, {} left", begun.len(), left.len());
    let is_met = !begun.is_empty() && !left.is_empty();
    let mut wanted = wanted(&estate);
    for resource in left {
        wanted.insert(key_of(&canceled, resource), parked("canceled", ""));
    }
    assert_ends(&ends(&stage), &wanted, &format!("seed {seed}"));
    for (key, _) in wanted.iter().filter(|(_, end)| *end == "fixed") {
        assert!(complies(&stage, key), "seed {seed}: {key:?}");
    }
    assert!(troubled_too_often(&estate, &stage.manager.tasks(), |_| 0).is_empty());
    no_panic_and_no_answer_but_json(&stage, &format!("seed {seed}"));
    stage.at_rest().await;
    is_met
}

/// Looks are so rare that the task ends, and is deleted, between two of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_task_fixed_that_was_deleted_before_it_was_read_is_not_touched_again() {
    until_met("a task is deleted before it is read", [3, 9, 27, 60], a_person_deletes).await;
}

/// Whether the task was deleted before it was read, when so many seconds lie between two passes.
async fn a_person_deletes(seconds: u64) -> bool {
    let interval = format!("{seconds}s");
    let scene = scene(2, &[("CHECK_INTERVAL_MIN", &interval), ("CHECK_INTERVAL_MAX", &interval)], |_| ()).await;
    let task = task_that(&scene, "has ended", |task| task.state.is_terminal() && task.successful > 1).await;
    let Scene { stage, estate, seed } = scene;
    let Some(task) = task else { return false };
    stage.manager.person_deletes(task.scope.as_str(), &task.name).unwrap();
    stage.settled(estate.records.len()).await;

    let of_it: HashSet<RecordKey> = names(&task).iter().map(|id| key_of(&task, id)).collect();
    let (mut found, mut wanted) = (ends(&stage), wanted(&estate));
    let mut known_by_state = 0;
    for key in &of_it {
        // Its deployments cannot be read any more; the policy states tell that it complies, which is all that matters.
        if found.get(key).is_some_and(|end| end == "skipped: compliant") && wanted[key] == "fixed" {
            known_by_state += 1;
            found.remove(key);
            wanted.remove(key);
        }
    }
    assert_ends(&found, &wanted, &format!("seed {seed}"));
    for key in fixable(&estate) {
        assert!(complies(&stage, &key), "seed {seed}: {key:?}");
    }
    let again = |key: &RecordKey| usize::from(of_it.contains(key) && wanted.contains_key(key));
    let too_often = troubled_too_often(&estate, &stage.manager.tasks(), again);
    assert!(too_often.is_empty(), "seed {seed}: {too_often:#?}");
    no_panic_and_no_answer_but_json(&stage, &format!("seed {seed}"));
    stage.at_rest().await;
    known_by_state > 1
}

#[tokio::test(flavor = "multi_thread")]
async fn when_an_assignment_goes_while_its_task_runs_what_the_task_did_counts_and_the_rest_is_skipped() {
    until_met("an assignment goes while there is more to do for it", seeds(3), an_assignment_goes).await;
}

/// Whether there was more to do for the assignment, and something had been fixed.
async fn an_assignment_goes(number: u64) -> bool {
    let scene = scene(number, &[], |_| ()).await;
    let fails_first = |task: &TaskView| {
        let record = |id| scene.estate.record(&key_of(task, id)).unwrap();
        let scripts = || names(task).iter().map(|id| &record(id).script);
        scripts().any(|script| script.len() > 1) && scripts().any(Vec::is_empty)
    };
    let task = task_that(&scene, "runs", |task| task.state == ProvisioningState::Running && fails_first(task)).await;
    let Scene { stage, estate, seed } = scene;
    let Some(task) = task else { return false };
    stage.manager.amends(|estate| estate.assignments.retain(|one| one.id != task.assignment));
    stage.settled(estate.records.len()).await;

    let (mut found, mut wanted) = (ends(&stage), wanted(&estate));
    let mut skipped = 0;
    for (key, end) in &found {
        if key.assignment == task.assignment && end == "skipped: assignmentGone" {
            assert!(!complies(&stage, key), "seed {seed}: {key:?} was fixed");
            skipped += 1;
            wanted.remove(key);
        }
    }
    found.retain(|key, _| wanted.contains_key(key));
    println!("{skipped} were skipped");
    assert_ends(&found, &wanted, &format!("seed {seed}"));
    let is_fixed = found.iter().any(|(key, end)| key.assignment == task.assignment && end == "fixed");
    no_panic_and_no_answer_but_json(&stage, &format!("seed {seed}"));
    stage.at_rest().await;
    skipped > 0 && is_fixed
}

#[tokio::test(flavor = "multi_thread")]
async fn lagging_counters_and_policy_states_of_a_busy_resource_manager_fool_nobody() {
    const LAG: Duration = Duration::from_secs(3);
    // What was read of assignments is kept, as in earnest: a refused call repeats only itself.
    let Scene { stage, estate, seed } = scene(4, &[("FACTS_TTL", "60s"), ("PARALLEL_DEPLOYMENTS", "10")], |stage| {
        let tempo = Tempo {
            accepted: Duration::from_millis(50),
            evaluating: Duration::from_millis(50),
            on_demand: Duration::from_millis(200),
            deployment: Duration::from_millis(150),
            counters_lag: LAG,
            states_lag: LAG,
            ..Tempo::quick()
        };
        let _ = stage.manager.clone().with_tempo(tempo);
        let busy = Rule::new("busy", Service::ResourceManager, Which::EveryNth(10), Kind::Throttle { retry_after: 1 });
        stage.azure.faults().add(busy);
    })
    .await;
    stage.settled(estate.records.len()).await;
    the_end_is_right(&stage, &estate, &format!("seed {seed}"));
    let early = too_early(&stage.azure.ledger().entries());
    assert!(early.is_empty(), "seed {seed}: {early:#?}");
    // The same events again, while the policy states still say what was before: nothing follows from them.
    let tasks = stage.manager.tasks().len();
    stage.deliver(Storm { events: 140, resources: 44, targets: 4, subscriptions: 1, seed }.events(&estate)).await;
    stage.settled(estate.records.len()).await;
    assert_eq!(stage.manager.tasks().len(), tasks, "seed {seed}");
    stage.azure.faults().remove("busy");
    stage.at_rest().await;
}
