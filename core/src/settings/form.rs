//! The forms that values have: how each is read, and the words for what is allowed.

use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use crate::control::ChangeWindow;
use crate::id::{ArmId, RunScope};
use crate::role::RoleId;

use super::error::SECRETS_FOLLOW;
use super::guard_rails::Patterns;
use super::pattern_list::Of;

/// So much can be added to any time that is read (see `parse_time`).
pub(crate) const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);
/// What is shorter is no time at all, however it is written.
const SHORTEST: Duration = Duration::from_millis(1);

const NONE: &str = "none";
/// The ids of a step are kept in one document.
const LARGEST_STEP: u32 = 1_000;

/// Which durations are allowed, with words for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    least: Duration,
    most: Duration,
    words: &'static str,
}

/// A wait that may be left out.
pub(crate) const WAIT: Span =
    Span { least: Duration::ZERO, most: LONGEST, words: "a duration such as 0s, 30s, 10m, 1h or 7d, of 3650d at most" };
/// A time without which the worker would not pause at all.
pub(crate) const SPAN: Span = Span {
    least: SHORTEST,
    most: LONGEST,
    words: "a duration such as 30s, 10m, 1h or 7d, of 1ms at least and 3650d at most",
};
/// Half of it must be enough for a request.
pub(crate) const GRACE: Span = Span {
    least: Duration::from_millis(100),
    most: LONGEST,
    words: "a duration such as 30s, 10m, 1h or 7d, of 100ms at least and 3650d at most",
};
/// The host stops an invocation that takes longer.
pub(crate) const INVOCATION: Span = Span {
    least: SHORTEST,
    most: super::FUNCTION_TIMEOUT,
    words: "a duration such as 30s or 2m, of 1ms at least and 4m at most, the functionTimeout of host.json",
};

/// The form of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// A duration.
    Duration(Span),
    /// A duration, or `none`.
    DurationOrNone(Span),
    /// A whole number from one to the other.
    Whole(u32, u32),
    /// Ids of role definitions, or `none`.
    Roles,
    /// Ids of management groups, subscriptions and resource groups, or `none`.
    RunScopes,
    /// A number from 0 to 1.
    Share,
    /// A list of globs.
    Patterns(Of),
    /// When changes may be made.
    Window,
    /// Sizes of first steps, or `off`.
    Steps,
    /// A whole number from this one on, or `none`.
    WholeOrNone(u32),
    /// A host name with or without a port.
    Host,
    /// An https address.
    Https,
    /// A GUID or a domain name.
    Tenant,
    /// Part of the names of tasks.
    Installation,
    /// The id of a Service Bus namespace.
    Namespace,
    /// A filter of the log. Whoever logs reads it.
    LogFilter,
    /// What somebody else reads.
    Text(&'static str),
}

