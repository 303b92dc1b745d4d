//! Logs. Under the host: one JSON line an event on stdout, errors on stderr, because the host takes a stderr line for an error.
//! On a terminal: a form for people. ARCHITECTURE lists the events and their fields; no body, token or query is ever logged.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

/// Starts logging, with `filter` in the form of the `tracing-subscriber` directives, `info` for our own events when none.
pub fn start(filter: Option<&str>) {
    let default = || EnvFilter::new("warn,policy_remediator=info");
    let filter = filter.map_or_else(default, |text| EnvFilter::try_new(text).unwrap_or_else(|_| default()));
    let writer = std::io::stderr.with_max_level(Level::ERROR).or_else(std::io::stdout);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    if std::io::stdout().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(true).init();
    }
}
