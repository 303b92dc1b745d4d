//! Items that were being handled alone when the worker died. Written before such an item is handled and taken away after,
//! so what stays behind counts deaths; the one item that kills its handler is told from those that only travelled with it.

use azure_storage_blob::models::BlobClientUploadOptions;
use serde::{Deserialize, Serialize};

use super::blob_store::{StateError, Store};
use super::rejected::digest;
use super::target_document::VERSION;
use crate::transport::Deadline;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suspect {
    version: u32,
    begun: u32,
}

impl Store {
    /// Notes that the item is about to be handled alone; how often that was begun before and not ended.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn begin_alone(&self, function: &str, payload: &str, deadline: Deadline) -> Result<u32, StateError> {
        let blob = blob(function, payload);
        let begun = self.read::<Suspect>(&blob, deadline).await?.map_or(0, |found| found.document.begun);
        let suspect = Suspect { version: VERSION, begun: begun.saturating_add(1) };
        self.write(&blob, &suspect, BlobClientUploadOptions::default(), deadline).await?;
        Ok(begun)
    }

    /// How often the worker died while it handled the item alone.
    ///
    /// # Errors
    /// As for [`Store::begin_alone`].
    pub async fn crashes(&self, function: &str, body: &str, deadline: Deadline) -> Result<u32, StateError> {
        let found = self.read::<Suspect>(&blob(function, body), deadline).await?;
        Ok(found.map_or(0, |found| found.document.begun))
    }

    /// Notes that the handling of the item has come to an end.
    ///
    /// # Errors
    /// As for [`Store::begin_alone`].
    pub async fn end_alone(&self, function: &str, payload: &str, deadline: Deadline) -> Result<(), StateError> {
        self.delete(&blob(function, payload), deadline).await
    }
}

fn blob(function: &str, payload: &str) -> String {
    format!("suspects/{function}/{}.json", digest(payload))
}
