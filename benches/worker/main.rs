//! Benchmarks of the real binary against the local Azure, over real sockets: `cargo bench --bench worker`, or some of it with their
//! names behind `--`: `start`, `events`, `sweep20k`, `sweep1m`, `sweep1m20k`. One row a measurement, each the median of several rounds. The local Azure computes on the same processors, so the figures are
//! a floor of what the worker can do, and good for comparing one version with the next.

#![expect(clippy::disallowed_methods, reason = "what is measured is of now")]

mod cold_start;
mod receive_event;
mod rounds;
mod sweep;

use rounds::Rounds;

/// Names, targets, and how many of them are overdue.
const SWEEPS: [(&str, usize, usize); 3] =
    [("sweep20k", 20_000, 20_000), ("sweep1m", 1_000_000, 100), ("sweep1m20k", 1_000_000, 20_000)];
/// Starts of the worker.
const STARTS: usize = 21;

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
        show("cold start to the first answer of GET /", &cold_start::measure(starts).await?, String::new());
    }
    for (name, parallel, events, rounds) in receive_event::LOADS.into_iter().filter(|_| wanted("events")) {
        let (events, rounds) = if is_bench { (events, rounds) } else { (10, 1) };
        let each = receive_event::measure(parallel, events, rounds).await?;
        let [_, median, _] = each.summary();
        show(name, &each, format!("{:.0} events/s, {} ns/event", 1.0 / median.as_secs_f64(), median.as_nanos()));
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
