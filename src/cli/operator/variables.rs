//! The names and values that count as the worker's settings for a command: a file's, or those of the environment. A file stands for
//! the whole of an installation, so nothing of the environment is mixed into it but the authorities that this machine trusts.

use std::collections::BTreeMap;

use policy_remediator::settings;
use remediation::id::ArmId;
use remediation::settings::{SettingError, Settings, name_of_setting};

use super::env_file;
use super::environment::environment;
use super::login::Login;

const NAMESPACE: &str = "ServiceBus__fullyQualifiedNamespace";
const STORAGE: &str = "STATE_BLOB_ENDPOINT";
const CA_FILE: &str = "SSL_CERT_FILE";
/// The function app: its id, as the deployment tells it, or what its own environment says of it (Microsoft documentation, "Environment
/// variables and app settings reference": the owner's name begins with the subscription).
const APP: [&str; 4] = ["FUNCTION_APP_ID", "WEBSITE_OWNER_NAME", "WEBSITE_RESOURCE_GROUP", "WEBSITE_SITE_NAME"];
/// In place of a service that a command does not ask; no such name resolves anywhere (RFC 2606).
const NOWHERE: [(&str, &str); 2] = [(NAMESPACE, "unset.invalid"), (STORAGE, "https://unset.invalid")];

/// Settings as they were given, and as whom to use them.
#[derive(Debug, Clone)]
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
    app: Option<ArmId>,
    pub(super) login: Login,
}

impl Variables {
    /// Those of this process. In a person's environment not every name is meant for the worker: only settings count.
    pub(super) fn of_environment() -> Self {
        let values = environment().filter(|(name, _)| name_of_setting(name).is_some()).collect();
        let around = environment().filter(|(name, _)| APP.contains(&name.as_str())).collect();
        Self { values, app: app(&around), login: Login::of_environment() }
    }

    /// Those of a file.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub(super) fn of_file(text: &str) -> anyhow::Result<Self> {
        let mut values: BTreeMap<String, String> = env_file::read(text)?.into_iter().collect();
        if let (None, Some((name, trusted))) = (values.get(CA_FILE), environment().find(|(name, _)| name == CA_FILE)) {
            values.insert(name, trusted);
        }
        Ok(Self { app: app(&values), values, login: Login::of_environment() })
    }

    /// These, used by this login.
    #[cfg(feature = "local")]
    pub(super) fn of(values: BTreeMap<String, String>, login: Login) -> Self {
        Self { app: app(&values), values, login }
    }

    /// The names that are given and are no settings of the worker's. Of the environment of a person there are none: of that, only
    /// settings count.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str).filter(|name| name_of_setting(name).is_none())
    }

    /// The function app, where something says which it is.
    pub(crate) fn app(&self) -> Option<ArmId> {
        self.app.clone()
    }

    /// Whether a setting is given.
    fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.trim().is_empty())
    }

    /// Whether the storage account of the state is given.
    pub(crate) fn has_storage(&self) -> bool {
        self.has(STORAGE)
    }

    /// The settings.
    ///
    /// # Errors
    /// The first one that is missing, wrong or misspelt.
    pub(crate) fn settings(&self) -> Result<Settings, SettingError> {
        settings::settings(self.values.clone())
    }

    /// The same for who asks neither storage nor Service Bus where they are not given.
    ///
    /// # Errors
    /// The first one that is wrong or misspelt.
    pub(crate) fn settings_without_services(&self) -> Result<Settings, SettingError> {
        let nowhere = NOWHERE.into_iter().filter(|(name, _)| !self.has(name));
        let nowhere = nowhere.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings::settings(self.values.clone().into_iter().chain(nowhere).collect::<BTreeMap<_, _>>())
    }
}

fn app(values: &BTreeMap<String, String>) -> Option<ArmId> {
    let [id, owner, group, site] = APP.map(|name| values.get(name).map(String::as_str).filter(|it| !it.is_empty()));
    if let Some(id) = id {
        return id.parse().ok();
    }
    let (owner, group, site) = (owner?.split('+').next()?, group?, site?);
    format!("/subscriptions/{owner}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_named_by_its_deployment_or_by_its_own_environment() {
        let of = |text: &str| Variables::of_file(text).unwrap().app().map(|id| id.as_str().to_owned());
        assert_eq!(of("FUNCTION_APP_ID=/subscriptions/S/x"), Some("/subscriptions/s/x".to_owned()));
        let inside = "WEBSITE_OWNER_NAME=S+group-region\nWEBSITE_RESOURCE_GROUP=G\nWEBSITE_SITE_NAME=App";
        assert_eq!(of(inside), Some("/subscriptions/s/resourcegroups/g/providers/microsoft.web/sites/app".to_owned()));
        assert_eq!((of("WEBSITE_SITE_NAME=App"), of("FUNCTION_APP_ID=")), (None, None));
    }

    #[test]
    fn a_file_is_judged_as_an_app_is_and_a_missing_service_is_no_obstacle_to_who_does_not_ask_it() {
        let read = |text: &str| Variables::of_file(text).unwrap();
        let misspelt = read("EXCLUDE_SCOPE=/x").settings_without_services().unwrap_err();
        assert!(misspelt.to_string().contains("EXCLUDE_SCOPES"), "{misspelt}");
        let none = read("REMEDIATION_MODE=act\nAZURE_ENV_NAME=x");
        assert!(!none.has_storage() && none.settings().is_err());
        let settings = none.settings_without_services().unwrap();
        assert_eq!(settings.state_blob_endpoint.host_str(), Some("unset.invalid"));
        let both = read("STATE_BLOB_ENDPOINT=https://a.example\nServiceBus__fullyQualifiedNamespace=b.example");
        assert!(both.has_storage());
        assert_eq!(both.settings_without_services().unwrap().service_bus.host_str(), Some("b.example"));
    }
}
