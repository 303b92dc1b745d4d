//! Logs. Under the host: one JSON line an event on stdout, warnings and errors on stderr: the host takes a line there for an error,
//! or for a warning where the word stands in it, and so it does in the level.
//! On a terminal: a form for people. `docs/log-events.md` lists the events and their fields; no body, token or query is ever logged.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing::{Level, error};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use remediation::settings::DEFAULT_LOG_FILTER;

/// Whether a filter can be read and means what it says.
///
/// # Errors
/// What is wrong with it.
pub fn check(filter: &str) -> Result<(), String> {
    // Alone, any word but a level is a target: with a misspelt level, that target is logged and nothing else.
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    let words =
        filter.split(',').map(str::trim).filter(|word| !word.is_empty() && !word.contains(['=', '[', ']', '{', '}']));
    match words.into_iter().find(|word| !is_level(word) && !word.starts_with("policy_remediator")) {
        Some(word) => Err(format!("{word} is no level, and as a target it has none")),
        None => EnvFilter::try_new(filter).map(drop).map_err(|error| error.to_string()),
    }
}

/// Starts logging, with `filter` in the form of the `tracing-subscriber` directives.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG_FILTER));
    // A panic is one line like every other error; the default hook would write plain text over several.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<&str>().copied();
        let words = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
        error!(event = "panic", place, reason = words, "a defect: please report this line");
    }));
    let writer = std::io::stderr.with_max_level(Level::WARN).or_else(std::io::stdout);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    if std::io::stdout().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(true).init();
    }
}

/// A line about a target, with all by which its lines are found: whoever asks which assignment causes most parks asks the log.
macro_rules! about {
    ($level:ident, $target:expr, $($rest:tt)+) => {{
        let target: &::remediation::id::Target = $target;
        let reference = target.policy_definition_reference_id.as_ref().map(::remediation::id::ReferenceId::as_str);
        ::tracing::$level!(
            target = %target.hash(),
            subscription = %target.subscription(),
            scope = %target.scope,
            assignment = %target.policy_assignment_id,
            reference,
            $($rest)+
        )
    }};
}
pub(crate) use about;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_would_say_less_than_was_meant_is_refused() {
        for filter in [
            DEFAULT_LOG_FILTER,
            "debug",
            "INFO",
            "off",
            "policy_remediator",
            "hyper=trace, warn",
            "azure_core::http=debug",
            "[{target=a}]=debug",
        ] {
            assert_eq!(check(filter), Ok(()), "{filter}");
        }
        for filter in ["inof", "verbose", "warn,hyper", "policy_remediator=loud", "warn,=,=", "a=b=c"] {
            assert!(check(filter).is_err(), "{filter}");
        }
    }
}
