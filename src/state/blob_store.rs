//! The documents in Blob Storage. A write names the ETag that it replaces (or that there must be none), so two writers
//! never overwrite each other; the loser reads again and decides again.

use azure_core::Bytes;
use azure_core::http::{Etag, RequestContent, StatusCode};
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientUploadOptions, BlobContainerClientListBlobsOptions, ListBlobsIncludeItem,
};
use azure_storage_blob::{BlobContainerClient, BlobServiceClient};
use futures::TryStreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::num::NonZero;
use uuid::Uuid;

use super::metadata::{self, TargetSummary};
use super::rejected::Rejected;
use super::subscription_document::SubscriptionDocument;
use super::target_document::{TargetDocument, VERSION};
use super::versioned::{ETag, FormatVersion, Versioned};
use crate::queue::Nonce;
use crate::resource::{SubscriptionId, Target, TargetHash};
use crate::transport::{Deadline, Trouble, passes_or_is_throttled, repeat};

/// Below this size a blob travels in one request, so that reading and writing are atomic. No document comes near it.
const ONE_UPLOAD: NonZero<u64> = NonZero::new(64 * 1024 * 1024).expect("not zero");
const ONE_DOWNLOAD: NonZero<usize> = NonZero::new(64 * 1024 * 1024).expect("not zero");

/// How a conditional write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// Written, under this ETag.
    As(ETag),
    /// Someone else wrote first.
    Conflict,
}

