//! A batch run over very many subscriptions, each fifth delegated, with the recorded budgets of calls.

use crate::stage::{Many, Stage};

/// Of so many subscriptions.
pub(crate) async fn measure(subscriptions: usize) -> String {
    let many = Many(subscriptions);
    let mut stage = Stage::of_many(many).await;
    let line = stage.run_over_many(many).await.line(many);
    stage.stop_worker().await;
    line
}
