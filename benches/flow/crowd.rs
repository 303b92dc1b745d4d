//! Very many targets of one policy, of which Azure runs a hundred tasks at a time.

use std::time::{Duration, Instant};

use simulator::resource_manager::Tempo;

use crate::stage::{Stage, events, land, record, until};

/// As many subscriptions, each with one resource of the policy.
pub(crate) async fn measure(targets: usize) -> String {
    let estate = (0..targets).fold(land(targets), |estate, number| estate.with_record(record(number, 0, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let long = Tempo { deployment: Duration::from_secs(4), ..Tempo::quick() };
    let _ = stage.manager.clone().with_tempo(long);
    let settings = [("FACTS_TTL", "10m"), ("CHECK_INTERVAL_MIN", "2s"), ("CHECK_INTERVAL_MAX", "8s")];
    stage.start_worker(&settings, 1).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    until("all is fixed", || stage.count("fixed") >= targets).await;
    let took = begun.elapsed().as_secs_f64();
    let (accepted, refused) = (stage.manager.tasks().len(), stage.manager.refused_writes().len());
    let line = format!(
        "{targets} targets of one policy: {took:.1} s; {accepted} tasks and {refused} refused ({:.2} of the least)",
        (accepted + refused) as f64 / targets as f64
    );
    stage.stop_worker().await;
    line
}
