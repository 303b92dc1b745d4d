//! Follows the log of a Functions host, line by line, to its end.

use std::io;

use simulator::functions_host::LogLine;
use tokio::sync::broadcast::{Receiver, error::RecvError, error::TryRecvError};
use tokio::sync::oneshot;

/// Takes each line in until it is told that no more is to come (the sender of `enough` is dropped), and then what is there.
///
/// # Errors
/// That of a line that cannot be taken in.
pub async fn follow(
    mut lines: Receiver<LogLine>,
    mut enough: oneshot::Receiver<()>,
    mut take_in: impl FnMut(&LogLine) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            _ = &mut enough => break,
        };
        match line {
            Ok(line) => take_in(&line)?,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
    }
    loop {
        match lines.try_recv() {
            Ok(line) => take_in(&line)?,
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(()),
        }
    }
}
