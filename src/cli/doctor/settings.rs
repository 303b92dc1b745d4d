//! The settings as they are given, and the functions of a package.

use std::path::Path;

use policy_remediator::functions::FUNCTIONS;
use remediation::report::doctor::{Finding, Level};
use remediation::settings::{Mode, Settings};

use crate::cli::operator::Variables;

const CHECK: &str = "settings";
/// Names that begin so are the platform's or its tools', and no settings that were misspelt.
const OTHERS: [&str; 15] = [
    "FUNCTION_APP_",
    "AZURE_",
    "WEBSITE_",
    "FUNCTIONS_",
    "APPSETTING_",
    "AZUREWEBJOBS",
    "APPLICATIONINSIGHTS_",
    "APPINSIGHTS_",
    "IDENTITY_",
    "MSI_",
    "SERVICE_",
    "EVENT_",
    "SERVICEBUS_",
    "SCM_",
    "LOG_ANALYTICS_",
];

/// Reads the settings, and finds what is wrong with them; none where the worker would not start.
pub(super) fn look(variables: &Variables, findings: &mut Vec<Finding>) -> Option<Settings> {
    let unknown: Vec<_> = variables.unknown().filter(|name| !is_others(name)).collect();
    if !unknown.is_empty() {
        findings.push(Finding::of(
            CHECK,
            Level::Note,
            format!("no settings of the worker, and not read: {}", unknown.join(", ")),
            "Take them out where they were meant for the worker; docs/settings.md has the names.",
        ));
    }
    let settings = match variables.settings() {
        Ok(settings) => settings,
        Err(error) => {
            findings.push(Finding::of(
                CHECK,
                Level::Error,
                format!("the worker does not start with these settings: {error}"),
                "Correct that setting; docs/settings.md says what is allowed. Without any: --env-file FILE names the installation.",
            ));
            return None;
        }
    };
    findings.push(Finding::ok(CHECK, "the worker starts with these settings"));
    findings.push(match settings.tuning.mode {
        Mode::Plan => Finding::of(
            CHECK,
            Level::Note,
            "REMEDIATION_MODE is plan: everything is decided and logged, and nothing is opened",
            "Set REMEDIATION_MODE=act once the plans are what you want.",
        ),
        mode => Finding::ok(CHECK, format!("REMEDIATION_MODE is {}", mode.as_str())),
    });
    Some(settings)
}

fn is_others(name: &str) -> bool {
    let folded = name.to_ascii_uppercase();
    OTHERS.iter().any(|start| folded.starts_with(start))
}

/// Whether the package holds all functions.
pub(super) fn package(folder: &Path) -> Vec<Finding> {
    const CHECK: &str = "package";
    let missing: Vec<_> =
        FUNCTIONS.into_iter().filter(|name| !folder.join(name).join("function.json").is_file()).collect();
    let mut findings = Vec::new();
    if !missing.is_empty() {
        findings.push(Finding::of(
            CHECK,
            Level::Error,
            format!("{} lacks the functions {}", folder.display(), missing.join(", ")),
            "Package the app anew: each folder of functions/ lies beside host.json.",
        ));
    }
    if !folder.join("host.json").is_file() {
        let what = format!("{} has no host.json", folder.display());
        findings.push(Finding::of(
            CHECK,
            Level::Error,
            what,
            "Name the folder that is deployed, or package the app anew.",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} holds all {} functions", folder.display(), FUNCTIONS.len())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_lacks_what_is_not_in_it() {
        let found = package(Path::new("functions"));
        assert!(found.len() == 1 && found[0].what.contains("host.json"), "{found:?}");
        let found = package(Path::new("src"));
        assert!(found.iter().any(|finding| finding.what.contains("remediate")), "{found:?}");
    }

    #[test]
    fn what_azd_writes_beside_the_settings_is_not_complained_of() {
        for name in ["AZURE_ENV_NAME", "SERVICE_WORKER_NAME", "EVENT_TOPIC_IDS", "AzureWebJobsStorage__accountName"] {
            assert!(is_others(name), "{name}");
        }
        assert!(!is_others("SETTLEDELAY") && !is_others("MY_SETTING"));
    }
}
