//! Names that look like a setting's and are none. `EXCLUDE_SCOPE` would protect nothing and nobody would notice; so it stops the
//! start. What a platform may add tomorrow is never judged: it must not stop production.

use crate::settings::table;

/// Most differences of a name that is taken for misspelt.
const NEAR: usize = 2;
/// Shorter names are near to too much.
const LONG_ENOUGH: usize = 8;
/// What begins so is meant for this worker.
const OURS: [&str; 5] = ["INCLUDE_", "EXCLUDE_", "REMEDIA", "ACT_", "MAX_"];
/// What begins so is the platform's.
const THEIRS: [&str; 5] = ["AZURE_", "WEBSITE_", "FUNCTIONS_", "APPSETTING_", "AZUREWEBJOBS"];

/// The setting that the name of an environment variable was probably meant to be; none for a setting's own name, and for what
/// has nothing to do with this worker.
#[must_use]
pub fn meant(name: &str) -> Option<&'static str> {
    let plain = name.trim().to_ascii_uppercase().replace(['-', '.'], "_");
    if table::find(name).is_some() || THEIRS.iter().any(|theirs| plain.starts_with(theirs)) {
        return None;
    }
    let distance = |known: &str| strsim::levenshtein(&known.to_ascii_uppercase(), &plain);
    let names = || table::all().map(|setting| setting.name);
    let ours = OURS.iter().find(|ours| plain.starts_with(*ours));
    let (near, kin) = (
        names().filter(|known| known.len() >= LONG_ENOUGH && distance(known) <= NEAR),
        names().filter(|known| ours.is_some_and(|ours| known.starts_with(ours))),
    );
    near.min_by_key(|known| distance(known)).or_else(|| kin.min_by_key(|known| distance(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_known_by_the_setting_it_was_meant_to_be() {
        for (name, expected) in [
            ("EXCLUDE_SCOPE", "EXCLUDE_SCOPES"),
            ("EXCLUDE_SCOPES ", "EXCLUDE_SCOPES"),
            ("exclude_scopes", "EXCLUDE_SCOPES"),
            ("EXCLUDE-SCOPES", "EXCLUDE_SCOPES"),
            ("EXLCUDE_SCOPES", "EXCLUDE_SCOPES"),
            ("EXCLUDE_RESOURCES", "EXCLUDE_RESOURCE_TYPES"),
            ("EXCLUDED_RESOURCE_TYPES", "EXCLUDE_RESOURCE_TYPES"),
            ("INCLUDE_POLICIES", "INCLUDE_ASSIGNMENTS"),
            ("REMEDIATE_MODE", "REMEDIATION_MODE"),
            ("REMEDIATION", "REMEDIATION_MODE"),
            ("ACT_ON", "ACT_BY"),
            ("MAX_TASKS", "MAX_ATTEMPTS"),
            ("SETTLE_DELAYS", "SETTLE_DELAY"),
            ("ServiceBus_fullyQualifiedNamespace", "ServiceBus__fullyQualifiedNamespace"),
            ("PARK_FR", "PARK_FOR"),
        ] {
            assert_eq!(meant(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_not_meant_for_the_worker_is_not_judged() {
        let ours = table::all().map(|setting| setting.name);
        let theirs = [
            "AZURE_CLIENT_IDS",
            "AZURE_CLOUDS",
            "WEBSITE_SITE_NAME",
            "FUNCTIONS_CUSTOMHANDLER_PORT",
            "FUNCTIONS_EXTENSION_VERSION",
            "APPSETTING_EXCLUDE_SCOPE",
            "AzureWebJobsStorage__accountName",
            "AzureWebJobsServiceBus",
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "MSI_ENDPOINT",
            "MSI_SECRET",
            "SSL_CERT_DIR",
            "RUST_BACKTRACE",
            "RUST_LIB_BACKTRACE",
            "PATH",
            "HOME",
            "TMPDIR",
            "HOSTNAME",
            "CONTAINER_NAME",
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            "APPINSIGHTS_INSTRUMENTATIONKEY",
            "SCM_DO_BUILD_DURING_DEPLOYMENT",
            "ORYX_ENV_TYPE",
            "DOTNET_RUNNING_IN_CONTAINER",
            "ARM_TENANT_ID",
            "ARM_CLIENT_ID",
            "ServiceBus__tenantId",
            "ServiceBus__clientSecret",
            "HTTP_PROXY",
            "LD_LIBRARY_PATH",
            "ASPNETCORE_URLS",
            "SWEEP",
        ];
        for name in ours.chain(theirs) {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
