//! Puts an item that cannot be handled into the container `rejected`, with its reason, and says so in the log.

use tracing::error;

use remediation::message::Queue;

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::{Rejected, StateError};
use crate::functions::consumer;

/// Rejects an item that the function was given. The message of the log is for the person who looks at the container.
pub(super) async fn reject(
    app: &App,
    function: &'static str,
    reason: String,
    payload: &str,
    deadline: Deadline,
) -> Result<(), StateError> {
    let queue = Queue::ALL.into_iter().find(|queue| consumer(*queue) == function);
    reject_from(app, function, queue, reason, payload.as_bytes(), deadline).await
}

/// Rejects an item of this queue.
pub(super) async fn reject_from(
    app: &App,
    function: &'static str,
    queue: Option<Queue>,
    reason: String,
    payload: &[u8],
    deadline: Deadline,
) -> Result<(), StateError> {
    let item = Rejected::new(function, queue, reason, payload, crate::azure::now());
    app.reconciler.store.reject(&item, deadline).await?;
    error!(
        event = "item_rejected",
        function,
        reason = item.reason,
        blob = item.blob(),
        "an item cannot be handled and was put into the container rejected"
    );
    Ok(())
}
