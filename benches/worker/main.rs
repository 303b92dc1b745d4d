//! Benchmarks of the real binary against the local Azure, over real sockets: `cargo bench --bench worker`, or some of it with their
//! names behind `--`: `start`, `events`, `queued`, `queued2`, `collect`, `collect0`, `collect8`, `peers`, `sweep20k`, `sweep1m`, `sweep1m20k`. One row a measurement, each the median of several rounds. The local Azure computes on the same processors, so the figures are
//! a floor of what the worker can do, and good for comparing one version with the next.

#![expect(clippy::disallowed_methods, reason = "what is measured is of now")]

mod batches;
mod cold_start;
mod events;
#[path = "../peers/peer.rs"]
mod peer;
mod peers;
#[path = "../flow/processors.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod processors;
mod receive_event;
mod rounds;
mod sweep;

use std::time::Duration;

use batches::{Worked, worker};
use rounds::Rounds;

/// Names, targets, and how many of them are overdue.
const SWEEPS: [(&str, usize, usize); 3] =
    [("sweep20k", 20_000, 20_000), ("sweep1m", 1_000_000, 100), ("sweep1m20k", 1_000_000, 20_000)];
/// Starts of the worker.
const STARTS: usize = 21;

/// How long storage takes for a call.
const STORE: Duration = Duration::from_millis(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --benches` does not, and only wants to see it work.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| *wanted == name);
    println!("{:<52} {:>10} {:>10} {:>10} {:>7}  rate", "measurement", "fastest", "median", "slowest", "rounds");
    let show = |name: &str, rounds: &Rounds, rate: String| {
        let [fastest, median, slowest] = rounds.summary().map(|time| format!("{time:.1?}"));
        println!("{name:<52} {fastest:>10} {median:>10} {slowest:>10} {:>7}  {rate}", rounds.len());
    };
    if wanted("start") {
        let starts = if is_bench { STARTS } else { 1 };
        let [ready, first] = cold_start::measure(starts).await?;
        show("cold start to the first answer of GET /", &ready, String::new());
        show("first event after that", &first, String::new());
    }
    for (name, parallel, events, rounds) in receive_event::LOADS.into_iter().filter(|_| wanted("events")) {
        let (events, rounds) = if is_bench { (events, rounds) } else { (10, 1) };
        let each = receive_event::measure(worker(), parallel, events, rounds).await?.0;
        let [_, median, _] = each.summary();
        show(name, &each, format!("{:.0} events/s, {} ns/event", 1.0 / median.as_secs_f64(), median.as_nanos()));
    }
    for (name, instances) in [("queued", 1), ("queued2", 2)] {
        if wanted(name) {
            let worked = batches::receive(worker(), if is_bench { 100_000 } else { 300 }, instances).await?;
            tell(&format!("events by queue, {instances} instance(s)"), &worked);
        }
    }
    for (name, instances, store) in [("collect", 1, STORE), ("collect0", 1, Duration::ZERO), ("collect8", 8, STORE)] {
        if wanted(name) {
            let worked = batches::collect(if is_bench { 20_000 } else { 300 }, instances, store).await?;
            tell(&format!("events of as many targets, {store:?} a call of storage, {instances} instance(s)"), &worked);
        }
    }
    if wanted("peers") {
        let (events, queued) = if is_bench { (3_000, 100_000) } else { (10, 300) };
        println!("peers: {}", peers::measure(worker(), events, queued).await?);
    }
    for (_, targets, overdue) in SWEEPS.into_iter().filter(|(name, ..)| wanted(name)) {
        let (targets, overdue) = if is_bench { (targets, overdue) } else { (100, 5) };
        let swept = sweep::measure(targets, overdue).await?;
        let (seconds, megabytes) = (swept.took.as_secs_f64(), swept.peak_rss_bytes >> 20);
        let rate = swept.woken as f64 / seconds;
        println!(
            "sweep over {targets} targets, {overdue} overdue: {seconds:.1} s in {} sweeps, {rate:.0} woken/s, {megabytes} MiB at most",
            swept.sweeps
        );
    }
    Ok(())
}

fn tell(what: &str, worked: &Worked) {
    let (seconds, events) = (worked.took.as_secs_f64(), worked.events as f64);
    let there = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64) * seconds;
    println!(
        "{what}: {events} in {seconds:.2} s, {:.0} events/s, {:.1} µs of a processor each, and {:.1} µs of the local Azure's and the \
         host's: together {:.0} % of the processors; {} of {} writes lost",
        events / seconds,
        worked.processors * 1e6 / events,
        worked.of_azure * 1e6 / events,
        100.0 * (worked.processors + worked.of_azure) / there,
        worked.lost,
        worked.writes
    );
}
