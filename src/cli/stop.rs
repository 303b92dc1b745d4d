//! How a command that runs for long is asked to stop: Ctrl-C, and what a terminal or another process sends.

use anyhow::Context;

/// Waits until this process is asked to stop; then, with which exit code a shell expects it to end (128 and the signal's number).
///
/// # Errors
/// When signals cannot be listened for.
pub(super) async fn asked() -> anyhow::Result<u8> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
        let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP cannot be listened for")?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be listened for").map(|()| 130),
            _ = terminate.recv() => Ok(143),
            _ = hang_up.recv() => Ok(129),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context("Ctrl-C cannot be listened for").map(|()| 130)
}
