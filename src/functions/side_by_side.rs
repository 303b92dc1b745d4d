//! Runs pieces of one invocation side by side, each in a task of its own, so that a defect in one leaves the others alone.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tracing::Instrument;

/// Runs all, at most `limit` at a time, and gives their results; a panic becomes an error in words.
pub(super) async fn side_by_side<T: Send + 'static>(
    limit: usize,
    pieces: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<Result<T, String>> {
    let seats = Arc::new(Semaphore::new(limit));
    let running: FuturesUnordered<_> = pieces
        .into_iter()
        .map(|piece| {
            let seats = Arc::clone(&seats);
            let seated = async move {
                let _seat = seats.acquire_owned().await;
                piece.await
            };
            tokio::spawn(seated.in_current_span())
        })
        .collect();
    running.map(|joined| joined.map_err(|panic| panic.to_string())).collect().await
}
