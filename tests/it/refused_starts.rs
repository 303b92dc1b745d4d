//! Settings that cannot be what was meant: the worker does not start, and says why in one line.

use std::process::{Command, Output};

use serde_json::Value;

const GOOD: [(&str, &str); 3] = [
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
    ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net"),
    ("STATE_BLOB_ENDPOINT", "https://account.blob.core.windows.net"),
];

fn start(changes: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.env_clear().envs(GOOD).envs(changes.iter().copied()).output().unwrap()
}

/// The reason of a start that is refused with these settings.
fn reason(changes: &[(&str, &str)]) -> String {
    let ended = start(changes);
    assert_eq!(ended.status.code(), Some(1), "{changes:?}: {}", String::from_utf8_lossy(&ended.stderr));
    assert!(ended.stdout.is_empty(), "{changes:?}");
    let words = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(words.trim_end().lines().count(), 1, "{words}");
    let line: Value = serde_json::from_str(&words).unwrap();
    assert_eq!((&line["event"], &line["level"]), (&"start_failed".into(), &"ERROR".into()));
    line["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_park_of_no_time_is_refused() {
    assert!(reason(&[("PARK_FOR", "0s")]).starts_with("PARK_FOR is \"0s\"; allowed is a duration such as"));
}

#[test]
fn plan_mode_with_no_interval_is_refused() {
    let words = reason(&[("CHECK_INTERVAL_MAX", "0s"), ("REMEDIATION_MODE", "plan")]);
    assert!(words.starts_with("CHECK_INTERVAL_MAX is \"0s\"; allowed is a duration such as"), "{words}");
}

#[test]
fn what_cannot_be_what_was_meant_stops_the_start_with_its_name_its_value_and_what_is_allowed() {
    for (name, value, words) in [
        ("OPENING_GRACE", "99ms", "of 100ms at least"),
        ("CHECK_INTERVAL_MIN", "11m", "at most CHECK_INTERVAL_MAX, which is 10m"),
        ("BACKOFF_BASE", "2h", "at most BACKOFF_CAP, which is 1h"),
        ("INVOCATION_BUDGET", "5m", "4m at most"),
        ("RUST_LOG", "inof", "inof is no level"),
        ("RUST_LOG", "policy_remediator=loud", "a level, or a target with its level"),
        ("INCLUDE_ASSIGNMENTS", "", "unset it, or set it to *"),
        ("EXCLUDE_RESOURCE_TYPES", "storageAccounts", "can never match"),
        ("EXCLUDE_RESOURCE_TYPES", "Microsoft.Sql/servers/", "can never match"),
        ("EXCLUDE_SCOPES", "subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322", "can never match"),
        ("EXCLUDE_ASSIGNMENTS", "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322", "can never match"),
        ("EXCLUDE_ASSIGNMENTS", "Deploy-{logs,tags", "cannot be read"),
        ("REMEDIATION_MODE", "approved", "plan, approve or act"),
        ("FIRST_STEPS", "10,1", "none smaller than the one before"),
        ("MAX_RESOURCES_PER_DAY", "0", "none, or a whole number from 1 on"),
        ("CHANGE_WINDOW", "Mon-Fry 20:00-06:00", "is no day"),
        ("CHANGE_WINDOW", "20:00-06:00 Europe/Berln", "is Europe/Berlin meant?"),
        ("SWEEP_SCOPES", "/subscriptions/x", "allowed is none, or ids of management groups"),
        ("SSL_CERT_FILE", "Cargo.toml", "holds no certificate"),
        ("SSL_CERT_FILE", "nowhere.pem", "cannot be read"),
    ] {
        let told = reason(&[(name, value)]);
        assert!(told.contains(&format!("{name} is {value:?}")) && told.contains(words), "{told}");
    }
}

#[test]
fn a_misspelt_setting_stops_the_start_and_what_is_the_platforms_does_not() {
    let told = reason(&[("EXCLUDE_SCOPE", "*-prod")]);
    assert!(told.contains("EXCLUDE_SCOPE\" is not a setting, but EXCLUDE_SCOPES is"), "{told}");
    let platform =
        [("AZURE_CLIENT_IDS", "x"), ("WEBSITE_MAX", "1"), ("APPSETTING_EXCLUDE_SCOPE", "x"), ("SSL_CERT_DIR", "x")];
    // It goes on to what is wrong besides.
    let told = reason(&[&platform[..], &[("SETTLE_DELAY", "soon")]].concat());
    assert!(told.starts_with("SETTLE_DELAY is \"soon\""), "{told}");
}

#[test]
fn why_it_cannot_start_is_told_even_where_the_filter_says_nothing() {
    assert!(reason(&[("RUST_LOG", "off"), ("PARK_FOR", "0s")]).starts_with("PARK_FOR"));
}
