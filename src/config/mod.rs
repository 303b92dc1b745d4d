//! Settings: read from the environment once, at the start. A wrong value stops the start with its name, its value and what is allowed.
//! What belongs to the platform is read elsewhere: the port and the log's filter by `main.rs`, the identity endpoint by `azure_identity`.

mod guard_rails;

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use guard_rails::GuardRails;
use guard_rails::Patterns;

/// Whether remediation tasks are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Decide and log; keep everything waiting and touch nothing.
    Plan,
    /// Open remediation tasks.
    Act,
}

/// The sovereign cloud that the worker runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    Public,
    /// Azure Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

impl Cloud {
    /// The cloud's Resource Manager (Microsoft documentation: "National clouds").
    fn resource_manager(self) -> &'static str {
        match self {
            Self::Public => "https://management.azure.com",
            Self::UsGovernment => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }
}

/// What the decisions depend on. Durations are spans, counts are counts; see the settings table of the README.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the setting of the same name, documented in the README's table")]
pub struct Policy {
    pub mode: Mode,
    pub settle_delay: Duration,
    pub coalesce_window: Duration,
    pub backoff_base: Duration,
    pub backoff_cap: Duration,
    pub check_interval_min: Duration,
    pub check_interval_max: Duration,
    pub opening_grace: Duration,
    pub task_timeout: Duration,
    pub flap_window: Duration,
    pub park_for: Duration,
    pub reevaluate_interval: Duration,
    pub max_attempts: u32,
    pub flap_limit: u32,
    /// Waiting resources above which one task for the whole scope is considered.
    pub escalate_above: usize,
    /// Most resources that a target's document lists. Not a setting: it follows from what can be written with every step.
    pub most_entries: usize,
    pub parallel_deployments: u32,
    pub failure_threshold: f32,
    pub guard_rails: GuardRails,
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the decisions depend on.
    pub policy: Policy,
    /// Longest time that one invocation may take before it is failed.
    pub invocation_budget: Duration,
    /// How long the facts of an assignment are kept.
    pub facts_ttl: Duration,
    /// Service Bus, with scheme, host and port.
    pub service_bus: Url,
    /// Client id of the identity for Service Bus; system-assigned when none.
    pub service_bus_client_id: Option<String>,
    /// Client id of the app's identity; system-assigned when none.
    pub client_id: Option<String>,
    /// The storage account of the containers `state` and `rejected`.
    pub state_blob_endpoint: Url,
    /// Resource Manager.
    pub resource_manager: Url,
    /// Scope of the tokens for Resource Manager.
    pub resource_manager_audience: String,
    /// A PEM file with further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// A setting that is missing or wrong.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    /// Not set, and there is no default.
    #[error("{name} is not set; set it to {allowed}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// Set to something that is not allowed.
    #[error("{name} is {value:?}; allowed is {allowed}")]
    Wrong {
        /// The setting.
        name: &'static str,
        /// The value found.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
}

const GLOBS: &str = "a list of globs, separated by commas";
const SCOPES: &str = "a list of globs, separated by commas, each beginning with /subscriptions/ or *";
const DURATION: &str = "a duration such as 30s, 10m, 1h or 7d, of 3650d at most";
/// So much can be added to any time that is read (see `parse_time`).
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

/// Reads all settings through `lookup`, which gives the value of an environment variable.
///
/// # Errors
/// The first setting that is missing or wrong.
pub fn settings(lookup: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
    let source = Source { lookup: &|name| lookup(name).filter(|v| !v.trim().is_empty()) };
    let cloud = source.word(
        "AZURE_CLOUD",
        Cloud::Public,
        &[("public", Cloud::Public), ("usgovernment", Cloud::UsGovernment), ("china", Cloud::China)],
        "public, usgovernment or china",
    )?;
    source.word("ServiceBus__credential", (), &[("managedidentity", ())], "managedidentity")?;
    let client_id = (source.lookup)("AZURE_CLIENT_ID");
    let official = cloud.resource_manager();
    let resource_manager = source.https("RESOURCE_MANAGER_ENDPOINT", Some(official))?;
    let policy = policy(&source)?;
    Ok(Settings {
        policy,
        invocation_budget: source.duration("INVOCATION_BUDGET", "150s")?,
        facts_ttl: source.duration("FACTS_TTL", "10m")?,
        service_bus: source.namespace("ServiceBus__fullyQualifiedNamespace")?,
        service_bus_client_id: (source.lookup)("ServiceBus__clientId").or_else(|| client_id.clone()),
        client_id,
        state_blob_endpoint: source.https("STATE_BLOB_ENDPOINT", None)?,
        resource_manager,
        resource_manager_audience: format!("{official}/.default"),
        ca_file: (source.lookup)("SSL_CERT_FILE").map(PathBuf::from),
    })
}

fn policy(source: &Source<'_>) -> Result<Policy, SettingError> {
    let globs =
        |name, default| source.read(name, GLOBS, Patterns::parse).map(|read| read.or_else(|| Patterns::parse(default)));
    let guard_rails = GuardRails::new(
        globs("INCLUDE_ASSIGNMENTS", "*")?.unwrap_or_default(),
        globs("EXCLUDE_ASSIGNMENTS", "")?.unwrap_or_default(),
        source.read("EXCLUDE_SCOPES", SCOPES, Patterns::parse_scopes)?.unwrap_or_default(),
        globs("EXCLUDE_RESOURCE_TYPES", "")?.unwrap_or_default(),
        source.word("REMEDIATE_DO_NOT_ENFORCE", false, &[("true", true), ("false", false)], "true or false")?,
    );
    Ok(Policy {
        mode: source.word(
            "REMEDIATION_MODE",
            Mode::Plan,
            &[("plan", Mode::Plan), ("act", Mode::Act)],
            "plan or act",
        )?,
        settle_delay: source.duration("SETTLE_DELAY", "10m")?,
        coalesce_window: source.duration("COALESCE_WINDOW", "1m")?,
        backoff_base: source.duration("BACKOFF_BASE", "1m")?,
        backoff_cap: source.duration("BACKOFF_CAP", "1h")?,
        check_interval_min: source.duration("CHECK_INTERVAL_MIN", "30s")?,
        check_interval_max: source.duration("CHECK_INTERVAL_MAX", "10m")?,
        opening_grace: source.duration("OPENING_GRACE", "60s")?,
        task_timeout: source.duration("TASK_TIMEOUT", "24h")?,
        flap_window: source.duration("FLAP_WINDOW", "7d")?,
        park_for: source.duration("PARK_FOR", "14d")?,
        reevaluate_interval: source.duration("REEVALUATE_INTERVAL", "6h")?,
        max_attempts: source.number("MAX_ATTEMPTS", 8, 1..=100, "a whole number from 1 to 100")?,
        escalate_above: source.number("ESCALATE_ABOVE", 300, 1..=50_000, "a whole number from 1 to 50000")?,
        most_entries: 5_000,
        flap_limit: source.number("FLAP_LIMIT", 3, 1..=100, "a whole number from 1 to 100")?,
        parallel_deployments: source.number("PARALLEL_DEPLOYMENTS", 10, 1..=30, "a whole number from 1 to 30")?,
        failure_threshold: source.number("FAILURE_THRESHOLD", 1.0, 0.0..=1.0, "a number from 0.0 to 1.0")?,
        guard_rails,
    })
}

impl Default for Policy {
    /// What an empty environment gives.
    fn default() -> Self {
        policy(&Source { lookup: &|_| None }).expect("the defaults are allowed")
    }
}

/// What a secret stands behind: the query of an address with a signature, a member of a connection string, its value, a user's
/// password. No host name and no address that is allowed holds one of them.
const SECRETS_FOLLOW: [char; 5] = ['?', ';', '=', '#', '@'];

/// As much of a wrong value as can be shown: a connection string or an address with a key may have been put there by mistake.
fn shown(value: &str) -> String {
    // A user and a password stand before the sign, and a password may hold any other sign.
    if value.contains('@') {
        return "…".to_owned();
    }
    match value.split_once(SECRETS_FOLLOW) {
        Some((harmless, _)) => format!("{harmless}…"),
        None => value.to_owned(),
    }
}

struct Source<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Source<'_> {
    fn read<T>(
        &self,
        name: &'static str,
        allowed: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        let Some(value) = (self.lookup)(name) else { return Ok(None) };
        match parse(value.trim()) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(SettingError::Wrong { name, value: shown(&value), allowed }),
        }
    }

    fn word<T: Clone>(
        &self,
        name: &'static str,
        default: T,
        words: &[(&str, T)],
        allowed: &'static str,
    ) -> Result<T, SettingError> {
        let parse = |v: &str| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(v)).map(|(_, t)| t.clone());
        Ok(self.read(name, allowed, parse)?.unwrap_or(default))
    }

    fn duration(&self, name: &'static str, default: &str) -> Result<Duration, SettingError> {
        let parsed = self.read(name, DURATION, |v| humantime::parse_duration(v).ok().filter(|d| *d <= LONGEST))?;
        Ok(parsed.unwrap_or_else(|| humantime::parse_duration(default).expect("the defaults are durations")))
    }

    fn number<T: std::str::FromStr + PartialOrd>(
        &self,
        name: &'static str,
        default: T,
        range: std::ops::RangeInclusive<T>,
        allowed: &'static str,
    ) -> Result<T, SettingError> {
        Ok(self.read(name, allowed, |v| v.parse().ok().filter(|n| range.contains(n)))?.unwrap_or(default))
    }

    fn namespace(&self, name: &'static str) -> Result<Url, SettingError> {
        const ALLOWED: &str = "a host name such as NAME.servicebus.windows.net, with or without a port";
        let is_host = |v: &str| !v.contains(['/', '\\']) && !v.contains(SECRETS_FOLLOW);
        let parse = |v: &str| {
            Some(v).filter(|v| is_host(v)).and_then(|v| Url::parse(&format!("https://{v}")).ok()).filter(Url::has_host)
        };
        self.read(name, ALLOWED, parse)?.ok_or(SettingError::Missing { name, allowed: ALLOWED })
    }

    fn https(&self, name: &'static str, default: Option<&str>) -> Result<Url, SettingError> {
        const ALLOWED: &str = "an https address without a user, a key or a query";
        let is_plain = |u: &Url| u.scheme() == "https" && u.has_host();
        let parse =
            |v: &str| Some(v).filter(|v| !v.contains(SECRETS_FOLLOW)).and_then(|v| Url::parse(v).ok()).filter(is_plain);
        match (self.read(name, ALLOWED, parse)?, default) {
            (Some(url), _) => Ok(url),
            (None, Some(default)) => Ok(Url::parse(default).expect("the clouds' addresses are URLs")),
            (None, None) => Err(SettingError::Missing { name, allowed: ALLOWED }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &str)]) -> Result<Settings, SettingError> {
        let base = [
            ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net:5671"),
            ("STATE_BLOB_ENDPOINT", "https://a.blob.core.windows.net"),
        ];
        settings(|name| changes.iter().chain(&base).find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.policy.mode, Mode::Plan);
        assert_eq!(settings.policy.settle_delay, Duration::from_secs(600));
        assert_eq!(settings.policy.park_for, Duration::from_secs(14 * 86_400));
        assert_eq!(settings.invocation_budget, Duration::from_secs(150));
        assert_eq!(settings.service_bus.as_str(), "https://ns.servicebus.windows.net:5671/");
        assert_eq!(settings.resource_manager_audience, "https://management.azure.com/.default");
    }

    #[test]
    fn a_wrong_value_is_named_with_what_is_allowed() {
        for (name, value) in [
            ("REMEDIATION_MODE", "go"),
            ("SETTLE_DELAY", "ten"),
            ("FLAP_WINDOW", "10000y"),
            ("FACTS_TTL", "3650d 1s"),
            ("BACKOFF_CAP", "99999999999999999999s"),
            ("MAX_ATTEMPTS", "0"),
            ("FAILURE_THRESHOLD", "NaN"),
            ("PARALLEL_DEPLOYMENTS", "31"),
            ("AZURE_CLOUD", "mars"),
            ("RESOURCE_MANAGER_ENDPOINT", "http://localhost"),
            ("ServiceBus__fullyQualifiedNamespace", "a b"),
            ("ServiceBus__fullyQualifiedNamespace", "https://ns.servicebus.windows.net"),
            ("ServiceBus__credential", "key"),
            ("EXCLUDE_ASSIGNMENTS", "a["),
            ("EXCLUDE_SCOPES", "/providers/x"),
            ("REMEDIATE_DO_NOT_ENFORCE", "perhaps"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} is {value:?}; allowed is ")), "{error}");
        }
        assert_eq!(with(&[("PARK_FOR", "3650d")]).unwrap().policy.park_for, LONGEST);
        let missing = settings(|_| None).unwrap_err();
        assert!(missing.to_string().contains("ServiceBus__fullyQualifiedNamespace is not set"));
    }

    #[test]
    fn a_secret_that_was_put_into_a_setting_is_refused_and_not_shown() {
        let (bus, blob) = ("ServiceBus__fullyQualifiedNamespace", "STATE_BLOB_ENDPOINT");
        for (name, value, shown) in [
            (bus, "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=secret", "Endpoint…"),
            (bus, "ns.servicebus.windows.net;SharedAccessKey=secret", "ns.servicebus.windows.net…"),
            (bus, "user:secret@ns.servicebus.windows.net", "…"),
            (blob, "https://a?sig=secret", "https://a…"),
            (blob, "https://a#secret", "https://a…"),
            (blob, "https://a.blob.core.windows.net/;AccountKey=secret", "https://a.blob.core.windows.net/…"),
            (blob, "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=secret", "DefaultEndpointsProtocol…"),
            (blob, "https://user:secret@host", "…"),
            (blob, "https://:secret@host", "…"),
            (blob, "https://user:se?secret@host", "…"),
            ("RESOURCE_MANAGER_ENDPOINT", "https://user:secret;secret@host", "…"),
            ("SETTLE_DELAY", "sv=2026&sig=secret", "sv…"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} is {shown:?}; allowed is ")), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_empty_setting_counts_as_unset() {
        assert_eq!(with(&[("MAX_ATTEMPTS", ""), ("AZURE_CLIENT_ID", " ")]).unwrap().client_id, None);
    }
}