impl Form {
    /// What is allowed, in words.
    pub(crate) fn allowed(self) -> String {
        match self {
            Self::Word(words) => match words {
                [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
                words => words.join(""),
            },
            Self::Duration(span) => span.words.to_owned(),
            Self::DurationOrNone(span) => format!("none, or {}", span.words),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Roles => {
                "none, or ids of role definitions separated by commas: GUIDs, or whole ids that end with one".to_owned()
            }
            Self::RunScopes => {
                "none, or ids of management groups, subscriptions and resource groups, separated by commas".to_owned()
            }
            Self::Share => "a number from 0.0 to 1.0".to_owned(),
            Self::Patterns(Of::Assignments) => {
                "a list of globs, separated by commas, of names of assignments or of whole ids".to_owned()
            }
            Self::Patterns(Of::Scopes) => {
                "a list of globs, separated by commas, of ids that begin with /subscriptions/".to_owned()
            }
            Self::Patterns(Of::Types) => {
                "a list of globs, separated by commas, of types such as Microsoft.Sql/servers".to_owned()
            }
            Self::Window => {
                "always, or a window such as Mon-Fri 20:00-06:00 Europe/Berlin; Sat,Sun; closed 2026-12-20..2027-01-04"
                    .to_owned()
            }
            Self::Steps => format!(
                "off, or up to 8 whole numbers from 1 to {LARGEST_STEP} separated by commas, none smaller than the one before"
            ),
            Self::WholeOrNone(least) => format!("none, or a whole number from {least} on"),
            Self::Host => "a host name such as NAME.servicebus.windows.net, with or without a port".to_owned(),
            Self::Https => "an https address without a user, a key or a query".to_owned(),
            Self::Tenant => "a tenant's GUID or domain name".to_owned(),
            Self::Installation => "1 to 8 ASCII letters or digits".to_owned(),
            Self::Namespace => {
                "an id such as /subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ServiceBus/namespaces/NAME"
                    .to_owned()
            }
            Self::LogFilter => {
                "directives such as warn,policy_remediator=debug: a level, or a target with its level".to_owned()
            }
            Self::Text(words) => words.to_owned(),
        }
    }

    /// Whether the value has the form.
    ///
    /// # Errors
    /// The reason, where what is allowed does not tell it.
    pub(crate) fn check(self, value: &str) -> Result<(), Option<String>> {
        let when = |is_allowed: bool| if is_allowed { Ok(()) } else { Err(None) };
        match self {
            Self::Word(words) => when(word(words, value).is_some()),
            Self::Duration(span) => when(duration(value).is_some_and(|d| span.least <= d && d <= span.most)),
            Self::DurationOrNone(_) if word(&[NONE], value).is_some() => Ok(()),
            Self::DurationOrNone(span) => Self::Duration(span).check(value),
            Self::Whole(least, most) => when(value.parse().is_ok_and(|n: u32| least <= n && n <= most)),
            Self::Roles => when(roles(value).is_some()),
            Self::RunScopes => when(run_scopes(value).is_some()),
            Self::Share => when(value.parse().is_ok_and(|n: f32| (0.0..=1.0).contains(&n))),
            Self::Patterns(of) => Patterns::parse(value, of).map(drop).map_err(Some),
            Self::Window => ChangeWindow::parse(value).map(drop).map_err(Some),
            Self::Steps => when(steps(value).is_some()),
            Self::WholeOrNone(least) => when(whole_or_none(value).is_some_and(|n| n.is_none_or(|n| least <= n))),
            Self::Host => when(namespace(value).is_some()),
            Self::Https => when(https(value).is_some()),
            Self::Tenant => {
                let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
                when(value.len() <= 253 && value.chars().all(known))
            }
            Self::Installation => when(value.len() <= 8 && value.chars().all(|c| c.is_ascii_alphanumeric())),
            Self::Namespace => {
                let id = value.parse::<ArmId>().ok();
                let tail =
                    id.as_ref().and_then(|id| id.as_str().split_once("/providers/microsoft.servicebus/namespaces/"));
                when(tail.is_some_and(|(home, name)| home.starts_with("/subscriptions/") && !name.contains('/')))
            }
            Self::LogFilter | Self::Text(_) => Ok(()),
        }
    }
}

/// Which of the words it is.
pub(crate) fn word(words: &[&str], value: &str) -> Option<usize> {
    words.iter().position(|word| word.eq_ignore_ascii_case(value))
}

/// A duration, or none at all.
pub(crate) fn duration_or_none(value: &str) -> Option<Option<Duration>> {
    if word(&[NONE], value).is_some() { Some(None) } else { duration(value).map(Some) }
}

/// Sizes of first steps.
pub(crate) fn steps(value: &str) -> Option<Vec<u32>> {
    if word(&["off"], value).is_some() {
        return Some(Vec::new());
    }
    let sizes: Vec<u32> = value.split(',').map(|size| size.trim().parse().ok()).collect::<Option<_>>()?;
    let are_allowed =
        sizes.len() <= 8 && sizes.iter().all(|size| (1..=LARGEST_STEP).contains(size)) && sizes.is_sorted();
    are_allowed.then_some(sizes)
}

/// A whole number, or none at all.
pub(crate) fn whole_or_none(value: &str) -> Option<Option<u32>> {
    if word(&[NONE], value).is_some() { Some(None) } else { value.parse().ok().map(Some) }
}

/// Ids of role definitions.
pub(crate) fn roles(value: &str) -> Option<Vec<RoleId>> {
    if word(&[NONE], value).is_some() {
        return Some(Vec::new());
    }
    let role = |text: &str| RoleId::of(text).filter(|role| Uuid::parse_str(role.as_str()).is_ok());
    value.split(',').map(role).collect()
}

/// Scopes of batch runs, each once.
pub(crate) fn run_scopes(value: &str) -> Option<Vec<RunScope>> {
    if word(&[NONE], value).is_some() {
        return Some(Vec::new());
    }
    let scopes: Option<BTreeSet<RunScope>> = value.split(',').map(|text| text.trim().parse().ok()).collect();
    Some(scopes?.into_iter().collect())
}

/// A duration such as `30s`, `10m` or `7d`.
#[must_use]
pub fn duration(value: &str) -> Option<Duration> {
    humantime::parse_duration(value).ok()
}

pub(crate) fn namespace(value: &str) -> Option<Url> {
    let is_host = !value.contains(['/', '\\']) && !value.contains(SECRETS_FOLLOW);
    Some(value).filter(|_| is_host).and_then(|v| Url::parse(&format!("https://{v}")).ok()).filter(Url::has_host)
}

pub(crate) fn https(value: &str) -> Option<Url> {
    let url = Some(value).filter(|v| !v.contains(SECRETS_FOLLOW)).and_then(|v| Url::parse(v).ok())?;
    Some(url).filter(|url| url.scheme() == "https" && url.has_host())
}

/// The address of a storage account. One with a path means the same with a slash at its end and without: whoever puts the
/// name of a container behind it must not make an empty name in between.
pub(crate) fn account(value: &str) -> Option<Url> {
    let mut url = https(value)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}
