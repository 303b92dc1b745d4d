//! An installation as a command reaches it: the worker's own clients, with the worker's settings and somebody else's login.

use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use futures::stream;

use policy_remediator::app::App;
use policy_remediator::azure::{Deadline, http_client};
use remediation::document::{Part, TargetDocument, TargetSummary, Versioned};
use remediation::settings::Settings;

use super::login::Login;
use super::variables::Variables;

/// Longest time for what a person waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Documents that are read at a time.
const TOGETHER: usize = 16;

/// An installation.
pub(crate) struct Connection {
    /// The worker's clients and settings.
    pub(crate) app: App,
    /// As whom they are used.
    #[expect(dead_code, reason = "for doctor, which comes next")]
    pub(crate) login: Login,
}

impl Connection {
    /// The installation with these settings. Nothing is asked of any service yet.
    ///
    /// # Errors
    /// When a setting is missing or wrong, or a client cannot be made.
    pub(super) fn new(variables: &Variables) -> anyhow::Result<Self> {
        let words = "name the installation by its settings: in the environment, or with --env-file FILE (azd env get-values prints one)";
        Self::with(variables.settings().context(words)?, &variables.login)
    }

    /// The same with settings that were read.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub(crate) fn with(settings: Settings, login: &Login) -> anyhow::Result<Self> {
        let client = http_client(settings.ca_file.as_deref())?;
        let identity = login.identity(&client)?;
        Ok(Self { app: App::acting_as(settings, &client, &identity, &identity)?, login: login.clone() })
    }

    /// What the metadata of all targets tell: a call for 2,500 of them.
    ///
    /// # Errors
    /// When storage cannot be listed.
    pub(crate) async fn summaries(&self) -> anyhow::Result<Vec<TargetSummary>> {
        let (mut all, mut part) = (Vec::new(), Part::whole());
        loop {
            let (page, next) = self.app.reconciler.store.targets(&part, Deadline::after(PATIENCE)).await?;
            all.extend(page);
            match next {
                Some(marker) => part.marker = Some(marker),
                None => return Ok(all),
            }
        }
    }

    /// The documents of those targets that `wanted` says yes to: a call for each. One that is gone meanwhile is left out.
    ///
    /// # Errors
    /// When storage cannot be read, or a document cannot be used.
    #[expect(dead_code, reason = "for parked and explain, which come next")]
    pub(crate) async fn documents(
        &self,
        wanted: impl Fn(&TargetSummary) -> bool,
    ) -> anyhow::Result<Vec<Versioned<TargetDocument>>> {
        let summaries = self.summaries().await?;
        let names = summaries.into_iter().filter(wanted).map(|summary| summary.blob);
        let read = names.map(|blob| async move {
            let found = self.app.reconciler.store.target_named(&blob, Deadline::after(PATIENCE)).await;
            found.with_context(|| format!("the document {blob}"))
        });
        let mut found = stream::iter(read).buffered(TOGETHER);
        let mut documents = Vec::new();
        while let Some(document) = found.next().await {
            documents.extend(document?);
        }
        Ok(documents)
    }
}
