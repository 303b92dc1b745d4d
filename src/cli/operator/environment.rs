//! The environment of a command.

/// The environment of this process, as far as it is text.
#[expect(clippy::disallowed_methods, reason = "a command reads the environment of its own process, here")]
pub(in crate::cli) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
