//! How far a demo has come, on a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use simulator_demo::Progress;

pub(super) fn progress_bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_bar} {pos}/{len} settled, {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub(super) fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length((progress.settled + progress.unsettled) as u64);
    bar.set_position(progress.settled as u64);
    bar.set_message(message(progress));
    bar.tick();
}

/// What is going on: events that were taken in, tasks that were opened, and what they fixed.
fn message(Progress { events, queued, tasks, fixed, .. }: Progress) -> String {
    format!("{queued}/{events} in, {tasks} tasks, {fixed} fixed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_of_a_demo_leaves_room_for_a_bar_in_sixty_columns() {
        let progress = Progress { events: 341, queued: 341, settled: 254, unsettled: 0, fixed: 217, tasks: 13 };
        let around = format!("x 12s  254/254 settled, {}", message(progress));
        assert!(around.chars().count() <= 56, "{around}");
    }
}