/// Why the store could not serve.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Storage is out of reach or refuses.
    #[error(
        "blob {blob} cannot be {verb}; check STATE_BLOB_ENDPOINT and the role Storage Blob Data Contributor of the app's identity"
    )]
    Unavailable {
        /// The blob.
        blob: String,
        /// What was tried.
        verb: &'static str,
        /// What the client says.
        source: Box<azure_core::Error>,
    },
    /// Written by a newer worker, which alone may change it.
    #[error(
        "blob {blob} has format version {found}, this worker knows up to {VERSION}; deploy the newer worker everywhere"
    )]
    NewerVersion {
        /// The blob.
        blob: String,
        /// The version found.
        found: u32,
    },
    /// Not a document of ours.
    #[error("blob {blob} is not a readable state document; move it away and the worker starts it anew")]
    Unreadable {
        /// The blob.
        blob: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl StateError {
    /// Whether only the one document is at fault, so that others can go on.
    #[must_use]
    pub fn is_about_the_document(&self) -> bool {
        match self {
            Self::NewerVersion { .. } | Self::Unreadable { .. } => true,
            Self::Unavailable { .. } => false,
        }
    }
}

/// The containers `state` and `rejected`.
pub struct Store {
    state: BlobContainerClient,
    rejected: BlobContainerClient,
}

impl Store {
    /// The store of this storage account.
    #[must_use]
    pub fn new(account: &BlobServiceClient) -> Self {
        Self { state: account.blob_container_client("state"), rejected: account.blob_container_client("rejected") }
    }

    /// Reads a target's document; a new one when there is none.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline, or the document cannot be used.
    pub async fn target(&self, target: &Target, deadline: Deadline) -> Result<Versioned<TargetDocument>, StateError> {
        let found = self.read(&target_blob(target), deadline).await?;
        Ok(found.unwrap_or_else(|| Versioned { document: TargetDocument::new(target.clone()), etag: None }))
    }

    /// Reads the target document with this blob name, if it is there.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn target_named(
        &self,
        blob: &str,
        deadline: Deadline,
    ) -> Result<Option<Versioned<TargetDocument>>, StateError> {
        self.read(blob, deadline).await
    }

    /// Reads the document of the target with this hash, if it is there.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn target_of_hash(
        &self,
        subscription: &SubscriptionId,
        hash: &TargetHash,
        deadline: Deadline,
    ) -> Result<Option<Versioned<TargetDocument>>, StateError> {
        self.read(&format!("targets/{subscription}/{hash}.json"), deadline).await
    }

    /// Writes a target's document in place of the one with this ETag, or of none. Where its generation was raised, the nonce
    /// of the wake-up is drawn here, so that no write goes without.
    ///
    /// # Errors
    /// When storage cannot be written until the deadline.
    pub async fn save_target(
        &self,
        document: &mut TargetDocument,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        document.nonce.get_or_insert_with(|| Nonce::of(Uuid::new_v4().as_u128()));
        let options = BlobClientUploadOptions { metadata: Some(metadata::of(document)), ..replacing(replaces) };
        self.write(&target_blob(&document.target), document, options, deadline).await
    }

    /// Reads a subscription's document; a new one when there is none.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn subscription(
        &self,
        id: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<Versioned<SubscriptionDocument>, StateError> {
        let found = self.read(&subscription_blob(id), deadline).await?;
        Ok(found.unwrap_or_else(|| Versioned { document: SubscriptionDocument::new(id.clone()), etag: None }))
    }

    /// Writes a subscription's document in place of the one with this ETag, or of none.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn save_subscription(
        &self,
        document: &SubscriptionDocument,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        self.write(&subscription_blob(&document.subscription), document, replacing(replaces), deadline).await
    }

    /// Lists the targets' blobs with what their metadata tells.
    ///
    /// # Errors
    /// When storage cannot be listed until the deadline.
    pub async fn targets(&self, deadline: Deadline) -> Result<Vec<TargetSummary>, StateError> {
        let list = || async {
            let options = BlobContainerClientListBlobsOptions {
                prefix: Some("targets/".to_owned()),
                include: Some(vec![ListBlobsIncludeItem::Metadata]),
                ..BlobContainerClientListBlobsOptions::default()
            };
            let blobs: Vec<_> = self.state.list_blobs(Some(options))?.try_collect().await?;
            Ok(blobs
                .into_iter()
                .filter_map(|blob| Some(TargetSummary::read(blob.name?, blob.metadata.and_then(|m| m.values).as_ref())))
                .collect())
        };
        repeat(deadline, usize::MAX, passes_or_is_throttled, list)
            .await
            .map_err(|source| unavailable("targets/", "listed", source))
    }

    /// Keeps a rejected item.
    ///
    /// # Errors
    /// When storage cannot be written until the deadline.
    pub async fn reject(&self, item: &Rejected, deadline: Deadline) -> Result<(), StateError> {
        let blob = item.blob();
        let body = serde_json::to_vec_pretty(item).expect("a rejected item is plain text and numbers");
        let upload = || async {
            self.rejected
                .blob_client(&blob)
                .upload(RequestContent::from(body.clone()), Some(json(BlobClientUploadOptions::default())))
                .await
        };
        repeat(deadline, usize::MAX, passes_or_is_throttled, upload)
            .await
            .map(drop)
            .map_err(|source| unavailable(&blob, "written", source))
    }

    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        blob: &str,
        deadline: Deadline,
    ) -> Result<Option<Versioned<T>>, StateError> {
        let Some((body, etag)) = self.fetch(blob, deadline).await? else { return Ok(None) };
        let unreadable = |source| StateError::Unreadable { blob: blob.to_owned(), source };
        let FormatVersion { version } = serde_json::from_slice(&body).map_err(unreadable)?;
        if version > VERSION {
            return Err(StateError::NewerVersion { blob: blob.to_owned(), found: version });
        }
        Ok(Some(Versioned { document: serde_json::from_slice(&body).map_err(unreadable)?, etag }))
    }

    async fn fetch(&self, blob: &str, deadline: Deadline) -> Result<Option<(Bytes, Option<ETag>)>, StateError> {
        let download = || async {
            let options = BlobClientDownloadOptions {
                partition_size: Some(ONE_DOWNLOAD),
                ..BlobClientDownloadOptions::default()
            };
            let answer = self.state.blob_client(blob).download(Some(options)).await?;
            let etag = answer.properties.etag.map(|etag| ETag(etag.to_string()));
            Ok((answer.body.collect().await?, etag))
        };
        match repeat(deadline, usize::MAX, passes_or_is_throttled, download).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(source) => Err(unavailable(blob, "read", source)),
        }
    }

    /// Deletes a blob; that it is not there is as good.
    pub(super) async fn delete(&self, blob: &str, deadline: Deadline) -> Result<(), StateError> {
        let delete = || async { self.state.blob_client(blob).delete(None).await };
        match repeat(deadline, usize::MAX, passes_or_is_throttled, delete).await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(source) => Err(unavailable(blob, "deleted", source)),
        }
    }

    pub(super) async fn write<T: Serialize>(
        &self,
        blob: &str,
        document: &T,
        options: BlobClientUploadOptions<'static>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let body = serde_json::to_vec(document).expect("documents are plain values with text keys");
        let options = json(options);
        let mut tries = 0_u32;
        let upload = || {
            tries += 1;
            async {
                self.state.blob_client(blob).upload(RequestContent::from(body.clone()), Some(options.clone())).await
            }
        };
        match repeat(deadline, usize::MAX, passes_or_is_throttled, upload).await {
            Ok(answer) => match answer.etag {
                Some(etag) => Ok(Saved::As(ETag(etag.to_string()))),
                // Without an ETag nothing can follow on this write: read again.
                None => Ok(Saved::Conflict),
            },
            Err(error) if matches!(Trouble::of(&error), Trouble::Status(409 | 412)) => {
                // A write whose answer was lost conflicts with itself when it is repeated.
                let stored = if tries > 1 { self.fetch(blob, deadline).await? } else { None };
                match stored {
                    Some((stored, Some(etag))) if *stored == *body => Ok(Saved::As(etag)),
                    Some(_) | None => Ok(Saved::Conflict),
                }
            }
            Err(source) => Err(unavailable(blob, "written", source)),
        }
    }
}

fn target_blob(target: &Target) -> String {
    format!("targets/{}/{}.json", target.subscription(), target.hash())
}

fn subscription_blob(id: &SubscriptionId) -> String {
    format!("subscriptions/{id}.json")
}

fn replacing(etag: Option<&ETag>) -> BlobClientUploadOptions<'static> {
    match etag {
        Some(ETag(etag)) => {
            BlobClientUploadOptions { if_match: Some(Etag::from(etag.as_str())), ..BlobClientUploadOptions::default() }
        }
        None => BlobClientUploadOptions { if_none_match: Some(Etag::from("*")), ..BlobClientUploadOptions::default() },
    }
}

fn json(options: BlobClientUploadOptions<'static>) -> BlobClientUploadOptions<'static> {
    BlobClientUploadOptions {
        blob_content_type: Some("application/json".to_owned()),
        partition_size: Some(ONE_UPLOAD),
        ..options
    }
}

fn is_missing(error: &azure_core::Error) -> bool {
    error.http_status() == Some(StatusCode::NotFound) && !error.to_string().contains("ContainerNotFound")
}

fn unavailable(blob: &str, verb: &'static str, source: azure_core::Error) -> StateError {
    StateError::Unavailable { blob: blob.to_owned(), verb, source: Box::new(source) }
}
