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

/// As a shell takes it for one word.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_does_not_end_a_word_of_the_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
