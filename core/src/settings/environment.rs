//! Reads the environment once: each name against the table, each value against its form. What comes out is known to be allowed,
//! one by one and beside each other; nothing after this doubts a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use crate::settings::{form, table};

use super::error::{SettingError, shown, shown_in_full};
use super::form::Form;
use super::near_miss::meant;
use super::table::{GROUPS, GUARD_RAILS, Setting, Unset};

/// The first of each pair is at most the second.
const ORDERED: [(&str, &str); 2] = [("BACKOFF_BASE", "BACKOFF_CAP"), ("CHECK_INTERVAL_MIN", "CHECK_INTERVAL_MAX")];

/// The setting that only the one who logs can read.
pub(crate) const LOG_FILTER: &str = "RUST_LOG";

/// What the settings are, for the log line `started`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Every guard rail, set or not.
    pub guard_rails: String,
    /// All others that are set to something else than their default.
    pub changed: String,
}

/// The values that are set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<&'static str, String>);

impl Environment {
    /// Reads names and values.
    ///
    /// # Errors
    /// The first name or value that is wrong.
    pub(crate) fn read<N: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, SettingError> {
        let mut set = BTreeMap::new();
        for (name, value) in variables {
            // A name that is not text is no setting's.
            let Ok(name) = name.into().into_string() else { continue };
            match setting(&name) {
                // The name itself counts more than another way to write it.
                Some(known) if known.name == name => drop(set.insert(known.name, value.into())),
                Some(known) => drop(set.entry(known.name).or_insert(value.into())),
                None => {
                    if let Some(meant) = meant(&name) {
                        return Err(SettingError::Unknown { name, meant });
                    }
                }
            }
        }
        let mut values = BTreeMap::new();
        for known in table::all() {
            let Some(value) = set.remove(known.name) else { continue };
            let value = value.into_string().map_err(|_| SettingError::NotText { name: known.name })?;
            if let Some(value) = checked(known, value.trim())? {
                values.insert(known.name, value.to_owned());
            }
        }
        let environment = Self(values);
        ORDERED.iter().try_for_each(|(small, large)| environment.check_order(small, large))?;
        Ok(environment)
    }

    /// The value that is set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value that counts; none where there is no default.
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).or_else(|| match table::find(name)?.default {
            Unset::Value(value) | Unset::Open(value) => Some(value),
            Unset::Required | Unset::Else(_) => None,
        })
    }

    /// The value, read by `read`.
    ///
    /// # Errors
    /// When it is not set and has no default.
    pub(crate) fn required<T>(&self, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, SettingError> {
        let allowed = || table::find(name).map(|known| known.form.allowed()).unwrap_or_default();
        self.value(name).and_then(read).ok_or_else(|| SettingError::Missing { name, allowed: allowed() })
    }

    /// The value of a setting that has a default.
    pub(crate) fn read_as<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> T {
        self.value(name).and_then(read).expect("values are checked when they are read, and defaults by a test")
    }

    pub(crate) fn duration(&self, name: &str) -> Duration {
        self.read_as(name, form::duration)
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> T {
        self.read_as(name, |value| value.parse().ok())
    }

    /// Which of the words of its form the value is.
    pub(crate) fn word(&self, name: &str) -> usize {
        self.read_as(name, |value| match table::find(name)?.form {
            Form::Word(words) => form::word(words, value),
            _ => None,
        })
    }

    fn check_order(&self, small: &'static str, large: &'static str) -> Result<(), SettingError> {
        if self.duration(small) <= self.duration(large) {
            return Ok(());
        }
        let value = |name| self.value(name).unwrap_or_default().to_owned();
        let allowed = format!("at most {large}, which is {}", value(large));
        Err(SettingError::Wrong { name: small, value: value(small), allowed, why: None })
    }

    /// What the log tells of it.
    pub(crate) fn told(&self) -> Told {
        let (mut guard_rails, mut changed) = (Vec::new(), Vec::new());
        for group in GROUPS {
            for known in group.settings {
                let set = self.get(known.name);
                if group.title == GUARD_RAILS {
                    let value = set.or(self.value(known.name)).unwrap_or("none");
                    guard_rails.push(format!("{}={}", known.name, in_one_line(value)));
                } else if set != self.default_of(known) {
                    changed.push(format!("{}={}", known.name, in_one_line(&shown_as(known, set.unwrap_or_default()))));
                }
            }
        }
        Told { guard_rails: guard_rails.join(" | "), changed: changed.join(" | ") }
    }

    /// The value that would change nothing, where it is set.
    fn default_of(&self, known: &Setting) -> Option<&str> {
        let set = self.get(known.name)?;
        match known.default {
            Unset::Value(value) | Unset::Open(value) if value.eq_ignore_ascii_case(set) => Some(set),
            Unset::Value(_) | Unset::Open(_) | Unset::Required | Unset::Else(_) => None,
        }
    }
}

/// The setting that an environment variable is. The host writes `:` for the `__` of a name, and Windows takes any case.
pub(crate) fn setting(name: &str) -> Option<&'static Setting> {
    let name = name.replace(':', "__");
    let is_same = |known: &str| known == name || cfg!(windows) && known.eq_ignore_ascii_case(&name);
    table::all().find(|known| is_same(known.name))
}

/// The value, if it is not blank.
fn checked<'a>(known: &Setting, value: &'a str) -> Result<Option<&'a str>, SettingError> {
    let wrong = |why| SettingError::Wrong {
        name: known.name,
        value: shown_as(known, value),
        allowed: known.form.allowed(),
        why,
    };
    let is_list = matches!(known.form, Form::Patterns(_));
    let is_blank = value.chars().all(|c| c.is_whitespace() || is_list && matches!(c, ',' | ';'));
    match known.default {
        Unset::Open(default) if is_blank => {
            Err(wrong(Some(format!("blank could mean nothing or everything; unset it, or set it to {default}"))))
        }
        _ if is_blank => Ok(None),
        _ => known.form.check(value).map(|()| Some(value)).map_err(wrong),
    }
}

impl SettingError {
    /// The filter of the log is none, and why.
    #[must_use]
    pub fn of_log_filter(value: &str, why: String) -> Self {
        let allowed = Form::LogFilter.allowed();
        Self::Wrong { name: LOG_FILTER, value: shown_in_full(value), allowed, why: Some(why) }
    }
}

/// As much of the value as can be shown. The signs that stand before a secret are signs of a pattern and of a filter, too.
fn shown_as(known: &Setting, value: &str) -> String {
    match known.form {
        Form::LogFilter | Form::Patterns(_) | Form::Window => shown_in_full(value),
        _ => shown(value),
    }
}

fn in_one_line(value: &str) -> String {
    value.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
