//! Printing: a full disk is an error, and a reader that has read enough is not. (`println!` panics at either.)

use std::io::{ErrorKind, Write as _};

use anyhow::Context;

/// Prints these lines to the standard output.
///
/// # Errors
/// When they cannot be written, but for a pipe whose reader has gone.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("the standard output cannot be written")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
