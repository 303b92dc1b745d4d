//! What people have paused, as it stands in the store.

use policy_remediator::azure::Deadline;
use remediation::document::{ControlsDocument, ETag};
use remediation::time::Timestamp;

use super::operator::{Connection, PATIENCE};

/// `controls.json` as it was found.
pub(super) enum Found {
    /// This, under this ETag.
    Document(ControlsDocument, Option<ETag>),
    /// There is none.
    Missing,
    /// It cannot be used.
    Unusable,
}

/// Reads it, and tells the time by storage's clock.
pub(super) async fn read(connection: &Connection) -> anyhow::Result<(Found, Timestamp)> {
    let reconciler = &connection.app.reconciler;
    let found = match reconciler.store.controls(Deadline::after(PATIENCE)).await {
        Ok(Some(found)) => Found::Document(found.document, found.etag),
        Ok(None) => Found::Missing,
        Err(error) if error.is_about_the_document() => Found::Unusable,
        Err(error) => return Err(error.into()),
    };
    Ok((found, reconciler.clocks.moment().stored_before))
}
