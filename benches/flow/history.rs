//! A subscription with a long history of finished tasks, whose list takes a second a page.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;
use simulator::resource_manager::{TaskRequest, Tempo};

use crate::stage::{Stage, assignment, events, land, record, subscription, tempo, until};

/// Lets so many tasks have ended.
pub(crate) async fn finished(stage: &Stage, tasks: usize) {
    let at_once = Tempo { accepted: Duration::ZERO, evaluating: Duration::ZERO, ..tempo() };
    let _ = stage.manager.clone().with_tempo(at_once);
    let home = format!("/subscriptions/{}", subscription(0));
    for number in 0..tasks {
        // Limited to what is nowhere, so that nothing is remediated.
        let mut request = TaskRequest::new(assignment(0, "Tag"), None);
        request.locations = Some(vec!["nowhere".to_owned()]);
        while stage.manager.person_opens(&home, &format!("old-{number}"), request.clone()).is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    until("they have ended", || stage.manager.tasks().iter().all(|task| task.state.is_terminal())).await;
    let _ = stage.manager.clone().with_tempo(tempo());
}

/// As many finished tasks, a hundred a page.
pub(crate) async fn measure(tasks: usize) -> String {
    let estate = (0..3).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    finished(&stage, tasks).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_secs(1)));
    stage.azure.faults().add(slow.method("GET").path_contains("/remediations"));
    stage.start_worker(&[("FACTS_TTL", "10m")], 1).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    until("a task is open", || !stage.logged("task_open").is_empty()).await;
    let first = begun.elapsed().as_secs_f64();
    let passes = stage.logged("target_reconciled").len() + 1;
    until("all is fixed", || stage.count("fixed") == 3).await;
    let is_page = |entry: &Entry| entry.path.ends_with("/remediations") && !entry.query.contains("filter");
    let pages = stage.azure.ledger().count(is_page);
    let line = format!(
        "{tasks} finished tasks, 1 s a page: the first task after {first:.1} s, in pass {passes}; {pages} pages of the whole list until all is fixed"
    );
    stage.stop_worker().await;
    line
}
