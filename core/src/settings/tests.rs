//! What an environment becomes, or why it stops the start.

use super::*;

fn with(changes: &[(&str, &str)]) -> Result<Settings, SettingError> {
    let base = [
        ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net:5671"),
        ("STATE_BLOB_ENDPOINT", "https://a.blob.core.windows.net"),
    ];
    settings(base.iter().chain(changes).copied())
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let settings = with(&[]).unwrap();
    assert_eq!(settings.tuning.mode, Mode::Plan);
    assert_eq!(settings.tuning.settle_delay, Duration::from_secs(600));
    assert_eq!(settings.tuning.park_for, Duration::from_secs(14 * 86_400));
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
        ("SETTLE_DELAY", "-1s"),
        ("COALESCE_WINDOW", "5"),
        ("PARK_FOR", "0s"),
        ("BACKOFF_BASE", "0ms"),
        ("BACKOFF_CAP", "1ns"),
        ("CHECK_INTERVAL_MAX", "0s"),
        ("CHECK_INTERVAL_MIN", "0 s"),
        ("TASK_TIMEOUT", "999us"),
        ("FLAP_WINDOW", "0d"),
        ("FACTS_TTL", "0h"),
        ("REEVALUATE_INTERVAL", "0s"),
        ("OPENING_GRACE", "99ms"),
        ("INVOCATION_BUDGET", "241s"),
        ("INVOCATION_BUDGET", "0s"),
        ("MAX_ATTEMPTS", "1.5"),
        ("FAILURE_THRESHOLD", "1.1"),
        ("REMEDIATION_MODE", "approved"),
        ("FIRST_STEPS", "10,1"),
        ("FIRST_STEPS", "0"),
        ("FIRST_STEPS", "1,"),
        ("MAX_RESOURCES_PER_DAY", "many"),
        ("MAX_RESOURCES_PER_HOUR", "0"),
        ("ACT_ASSIGNMENTS", "a["),
        ("ACT_BY", "people"),
        ("CHANGE_WINDOW", "Mon-Fry; Sat"),
        ("GRANT_ROLES", "Contributor"),
        ("VERIFY_STEPS", "maybe"),
        ("KEEP_TASKS_FOR", "0s"),
        ("KEEP_TASKS_FOR", "never"),
        ("SWEEP_SCOPES", "/subscriptions/x"),
        ("BREAKER_FAILURES", "50"),
        ("STEP_SOAK", "soon"),
        ("INSTALLATION_ID", "nine-more"),
        ("HOME_TENANT_ID", "ours/theirs"),
        ("SERVICEBUS_RESOURCE_ID", "/subscriptions/x"),
        ("EXCLUDE_ASSIGNMENTS", "a["),
        ("EXCLUDE_RESOURCE_TYPES", "storageAccounts"),
        ("INCLUDE_ASSIGNMENTS", ""),
        ("INCLUDE_ASSIGNMENTS", ", ,"),
        ("ACT_ASSIGNMENTS", ""),
        ("CHANGE_WINDOW", ""),
        ("EXCLUDE_SCOPES", "/providers/x"),
        ("REMEDIATE_DO_NOT_ENFORCE", "perhaps"),
    ] {
        let error = with(&[(name, value)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} is {value:?}; allowed is ")), "{error}");
    }
    assert_eq!(with(&[("PARK_FOR", "3650d")]).unwrap().tuning.park_for, form::LONGEST);
    let missing = settings::<&str, &str>([]).unwrap_err();
    assert!(missing.to_string().contains("ServiceBus__fullyQualifiedNamespace is not set"));
}

