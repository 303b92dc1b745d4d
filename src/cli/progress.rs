//! How far a demo has come, on a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use simulator_demo::Progress;

pub(super) fn progress_bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_bar} {pos}/{len} resources settled · {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub(super) fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length((progress.settled + progress.unsettled) as u64);
    bar.set_position(progress.settled as u64);
    bar.set_message(format!(
        "{}/{} events, {} tasks, {} fixed",
        progress.queued, progress.events, progress.tasks, progress.fixed
    ));
    bar.tick();
}
