//! Many targets of many subscriptions that are due at once, where each call takes its time and a subscription's calls go one at a time.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use simulator::Service;
use simulator::estate::Definition;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::processors::Used;
use crate::stage::{DEFINITION, Stage, events, land, plot, record, subscription, until};

/// The targets are of so many policies: of one a hundred tasks run at a time, and that is what `crowd` measures.
const POLICIES: usize = 12;
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
/// A task is looked at after so long.
const LOOK: Duration = Duration::from_secs(2);

/// So many targets in each of so many subscriptions, each with one resource.
pub(crate) async fn measure(subscriptions: usize, targets: usize, milliseconds: u64, instances: usize) -> String {
    let latency = Duration::from_millis(milliseconds);
    let mut estate = land(subscriptions);
    let policy = |n: usize| format!("{DEFINITION}-{}", n % POLICIES);
    for n in 0..POLICIES {
        estate = estate.with_definition(Definition::new(policy(n), "Modify").with_role(CONTRIBUTOR));
    }
    for number in 0..subscriptions {
        for n in 0..targets {
            let name = format!("T{n}");
            estate = plot(estate, number, &name, &policy(number * targets + n)).with_record(record(number, n, &name));
        }
    }
    let all = events(&estate);
    let look = format!("{}s", LOOK.as_secs());
    let settings = [("FACTS_TTL", "10m"), ("CHECK_INTERVAL_MIN", &look), ("CHECK_INTERVAL_MAX", "4s")];
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.faults().add(Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(latency)));
    let used = Used::so_far();
    stage.start_worker(&settings, instances).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    until("all is fixed", || stage.count("fixed") >= subscriptions * targets).await;
    let took = begun.elapsed().as_secs_f64();
    let calls = stage.azure.ledger().of(Service::ResourceManager);
    let mut of_one: HashMap<String, u32> = HashMap::new();
    for call in &calls {
        let id = (0..subscriptions).map(subscription).find(|id| call.path.contains(id.as_str()));
        *of_one.entry(id.unwrap_or_default()).or_default() += 1;
    }
    let most = of_one.values().copied().max().unwrap_or_default();
    let busiest = f64::from(most) * latency.as_secs_f64();
    let writes = stage.azure.ledger().filter(is_write);
    let lost = lost(&writes);
    let read: usize = stage
        .azure
        .ledger()
        .filter(is_read)
        .iter()
        .filter_map(|read| read.response_body.as_ref())
        .map(|body| body.len())
        .sum();
    let passes = stage.logged("target_reconciled").len().max(1);
    stage.stop_worker().await;
    let worked = used.until_now();
    // Nothing is faster than the calls of one subscription with the pause before its tasks are looked at, and than the processors.
    let least = (busiest + LOOK.as_secs_f64()).max(worked);
    format!(
        "{} targets of {subscriptions} subscriptions, {milliseconds} ms a call, {instances} instance(s): {took:.1} s; {:.2} of the \
         {least:.1} s that are needed (calls of the busiest subscription {busiest:.1} s and a pause of {} s; processors {worked:.1} s); {} calls; {} of {} \
         writes lost ({:.1} %{}); {} bytes of subscriptions' documents a pass",
        subscriptions * targets,
        took / least,
        LOOK.as_secs(),
        calls.len(),
        lost.values().sum::<usize>(),
        writes.len(),
        100.0 * lost.values().sum::<usize>() as f64 / writes.len().max(1) as f64,
        lost.iter().map(|(kind, count)| format!(", {count} of {kind}")).collect::<String>(),
        read / passes
    )
}

fn is_write(entry: &Entry) -> bool {
    entry.service == Service::Blob && entry.method == "PUT" && entry.path.contains("/state/")
}

fn is_read(entry: &Entry) -> bool {
    entry.service == Service::Blob && entry.method == "GET" && entry.path.contains("/subscriptions")
}

/// How many writes were lost, by what was to be written: the folder, or the document.
fn lost(writes: &[Entry]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for write in writes.iter().filter(|write| matches!(write.status, Some(409 | 412))) {
        let name = write.path.rsplit("/state/").next().unwrap_or_default();
        let folder = name.split(['/', '%']).next().unwrap_or_default();
        *all.entry(folder.to_owned()).or_default() += 1;
    }
    all
}
