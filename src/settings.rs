//! The settings of this process, from its environment.

use std::ffi::OsString;

use remediation::settings::{SettingError, Settings};

use crate::telemetry;

/// Reads all settings from these names and values.
///
/// # Errors
/// The first setting that is missing, wrong or misspelt.
pub fn settings<N: Into<OsString>, V: Into<OsString>>(
    variables: impl IntoIterator<Item = (N, V)>,
) -> Result<Settings, SettingError> {
    let settings = remediation::settings::settings(variables)?;
    let filter = &settings.log_filter;
    telemetry::check(filter).map_err(|why| SettingError::of_log_filter(filter, why))?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_stops_the_start_and_shows_no_secret() {
        for (filter, shown) in [
            ("inof", "inof"),
            ("AccountKey=secretsecretsecretsecretsecretsecretsecret", "AccountKey…"),
            ("Endpoint=sb://a;SharedAccessKey=secret", "Endpoint…"),
        ] {
            let error = settings([
                ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net"),
                ("STATE_BLOB_ENDPOINT", "https://a.blob.core.windows.net"),
                ("RUST_LOG", filter),
            ]);
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(&format!("RUST_LOG is {shown:?}; allowed is ")), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
