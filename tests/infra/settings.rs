//! The app settings are those that host and worker read, with values that the worker takes.

use std::collections::{BTreeMap, BTreeSet};

use remediation::settings::{Mode, settings};

use crate::snapshot::{WORKERS, only, text};

/// What the Functions host and its extensions read.
const OF_THE_HOST: [&str; 5] = [
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
];

/// What Flex Consumption refuses, by the beginning of the name.
const REFUSED: [&str; 7] = [
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_EXTENSION_VERSION",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_CONTENT",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "ENABLE_ORYX_BUILD",
    "WEBSITE_TIME_ZONE",
];

/// What only Azure knows stands in a snapshot as an expression; a value of the same form stands in for it.
const STAND_INS: [(&str, &str); 5] = [
    ("AZURE_CLOUD", "public"),
    ("AZURE_CLIENT_ID", "77777777-7777-7777-7777-777777777777"),
    ("ServiceBus__clientId", "77777777-7777-7777-7777-777777777777"),
    ("ServiceBus__fullyQualifiedNamespace", "sb-name.servicebus.windows.net"),
    ("STATE_BLOB_ENDPOINT", "https://stname.blob.core.windows.net/"),
];

fn app_settings(name: &str) -> BTreeMap<String, String> {
    let config = only(name, "Microsoft.Web/sites/config");
    assert_eq!(config["name"].as_str().unwrap().rsplit('/').next(), Some("appsettings"));
    let of = config["properties"].as_object().unwrap().clone();
    of.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

/// The rows of docs/settings.md, which a test of the core holds to the table in the code.
fn known() -> BTreeMap<String, String> {
    let document = text("docs/settings.md");
    let rows = document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()?.to_owned()))
    });
    rows.collect()
}

#[test]
pub(crate) fn every_setting_is_read_by_somebody_and_what_must_be_set_is() {
    let known = known();
    assert!(known.len() > 40, "the document is read: {}", known.len());
    let required: BTreeSet<_> =
        known.iter().filter(|(_, default)| *default == "required").map(|(name, _)| name).collect();
    for name in WORKERS {
        let set = app_settings(name);
        for setting in set.keys() {
            let is_read = known.contains_key(setting) || OF_THE_HOST.contains(&setting.as_str());
            assert!(is_read, "{name}: nobody reads {setting}");
            assert!(
                !REFUSED.iter().any(|begin| setting.starts_with(begin)),
                "{name}: Flex Consumption refuses {setting}"
            );
        }
        for setting in &required {
            assert!(set.contains_key(*setting), "{name}: {setting} is not set");
        }
        for setting in OF_THE_HOST {
            assert!(set.contains_key(setting), "{name}: {setting} is not set");
        }
    }
}

#[test]
pub(crate) fn the_worker_takes_the_values_and_plans_by_default() {
    for name in ["default", "private-network", "to-function"] {
        let mut set = app_settings(name);
        for (setting, value) in STAND_INS {
            let expression = set.insert(setting.to_owned(), value.to_owned());
            assert!(expression.is_some_and(|text| text.starts_with('[')), "{name}: {setting} needs no stand-in");
        }
        let read = settings(set).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.tuning.mode, Mode::Plan, "{name}");
    }
}

#[test]
pub(crate) fn parameters_win_over_further_settings_and_blank_ones_are_not_set() {
    let all = app_settings("all-options");
    assert_eq!((all["REMEDIATION_MODE"].as_str(), all["MAX_ATTEMPTS"].as_str()), ("act", "5"));
    assert_eq!(all["EXCLUDE_SCOPES"], "/subscriptions/*/resourceGroups/frozen-*");
    let default = app_settings("default");
    for guard_rail in ["EXCLUDE_ASSIGNMENTS", "EXCLUDE_SCOPES", "EXCLUDE_RESOURCE_TYPES", "GRANT_ROLES"] {
        assert!(!default.contains_key(guard_rail), "{guard_rail}");
    }
    assert_eq!(default["INCLUDE_ASSIGNMENTS"], "*");
    assert!(default.values().all(|value| !value.is_empty()), "{default:?}");
}

#[test]
pub(crate) fn no_value_is_a_key() {
    for name in WORKERS {
        for (setting, value) in app_settings(name) {
            let lower = value.to_lowercase();
            assert!(
                !lower.contains("listkeys") && !lower.contains("accountkey") && !lower.contains("sharedaccess"),
                "{name}: {setting}"
            );
        }
    }
}
