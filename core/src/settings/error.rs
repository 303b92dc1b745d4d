//! What is wrong with the settings, in words that a person can act on, and never with a secret in them.

/// A setting that is missing, wrong or misspelt.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    /// Not set, and there is no default.
    #[error("{name} is not set; set it to {allowed}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What it may be.
        allowed: String,
    },
    /// Set to something that is not allowed.
    #[error("{name} is {value:?}; allowed is {allowed}{}", why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Wrong {
        /// The setting.
        name: &'static str,
        /// The value found, as much of it as can be shown.
        value: String,
        /// What it may be.
        allowed: String,
        /// What is wrong with the value, where that is not plain from what is allowed.
        why: Option<String>,
    },
    /// Set to bytes that are not text.
    #[error("{name} is not UTF-8 text")]
    NotText {
        /// The setting.
        name: &'static str,
    },
    /// A name that looks like a setting's and is none: what it was meant to protect would not be protected.
    #[error("{name:?} is not a setting, but {meant} is; correct the name, or unset it")]
    Unknown {
        /// The name found.
        name: String,
        /// The nearest setting.
        meant: &'static str,
    },
}

/// What a secret stands behind: the query of an address with a signature, a member of a connection string, its value, a user's
/// password. No host name and no address that is allowed holds one of them.
pub(crate) const SECRETS_FOLLOW: [char; 5] = ['?', ';', '=', '#', '@'];
/// Most characters of a value that are shown.
const MOST: usize = 300;

/// No word of a pattern or of a filter is as long as a key.
const SHORTER_THAN_A_KEY: usize = 40;

/// The same of a value in which some of these signs have a meaning: whole, unless it may hold a secret all the same.
pub(crate) fn shown_in_full(value: &str) -> String {
    let is_long = |word: &str| word.len() >= SHORTER_THAN_A_KEY;
    let may_hold_key = value.contains('=') && (value.contains(['?', ';']) || value.split(['=', ',']).any(is_long));
    if may_hold_key || value.contains(['@', '#']) { shown(value) } else { value.to_owned() }
}

/// As much of a value as can be shown: a connection string or an address with a key may have been put there by mistake.
pub(crate) fn shown(value: &str) -> String {
    // A user and a password stand before the sign, and a password may hold any other sign.
    if value.contains('@') {
        return "…".to_owned();
    }
    let harmless = value.split(SECRETS_FOLLOW).next().unwrap_or_default();
    let shown: String = harmless.chars().take(MOST).collect();
    if shown.len() < value.len() { shown + "…" } else { shown }
}
