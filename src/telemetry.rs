//! Logs. Under the host: one JSON line an event on stdout, errors on stderr, because the host takes a stderr line for an error.
//! On a terminal: a form for people. ARCHITECTURE lists the events and their fields; no body, token or query is ever logged.

use std::io::IsTerminal;

use tracing::{Level, error};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

/// Starts logging, with `filter` in the form of the `tracing-subscriber` directives, `info` for our own events when none.
pub fn start(filter: Option<&str>) {
    let default = || EnvFilter::new("warn,policy_remediator=info");
    let filter = filter.map_or_else(default, |text| EnvFilter::try_new(text).unwrap_or_else(|_| default()));
    // A panic is one line like every other error; the default hook would write plain text over several.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<&str>().copied();
        let words = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
        error!(event = "panic", place, reason = words, "a defect: please report this line");
    }));
    let writer = std::io::stderr.with_max_level(Level::ERROR).or_else(std::io::stdout);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    if std::io::stdout().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(true).init();
    }
}
