//! A subscription of whose budget few calls are left, and which comes back slowly, with a history of finished tasks: how many tasks are
//! opened in a while.

use std::time::{Duration, Instant};

use simulator::resource_manager::Allowance;

use crate::history::finished;
use crate::stage::{DEFINITION, Stage, events, land, plot, record};

/// Targets with one resource each.
const TARGETS: usize = 10;
/// How long it is watched.
const WHILE: Duration = Duration::from_secs(120);

/// With so many finished tasks.
pub(crate) async fn measure(tasks: usize, watched: bool) -> String {
    let mut estate = land(1);
    for n in 0..TARGETS {
        estate = plot(estate, 0, &format!("T{n}"), DEFINITION).with_record(record(0, n, &format!("T{n}")));
    }
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    finished(&stage, tasks).await;
    let few = Allowance { reads: 20, reads_refill: 0.2, refuses: true, ..Allowance::default() };
    let _ = stage.manager.clone().with_allowance(few);
    stage.start_worker(&[("FACTS_TTL", "10m")], 1).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    let limit = if watched { WHILE } else { Duration::from_secs(2) };
    while begun.elapsed() < limit && stage.count("fixed") < TARGETS {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let line = format!(
        "{tasks} finished tasks, 20 calls left and 0.2 more a second: {} of {TARGETS} tasks opened in {:.0} s",
        stage.calls("createTask"),
        begun.elapsed().as_secs_f64()
    );
    stage.stop_worker().await;
    line
}
