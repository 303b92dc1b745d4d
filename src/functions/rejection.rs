//! Puts an item that cannot be handled into the container `rejected`, with its reason, and says so in the log.

use std::sync::Arc;

use tracing::error;

use remediation::message::Queue;

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::{Rejected, StateError};
use crate::functions::{Failure, consumer};
use crate::host::Item;

use super::failed::Failed;
use super::side_by_side::side_by_side;

/// Items that are rejected at the same time.
const AT_ONCE: usize = 16;

/// What cannot be handled, of the message that it came in.
pub(super) struct Refused {
    item: Item,
    reason: String,
    payload: String,
}

impl Refused {
    /// The message as a whole.
    pub(super) fn whole(item: Item, reason: String) -> Self {
        Self { payload: item.body.clone(), item, reason }
    }

    /// A part of the message.
    pub(super) fn part(item: Item, reason: String, payload: String) -> Self {
        Self { item, reason, payload }
    }
}

/// Rejects all of these; gives those that storage did not take.
pub(super) async fn reject_all(
    app: &Arc<App>,
    function: &'static str,
    refused: Vec<Refused>,
    deadline: Deadline,
) -> Vec<Failed> {
    let pieces = refused.into_iter().map(|Refused { item, reason, payload }| {
        let app = Arc::clone(app);
        async move {
            let rejected = reject(&app, function, reason, &payload, deadline).await;
            rejected.err().map(|error| Failed { failure: error.into(), items: vec![item] })
        }
    });
    let results = side_by_side(AT_ONCE, pieces).await;
    let failed = |result: Result<Option<Failed>, String>| match result {
        Ok(failed) => failed,
        Err(panic) => Some(Failed { failure: Failure::Defect(panic), items: Vec::new() }),
    };
    results.into_iter().filter_map(failed).collect()
}

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
