//! One container of Blob Storage: reading, writing, deleting and listing its blobs, each tried until the deadline. A write names
//! what it replaces. A refusal that shows as a lost race, and only that, is one; every other is waited for.

use std::collections::HashMap;
use std::num::NonZero;

use azure_core::Bytes;
use azure_core::error::ErrorKind;
use azure_core::http::{Etag, RequestContent};
use azure_storage_blob::BlobContainerClient;
use azure_storage_blob::models::{
    BlobClientDeleteOptions, BlobClientDownloadOptions, BlobClientGetPropertiesResultHeaders, BlobClientUploadOptions,
    BlobContainerClientListBlobsOptions, ListBlobsIncludeItem,
};
use futures::TryStreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedMutexGuard;
use tracing::Instrument;

use remediation::document::{ETag, FormatVersion, VERSION, Versioned};

use crate::azure::{Deadline, FailureKind, LARGEST_ANSWER, may_pass, retry};

use super::listing::{self, Listed};
use super::races::Races;
use super::state_error::StateError;

/// Below this size a blob travels in one request, so that reading and writing are atomic. No document comes near it.
const ONE_UPLOAD: NonZero<u64> = NonZero::new(64 * 1024 * 1024).expect("not zero");
const ONE_DOWNLOAD: NonZero<usize> = NonZero::new(LARGEST_ANSWER).expect("not zero");

/// Blobs of a page of a list. Storage gives 5,000 at most; several pages are in memory at a time, at some kilobytes a blob.
const PAGE: i32 = 2_500;

/// The codes by which storage says that the blob is not the one that the write was to replace (Microsoft documentation, "Blob
/// service error codes"). Others with the same statuses mean a lease, a policy, a snapshot.
const LOST_RACE: [&str; 2] = ["ConditionNotMet", "BlobAlreadyExists"];
/// The code of a blob that is not there. Without it nobody knows what is missing: it may be the container, or the account.
const MISSING: &str = "BlobNotFound";

/// How a conditional write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// Written, under this ETag.
    As(ETag),
    /// Someone else wrote first.
    Conflict,
}

/// What a write replaces.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replaces<'a> {
    /// Whatever is there.
    Anything,
    /// Nothing: there must be no blob of this name.
    Nothing,
    /// The blob with this ETag.
    This(&'a ETag),
}

impl<'a> From<Option<&'a ETag>> for Replaces<'a> {
    fn from(etag: Option<&'a ETag>) -> Self {
        etag.map_or(Self::Nothing, Self::This)
    }
}

impl<'a> Replaces<'a> {
    fn etag(self) -> Option<&'a ETag> {
        match self {
            Self::This(etag) => Some(etag),
            Self::Anything | Self::Nothing => None,
        }
    }
}

/// What a reading found.
#[derive(Debug)]
pub(super) enum Found<T> {
    /// No blob of this name.
    Missing,
    /// The very blob that is known already.
    Same,
    /// This.
    New(T),
}

/// A container.
pub(super) struct Container {
    client: BlobContainerClient,
    races: Races,
}

impl Container {
    pub(super) fn new(client: BlobContainerClient) -> Self {
        Self { client, races: Races::default() }
    }

    /// The turn to read a document and to write in its place, as far as this process goes.
    pub(super) async fn turn_to_change(&self, blob: &str, deadline: Deadline) -> Option<OwnedMutexGuard<()>> {
        self.races.turn_to_change(blob, deadline).await
    }

