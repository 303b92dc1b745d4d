//! Reads which installation this is, once; and again and again where the state seems to be a copy, so that a person's word counts
//! without a restart.

use std::sync::OnceLock;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::error;
use url::Url;

use remediation::document::{Installation, InstallationId};

use crate::azure::Deadline;

use super::state_error::StateError;
use super::store::Store;

/// Knows the installation once it was read.
#[derive(Debug)]
pub struct InstallationReader {
    given: Option<InstallationId>,
    endpoint: Url,
    known: OnceLock<Installation>,
    /// Many passes ask at once when a worker starts: one reads, and the others find it read.
    turn: Mutex<()>,
    told: OnceLock<()>,
}

impl InstallationReader {
    /// A reader for a worker that was given this name, with the state at this endpoint.
    #[must_use]
    pub fn new(given: Option<InstallationId>, endpoint: Url) -> Self {
        Self { given, endpoint, known: OnceLock::new(), turn: Mutex::default(), told: OnceLock::new() }
    }

    /// The installation.
    ///
    /// # Errors
    /// When storage cannot be read or written until the deadline, or the document cannot be used: then nothing may be begun.
    pub async fn read(&self, store: &Store, deadline: Deadline) -> Result<Installation, StateError> {
        if let Some(known) = self.known.get() {
            return Ok(known.clone());
        }
        // Where its owner does not come to an end each reads for itself.
        let _turn = timeout(deadline.left(), self.turn.lock()).await;
        if let Some(known) = self.known.get() {
            return Ok(known.clone());
        }
        let installation = store.installation(self.given.as_ref(), &self.endpoint, deadline).await?;
        match &installation.copied {
            None => Ok(self.known.get_or_init(|| installation).clone()),
            Some(reason) => {
                if self.told.set(()).is_ok() {
                    error!(
                        event = "installation_differs",
                        reason,
                        "installation.json is another installation's, so no task is opened: if this state is a copy that is meant to go on, delete installation.json from the container state; if not, let STATE_BLOB_ENDPOINT or INSTALLATION_ID name what it was"
                    );
                }
                Ok(installation)
            }
        }
    }
}
