//! What lies in the containers `rejected` and `events-dead-letter`, for the person who looks at it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use remediation::message::Queue;
use remediation::time::Timestamp;

use crate::azure::Deadline;

use super::rejected::Encoding;
use super::state_error::StateError;
use super::store::Store;

/// A blob of one of the two containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptBlob {
    /// Its name.
    pub blob: String,
    /// When it was last written.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
}

/// A rejected item, as it is kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptItem {
    /// The function that rejected it.
    pub function: String,
    /// The queue that it belongs on; none for an event.
    #[serde(default)]
    pub queue: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// The payload, or its beginning.
    pub payload: String,
    /// How it is written down.
    pub encoding: Encoding,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
    /// Whether it is not whole.
    pub is_cut: bool,
}

impl KeptItem {
    /// The queue that it belongs on.
    #[must_use]
    pub fn queue(&self) -> Option<Queue> {
        Queue::ALL.into_iter().find(|queue| Some(queue.name()) == self.queue.as_deref())
    }

    /// The payload as it came; none where it is not whole.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self.encoding {
            _ if self.is_cut => None,
            Encoding::Text => Some(self.payload.clone().into_bytes()),
            Encoding::Base64 => STANDARD.decode(&self.payload).ok(),
        }
    }
}

impl Store {
    /// The rejected items.
    ///
    /// # Errors
    /// When storage cannot be listed until the deadline.
    pub async fn rejected_items(&self, deadline: Deadline) -> Result<Vec<KeptBlob>, StateError> {
        Ok(self.rejected.list("", deadline).await?.into_iter().map(KeptBlob::from).collect())
    }

    /// The rejected item of this blob, if it is there.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline, or the blob is none of ours.
    pub async fn rejected_item(&self, blob: &str, deadline: Deadline) -> Result<Option<KeptItem>, StateError> {
        Ok(self.rejected.read(blob, deadline).await?.map(|found| found.document))
    }

    /// Deletes a rejected item.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn forget_rejected(&self, blob: &str, deadline: Deadline) -> Result<(), StateError> {
        self.rejected.delete(blob, deadline).await
    }

    /// What Event Grid has given up.
    ///
    /// # Errors
    /// When storage cannot be listed until the deadline.
    pub async fn dead_events(&self, deadline: Deadline) -> Result<Vec<KeptBlob>, StateError> {
        Ok(self.dead_events.list("", deadline).await?.into_iter().map(KeptBlob::from).collect())
    }

    /// The events of this blob, as Event Grid has written them, if it is there.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline.
    pub async fn dead_events_in(&self, blob: &str, deadline: Deadline) -> Result<Option<Vec<u8>>, StateError> {
        self.dead_events.read_bytes(blob, deadline).await
    }

    /// Deletes events that Event Grid has given up.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn forget_dead_events(&self, blob: &str, deadline: Deadline) -> Result<(), StateError> {
        self.dead_events.delete(blob, deadline).await
    }
}

impl From<super::listing::Listed> for KeptBlob {
    fn from(listed: super::listing::Listed) -> Self {
        Self { blob: listed.name, modified: listed.modified }
    }
}