    /// Reads a document, if it is there.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        blob: &str,
        deadline: Deadline,
    ) -> Result<Option<Versioned<T>>, StateError> {
        match self.read_unless(blob, None, deadline).await? {
            Found::New(document) => Ok(Some(document)),
            Found::Missing | Found::Same => Ok(None),
        }
    }

    /// Reads a blob that is no document of ours, if it is there.
    pub(super) async fn read_bytes(&self, blob: &str, deadline: Deadline) -> Result<Option<Vec<u8>>, StateError> {
        match self.fetch(blob, None, deadline).await? {
            Found::New((body, _)) => Ok(Some(body.to_vec())),
            Found::Missing | Found::Same => Ok(None),
        }
    }

    /// Reads a document unless it is the one with this ETag: then no body travels.
    pub(super) async fn read_unless<T: DeserializeOwned>(
        &self,
        blob: &str,
        known: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Found<Versioned<T>>, StateError> {
        let (body, etag) = match self.fetch(blob, known, deadline).await? {
            Found::New(found) => found,
            Found::Missing => {
                self.races.lost_sight_of(blob);
                return Ok(Found::Missing);
            }
            Found::Same => return Ok(Found::Same),
        };
        if let Some(etag) = &etag {
            self.races.saw(blob, etag);
        }
        let unreadable = |source| StateError::Unreadable { blob: blob.to_owned(), source };
        let FormatVersion { version } = serde_json::from_slice(&body).map_err(unreadable)?;
        if version > VERSION {
            return Err(StateError::NewerVersion { blob: blob.to_owned(), found: version });
        }
        Ok(Found::New(Versioned { document: serde_json::from_slice(&body).map_err(unreadable)?, etag }))
    }

    /// Reads the metadata of a blob, if it is there.
    pub(super) async fn metadata(
        &self,
        blob: &str,
        deadline: Deadline,
    ) -> Result<Option<HashMap<String, String>>, StateError> {
        let read = || async {
            match self.client.blob_client(blob).get_properties(None).await {
                Ok(answer) => answer.metadata().map(Some),
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(error),
            }
        };
        retry(deadline, usize::MAX, may_pass, read).await.map_err(|source| StateError::of(blob, "read", source))
    }

    /// Writes a document in place of what it replaces. Without a lost race it ends as written, or as an error.
    pub(super) async fn write<T: Serialize>(
        &self,
        blob: &str,
        document: &T,
        replaces: Replaces<'_>,
        metadata: Option<HashMap<String, String>>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let body = serde_json::to_vec(document).expect("documents are plain values with text keys");
        self.write_bytes(blob, &body, replaces, metadata, deadline).await
    }

    /// Writes a blob as it is.
    pub(super) async fn write_bytes(
        &self,
        blob: &str,
        body: &[u8],
        replaces: Replaces<'_>,
        metadata: Option<HashMap<String, String>>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let _turn = match replaces {
            Replaces::This(_) | Replaces::Nothing => {
                let turn = self.races.turn(blob, deadline).await;
                if self.races.is_lost(blob, replaces.etag()) {
                    return Ok(Saved::Conflict);
                }
                turn
            }
            Replaces::Anything => None,
        };
        let mut tries = 0_u32;
        let upload = || {
            tries += 1;
            self.upload(blob, body, replaces, metadata.clone())
        };
        let saved = retry(deadline, usize::MAX, may_pass, upload).await;
        let saved = match saved.map_err(|source| StateError::of(blob, "written", source))? {
            // A write whose answer was lost conflicts with itself when it is repeated.
            Saved::Conflict if tries > 1 => match self.fetch(blob, None, deadline).await? {
                Found::New((stored, Some(etag))) if *stored == *body => Saved::As(etag),
                Found::New(_) | Found::Missing | Found::Same => Saved::Conflict,
            },
            saved => saved,
        };
        if let Saved::As(etag) = &saved {
            self.races.saw(blob, etag);
        }
        Ok(saved)
    }

    /// Deletes a blob; that it is not there is as good.
    pub(super) async fn delete(&self, blob: &str, deadline: Deadline) -> Result<(), StateError> {
        let delete = || async { self.try_to_delete(blob, Replaces::Anything).await.map(drop) };
        retry(deadline, usize::MAX, may_pass, delete).await.map_err(|source| StateError::of(blob, "deleted", source))
    }

    /// Tries once to delete the blob with this ETag. Whether it is gone: not when somebody else wrote first.
    pub(super) async fn delete_once(&self, blob: &str, etag: &ETag, deadline: Deadline) -> Result<bool, StateError> {
        let delete = || self.try_to_delete(blob, Replaces::This(etag));
        retry(deadline, 1, may_pass, delete).await.map_err(|source| StateError::of(blob, "deleted", source))
    }

    /// One try. A blob that is not there was deleted, perhaps by this very call. A person's snapshots are not deleted with it.
    async fn try_to_delete(&self, blob: &str, replaces: Replaces<'_>) -> azure_core::Result<bool> {
        let if_match = replaces.etag().map(|ETag(etag)| Etag::from(etag.as_str()));
        let options = BlobClientDeleteOptions { if_match, ..BlobClientDeleteOptions::default() };
        self.races.lost_sight_of(blob);
        match self.client.blob_client(blob).delete(Some(options)).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(true),
            Err(error) if self.is_lost_race(blob, replaces, &error).await => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lists the blobs whose names begin with `prefix`.
    pub(super) async fn list(&self, prefix: &str, deadline: Deadline) -> Result<Vec<Listed>, StateError> {
        let (mut all, mut next) = self.list_page(prefix, None, deadline).await?;
        while let Some(marker) = next {
            let (page, following) = self.list_page(prefix, Some(&marker), deadline).await?;
            all.extend(page);
            next = following;
        }
        Ok(all)
    }

    /// A page of that list, from the beginning or from a marker that an earlier page gave, and the marker of the next page.
    pub(super) async fn list_page(
        &self,
        prefix: &str,
        marker: Option<&str>,
        deadline: Deadline,
    ) -> Result<(Vec<Listed>, Option<String>), StateError> {
        let list = || async {
            let options = BlobContainerClientListBlobsOptions {
                prefix: Some(prefix.to_owned()),
                marker: marker.map(str::to_owned),
                include: Some(vec![ListBlobsIncludeItem::Metadata]),
                maxresults: Some(PAGE),
                ..BlobContainerClientListBlobsOptions::default()
            };
            let mut pages = self.client.list_blobs(Some(options))?.into_pages();
            // A long page takes the processor for a while, which must not hold those who go on beside it.
            let read = async move {
                let page = pages.try_next().await?;
                page.map_or(Ok((Vec::new(), None)), |page| listing::page(&page.into_body()))
            };
            let failed = |error| azure_core::Error::with_error(ErrorKind::Other, error, "a list of blobs");
            tokio::spawn(read.in_current_span()).await.map_err(failed)?
        };
        retry(deadline, usize::MAX, may_pass, list).await.map_err(|source| StateError::of(prefix, "listed", source))
    }

    async fn fetch(
        &self,
        blob: &str,
        known: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Found<(Bytes, Option<ETag>)>, StateError> {
        let download = || self.download(blob, known);
        retry(deadline, usize::MAX, may_pass, download).await.map_err(|source| StateError::of(blob, "read", source))
    }

    /// One try to read a blob, unless it is the one with this ETag.
    async fn download(&self, blob: &str, known: Option<&ETag>) -> azure_core::Result<Found<(Bytes, Option<ETag>)>> {
        let options = BlobClientDownloadOptions {
            partition_size: Some(ONE_DOWNLOAD),
            if_none_match: known.map(|ETag(etag)| Etag::from(etag.as_str())),
            ..BlobClientDownloadOptions::default()
        };
        match self.client.blob_client(blob).download(Some(options)).await {
            Ok(answer) => {
                let etag = answer.properties.etag.map(|etag| ETag(etag.to_string()));
                Ok(Found::New((answer.body.collect().await?, etag)))
            }
            Err(error) if is_missing(&error) => Ok(Found::Missing),
            Err(error) if known.is_some() && FailureKind::of(&error) == FailureKind::Status(304) => Ok(Found::Same),
            Err(error) => Err(error),
        }
    }

    /// One try to write a blob.
    async fn upload(
        &self,
        blob: &str,
        body: &[u8],
        replaces: Replaces<'_>,
        metadata: Option<HashMap<String, String>>,
    ) -> azure_core::Result<Saved> {
        let options = BlobClientUploadOptions {
            blob_content_type: Some("application/json".to_owned()),
            partition_size: Some(ONE_UPLOAD),
            metadata,
            if_match: replaces.etag().map(|ETag(etag)| Etag::from(etag.as_str())),
            if_none_match: match replaces {
                Replaces::Nothing => Some(Etag::from("*")),
                Replaces::Anything | Replaces::This(_) => None,
            },
            ..BlobClientUploadOptions::default()
        };
        match self.client.blob_client(blob).upload(RequestContent::from(body.to_vec()), Some(options)).await {
            // Without an ETag nothing can follow on this write: read again.
            Ok(answer) => Ok(answer.etag.map_or(Saved::Conflict, |etag| Saved::As(ETag(etag.to_string())))),
            Err(error) if self.is_lost_race(blob, replaces, &error).await => Ok(Saved::Conflict),
            Err(error) => Err(error),
        }
    }

    /// Whether a refused write lost against another: storage says so, or the blob is not the one any more that it was to replace.
    async fn is_lost_race(&self, blob: &str, replaces: Replaces<'_>, error: &azure_core::Error) -> bool {
        let replaced = match replaces {
            Replaces::Anything => return false,
            Replaces::Nothing => None,
            Replaces::This(etag) => Some(etag),
        };
        match FailureKind::of(error) {
            FailureKind::Status(404) if is_missing(error) => return replaced.is_some(),
            FailureKind::Status(409 | 412) => {}
            _ => return false,
        }
        if code(error).is_some_and(|code| LOST_RACE.contains(&code)) {
            return true;
        }
        match self.download(blob, None).await {
            Ok(Found::New((_, etag))) => etag.as_ref() != replaced,
            Ok(Found::Missing | Found::Same) => replaced.is_some(),
            Err(_) => false,
        }
    }
}

fn is_missing(error: &azure_core::Error) -> bool {
    FailureKind::of(error) == FailureKind::Status(404) && code(error) == Some(MISSING)
}

/// The service's own code for what is wrong.
fn code(error: &azure_core::Error) -> Option<&str> {
    match error.kind() {
        ErrorKind::HttpResponse { error_code, .. } => error_code.as_deref(),
        _ => None,
    }
}
