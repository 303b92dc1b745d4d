//! A batch run over a management group, from its message until all that can be fixed is.

use crate::stage::{Group, Stage};

/// Of so many subscriptions, assignments and resources.
pub(crate) async fn measure(subscriptions: usize, assignments: usize, resources: usize) -> String {
    let group = Group { subscriptions, assignments, resources, escalate_above: 300 };
    let mut stage = Stage::without_worker(group.estate()).await;
    stage.azure.ledger().keep_bodies(false);
    let settings = [
        ("FACTS_TTL", "10m"),
        ("COALESCE_WINDOW", "5s"),
        ("CHECK_INTERVAL_MIN", "1s"),
        ("CHECK_INTERVAL_MAX", "8s"),
        ("RUST_LOG", "warn,policy_remediator=info"),
    ];
    stage.start_worker(&settings, 1).await;
    let line = stage.run_over(group).await.line(group);
    stage.stop_worker().await;
    line
}
