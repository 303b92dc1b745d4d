//! A setting of the worker's as it is written on the command line.

use super::operator::environment;

/// Reads `NAME=VALUE`; the value may be empty, and may hold further `=`.
///
/// # Errors
/// When there is no name.
pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("a setting is written NAME=VALUE".to_owned()),
    }
}

/// The log filter of this process's environment, for a worker that it starts. Only one that asks for more than usual is handed on: the demo
/// reads the log, and needs what it says without being asked.
pub(super) fn log_filter() -> Option<(String, String)> {
    environment().find(|(name, filter)| name == "RUST_LOG" && asks_for_more(filter))
}

fn asks_for_more(filter: &str) -> bool {
    let filter = filter.to_ascii_lowercase();
    let level = |directive: &str| directive.rsplit('=').next().unwrap_or_default().trim().to_owned();
    let said = |directive: &&str| !directive.contains('=') || directive.contains("policy_remediator");
    filter.split(',').filter(said).any(|directive| ["debug", "trace"].contains(&level(directive).as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_filter_that_asks_for_more_is_handed_on() {
        for (filter, more) in [
            ("debug", true),
            ("warn,policy_remediator=TRACE", true),
            ("hyper=debug", false),
            ("warn", false),
            ("", false),
        ] {
            assert_eq!(asks_for_more(filter), more, "{filter}");
        }
    }

    #[test]
    fn a_setting_has_a_name_and_any_value() {
        assert_eq!(setting("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(setting("A="), Ok(("A".to_owned(), String::new())));
        assert!(setting("A").is_err() && setting("=b").is_err());
    }
}
