//! A deterministic simulation of the pure core: the real decisions on an in-memory model of store, queue and Resource Manager,
//! in virtual time, until weeks later nothing moves any more. A seed drives events, duplicates, disorder, crashes between any
//! two effects, ETag conflicts, lost, early and doubled wake-ups, throttling, lost answers, late requests, two instances, what
//! people do, and what resources and assignments do by themselves (`tally` names it all). A failing seed prints the whole
//! story; add its number to `REGRESSIONS`.
//!
//! `SEEDS=10000 cargo test -p remediation --test simulation` runs as many (default 1,000); `FIRST_SEED=N` begins there; `STORY=N` tells one seed.

#![expect(clippy::disallowed_methods, reason = "it is told by the environment which seeds to play")]

mod approvals;
mod broker;
mod checks;
mod cloud;
mod fleet;
mod ledger;
mod pass;
mod pauses;
mod scenario;
mod store;
mod sweep;
mod tally;
mod worker;
mod world;

use tally::Tally;
use world::World;

/// Seeds that failed once, with what they found. What a seed plays changes with the scenarios, so what one found is also held
/// by a test of the core.
///
/// - 22: a look-up before a PUT was taken for one after it, so a fresh task counted as deleted.
/// - 605: a claim was released by a document that had been read before the claim.
/// - 869: an evaluation that began before a failure counted as newer, where the clock of the instance was nine minutes behind.
/// - 2074: what had been parked as stale went into a task for the whole scope after its park, and was parked at once when it was
///   stale again.
/// - 7512: the try of a parked subscription was taken by a target outside its window, every day, so nobody ever tried.
/// - 6611: the model counted a task twice that a person deleted before it touched anything, and that was made again.
/// - 3215: the model counted a task for the whole scope that a person deleted as a try of what the document never listed.
/// - 1296: of a task whose list of deployments came in parts, only the last was reported, so a step began before fixes were confirmed.
/// - 3919: a step waited for a lost fix for a month, since parks were counted in.
const REGRESSIONS: &[u64] = &[22, 605, 869, 1_296, 2_074, 3_215, 3_919, 6_611, 7_512];
/// So many seeds meet every ingredient.
const ENOUGH: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs one seed and tells what happened, and what went wrong.
fn story(seed: u64) -> String {
    let mut world = World::new(seed, true);
    let end = world.play().err().unwrap_or_else(|| "nothing went wrong".to_owned());
    format!("{}\n=== seed {seed}: {end}", world.story.join("\n"))
}

fn play_all(seeds: &[u64]) -> Tally {
    let play = |seed: &u64| {
        let mut world = World::new(*seed, false);
        world.play().map(|()| Tally::of(&world)).unwrap_or_else(|_| panic!("{}", story(*seed)))
    };
    seeds.iter().map(play).fold(Tally::default(), Tally::and)
}

#[test]
fn every_seed_ends_with_everything_settled_and_nothing_done_twice() {
    let (first, count) = (number("FIRST_SEED").unwrap_or(1), number("SEEDS").unwrap_or(ENOUGH));
    let begun = std::time::Instant::now();
    let seeds: Vec<u64> = REGRESSIONS.iter().copied().chain(first..first + count).collect();
    let parts = std::thread::available_parallelism().map_or(1, usize::from);
    let runs: Vec<_> =
        (0..parts).map(|part| seeds.iter().copied().skip(part).step_by(parts).collect::<Vec<_>>()).collect();
    let tally = std::thread::scope(|scope| {
        let runs: Vec<_> = runs.into_iter().map(|seeds| scope.spawn(move || play_all(&seeds))).collect();
        let ended = runs.into_iter().map(|run| run.join().expect("a run panics only with its story"));
        ended.fold(Tally::default(), Tally::and)
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!("{count} seeds from {first} in {seconds:.1} s: {} effects, {} tasks", tally.effects, tally.tasks);
    println!("seeds with: {}", tally.shares());
    assert!(count < ENOUGH || tally.never_met().is_empty(), "never met: {:?}", tally.never_met());
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let seed = number("STORY").unwrap_or(7);
    let told = story(seed);
    if number("STORY").is_some() {
        println!("{told}");
    }
    assert_eq!(told, story(seed));
}
