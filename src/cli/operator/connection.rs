//! An installation as a command reaches it: the worker's own clients, with the worker's settings and somebody else's login.

use std::time::Duration;

use anyhow::Context;
use policy_remediator::app::App;
use policy_remediator::azure::http_client;
use remediation::settings::Settings;

use super::login::Login;
use super::variables::Variables;

/// Longest time for what a person waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An installation.
pub(crate) struct Connection {
    /// The worker's clients and settings.
    pub(crate) app: App,
    /// As whom they are used.
    pub(crate) login: Login,
}

impl Connection {
    /// The installation with these settings. Nothing is asked of any service yet.
    ///
    /// # Errors
    /// When a setting is missing or wrong, or a client cannot be made.
    pub(super) fn new(variables: &Variables) -> anyhow::Result<Self> {
        let words = "name the installation by its settings: in the environment, or with --env-file FILE (azd env get-values prints one)";
        Self::with(variables.settings().context(words)?, variables)
    }

    /// The same with settings that were read.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub(crate) fn with(settings: Settings, variables: &Variables) -> anyhow::Result<Self> {
        let login = &variables.login;
        let client = http_client(settings.ca_file.as_deref())?;
        let identity = login.identity(&client)?;
        Ok(Self { app: App::acting_as(settings, &client, &identity, &identity)?, login: login.clone() })
    }
}
