//! What people have paused, as it stands in the store.

use policy_remediator::azure::Deadline;
use remediation::document::{ControlsDocument, ETag};
use remediation::time::Timestamp;

use super::operator::{Connection, PATIENCE};

/// `controls.json` as it was found.
pub(super) enum Found {
    /// This, under this ETag.
    Document(ControlsDocument, Option<ETag>),
    /// There is none, as before the worker's first pass, which writes it: nothing is paused.
    NotYet,
    /// There is none any more.
    Missing,
    /// It cannot be used.
    Unusable,
}

impl Found {
    /// Why nobody can tell what is paused, so that everything is.
    pub(super) fn lost(&self) -> Option<&'static str> {
        match self {
            Self::Document(..) | Self::NotYet => None,
            Self::Missing => Some("controls.json is missing, so everything is paused until policy-remediator resume"),
            Self::Unusable => {
                Some("controls.json cannot be used, so everything is paused until policy-remediator resume")
            }
        }
    }
}

/// Reads it, and tells the time by storage's clock.
pub(super) async fn read(connection: &Connection) -> anyhow::Result<(Found, Timestamp)> {
    let found = match once(connection).await? {
        Found::Missing if !installation_is_known(connection).await? => Found::NotYet,
        // The first pass may have written it meanwhile, and the installation after it.
        Found::Missing => once(connection).await?,
        found => found,
    };
    Ok((found, connection.app.reconciler.clocks.moment().stored_before))
}

async fn once(connection: &Connection) -> anyhow::Result<Found> {
    match connection.app.reconciler.store.controls(Deadline::after(PATIENCE)).await {
        Ok(Some(found)) => Ok(Found::Document(found.document, found.etag)),
        Ok(None) => Ok(Found::Missing),
        Err(error) if error.is_about_the_document() => Ok(Found::Unusable),
        Err(error) => Err(error.into()),
    }
}

async fn installation_is_known(connection: &Connection) -> anyhow::Result<bool> {
    let (store, settings) = (&connection.app.reconciler.store, &connection.app.settings);
    let (given, endpoint) = (settings.installation.as_ref(), &settings.state_blob_endpoint);
    match store.known_installation(given, endpoint, Deadline::after(PATIENCE)).await {
        Ok(known) => Ok(known.is_some()),
        Err(error) if error.is_about_the_document() => Ok(true),
        Err(error) => Err(error.into()),
    }
}
