//! Progress of long work, on stderr and only where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Work of fewer steps is over before anybody asks.
const SHORT: usize = 20;

/// A bar over so many of these.
pub(crate) fn progress(what: &str, count: usize) -> ProgressBar {
    if count < SHORT || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(&format!("{{spinner}} [{{elapsed}}] {{wide_bar}} {{pos}}/{{len}} {what}"));
    let bar = ProgressBar::new(count as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
