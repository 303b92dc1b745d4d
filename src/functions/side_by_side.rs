//! Runs pieces of one invocation side by side, each in a task of its own, so that a defect in one leaves the others alone.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::Semaphore;
use tracing::Instrument;

/// Runs all, at most `limit` at a time, and gives their results in the same order; a panic becomes an error in words.
pub(super) async fn side_by_side<T: Send + 'static>(
    limit: usize,
    pieces: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<Result<T, String>> {
    let permits = Arc::new(Semaphore::new(limit));
    let running = pieces.into_iter().map(|piece| {
        let permits = Arc::clone(&permits);
        apart(async move {
            let _seat = permits.acquire_owned().await;
            piece.await
        })
    });
    // Each is spawned when it is first polled, and that is at once.
    join_all(running).await
}

/// Runs one piece in a task of its own.
pub(super) async fn apart<T: Send + 'static>(piece: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    tokio::spawn(piece.in_current_span()).await.map_err(|panic| panic.to_string())
}