#[test]
fn a_storage_account_is_the_same_with_and_without_a_slash_at_the_end_of_its_address() {
    for (given, read) in [
        ("https://a.blob.core.windows.net", "https://a.blob.core.windows.net/"),
        ("https://a.blob.core.windows.net/", "https://a.blob.core.windows.net/"),
        ("https://127.0.0.1:10000/account", "https://127.0.0.1:10000/account"),
        ("https://127.0.0.1:10000/account/", "https://127.0.0.1:10000/account"),
        ("https://127.0.0.1:10000/account//", "https://127.0.0.1:10000/account"),
    ] {
        let settings = with(&[("STATE_BLOB_ENDPOINT", given)]).unwrap();
        assert_eq!(settings.state_blob_endpoint.as_str(), read, "{given}");
    }
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
        ("EXCLUDE_SCOPES", "https://a?sig=secret", "https://a…"),
        ("EXCLUDE_ASSIGNMENTS", "/Endpoint=sb://a;SharedAccessKey=secret", "/Endpoint…"),
        ("EXCLUDE_RESOURCE_TYPES", "user:secret@host", "…"),
    ] {
        let error = with(&[(name, value)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} is {shown:?}; allowed is ")), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn an_empty_setting_counts_as_unset() {
    assert_eq!(with(&[("MAX_ATTEMPTS", ""), ("AZURE_CLIENT_ID", " ")]).unwrap().client_id, None);
    let blank = with(&[("EXCLUDE_SCOPES", " ,\n"), ("FIRST_STEPS", ""), ("REMEDIATION_MODE", " ")]).unwrap();
    assert_eq!((blank.tuning.mode, blank.told), (Mode::Plan, with(&[]).unwrap().told));
}

#[test]
fn every_setting_can_be_set_to_its_default_and_that_changes_nothing() {
    for known in table::all() {
        if let table::Unset::Value(value) | table::Unset::Open(value) = known.default {
            let told = with(&[(known.name, value)]).unwrap().told;
            assert_eq!(told, with(&[]).unwrap().told, "{}", known.name);
        }
    }
    let id = "/subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ServiceBus/namespaces/NAME";
    for (name, value) in [
        ("SERVICEBUS_RESOURCE_ID", id),
        ("INSTALLATION_ID", "prod01"),
        ("HOME_TENANT_ID", "35ee058e-5fa0-414c-8145-3ebb8d09b6e2"),
        ("VERIFY_AFTER", "1d"),
        ("INVOCATION_BUDGET", "4m"),
        ("OPENING_GRACE", "100ms"),
    ] {
        assert!(with(&[(name, value)]).is_ok(), "{name}");
    }
}

#[test]
fn what_must_not_be_larger_is_held_to_what_the_other_is_even_by_default() {
    for (set, expected) in [
        (
            vec![("CHECK_INTERVAL_MIN", "11m")],
            "CHECK_INTERVAL_MIN is \"11m\"; allowed is at most CHECK_INTERVAL_MAX, which is 10m",
        ),
        (
            vec![("CHECK_INTERVAL_MAX", "100ms")],
            "CHECK_INTERVAL_MIN is \"30s\"; allowed is at most CHECK_INTERVAL_MAX, which is 100ms",
        ),
        (
            vec![("BACKOFF_BASE", "2s"), ("BACKOFF_CAP", "1s")],
            "BACKOFF_BASE is \"2s\"; allowed is at most BACKOFF_CAP, which is 1s",
        ),
    ] {
        assert_eq!(with(&set).unwrap_err().to_string(), expected);
    }
    assert!(with(&[("CHECK_INTERVAL_MIN", "100ms"), ("CHECK_INTERVAL_MAX", "100ms")]).is_ok());
}

#[test]
fn a_misspelt_name_stops_the_start_whatever_its_value() {
    for value in ["", "*-prod"] {
        let error = with(&[("EXCLUDE_SCOPE", value)]).unwrap_err().to_string();
        assert_eq!(error, "\"EXCLUDE_SCOPE\" is not a setting, but EXCLUDE_SCOPES is; correct the name, or unset it");
    }
    let colon = [("ServiceBus:clientId", "mine"), ("APPSETTING_EXCLUDE_SCOPE", "x"), ("EDITOR", "vi")];
    assert_eq!(with(&colon).unwrap().service_bus_client_id.as_deref(), Some("mine"));
}

#[cfg(unix)]
#[test]
fn a_guard_rail_that_is_not_text_is_not_taken_for_unset() {
    use std::os::unix::ffi::OsStringExt;
    let latin = OsString::from_vec(b"*/resourceGroups/RG-M\xDCNCHEN".to_vec());
    let error = settings([(OsString::from("EXCLUDE_SCOPES"), latin.clone())]).unwrap_err();
    assert_eq!(error.to_string(), "EXCLUDE_SCOPES is not UTF-8 text");
    let elsewhere = [(OsString::from("LS_COLORS"), latin)];
    assert!(matches!(settings(elsewhere).unwrap_err(), SettingError::Missing { .. }));
}

#[test]
fn the_log_is_told_the_guard_rails_in_full_and_what_is_not_the_default() {
    let told = with(&[
        ("EXCLUDE_SCOPES", "*-prod;\n*/rg?"),
        ("SETTLE_DELAY", "10m"),
        ("BACKOFF_CAP", "2h"),
        ("RUST_LOG", "debug"),
        ("AZURE_CLIENT_ID", "id;secret"),
    ]);
    let Told { guard_rails, changed } = told.unwrap().told;
    let rails = "INCLUDE_ASSIGNMENTS=* | EXCLUDE_ASSIGNMENTS=none | EXCLUDE_SCOPES=*-prod; */rg? | EXCLUDE_RESOURCE_TYPES=none | REMEDIATE_DO_NOT_ENFORCE=false";
    assert_eq!(guard_rails, rails);
    let all = "ServiceBus__fullyQualifiedNamespace=ns.servicebus.windows.net:5671 | STATE_BLOB_ENDPOINT=https://a.blob.core.windows.net | AZURE_CLIENT_ID=id… | BACKOFF_CAP=2h | RUST_LOG=debug";
    assert_eq!(changed, all);
}
