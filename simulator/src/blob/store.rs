//! Containers, blobs and uncommitted blocks in memory. Writes take their conditions and the time, and are atomic: two
//! writers with the same ETag never both win.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use time::OffsetDateTime;

use super::{
    Blob, BlobError,
    conditions::{Conditions, Intent},
    listing::{Page, Query},
};

/// What a write says about the new blob.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) content_type: Option<String>,
    pub(super) content_md5: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// Which blocks a block list means by one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BlockRef {
    Committed(String),
    Uncommitted(String),
    Latest(String),
}

/// A storage account. Clones share it.
#[derive(Clone, Default)]
pub struct Blobs {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    containers: BTreeMap<String, Container>,
    etags: u64,
}

#[derive(Clone)]
pub(super) struct Container {
    pub(super) etag: String,
    pub(super) last_modified: OffsetDateTime,
    pub(super) metadata: BTreeMap<String, String>,
    blobs: BTreeMap<String, Stored>,
    uncommitted: BTreeMap<String, BTreeMap<String, Bytes>>,
}

#[derive(Clone)]
struct Stored {
    blob: Blob,
    blocks: BTreeMap<String, Bytes>,
}

impl Blobs {
    /// An account without containers.
    pub fn new() -> Self {
        Self::default()
    }

    /// A blob as it is now.
    pub fn get(&self, container: &str, name: &str) -> Option<Blob> {
        self.lock().containers.get(container)?.blobs.get(name).map(|stored| stored.blob.clone())
    }

    /// Writes a blob without conditions and metadata, as another client would; gives its new ETag.
    ///
    /// # Errors
    /// When the container does not exist.
    pub fn put(&self, container: &str, name: &str, content: impl Into<Bytes>) -> Result<String, BlobError> {
        let now = OffsetDateTime::now_utc();
        Ok(self.write(container, name, content.into(), Draft::default(), &Conditions::default(), now)?.etag)
    }

    /// The same with metadata.
    ///
    /// # Errors
    /// When the container does not exist.
    pub fn put_with_metadata(
        &self,
        container: &str,
        name: &str,
        content: impl Into<Bytes>,
        metadata: &[(&str, &str)],
    ) -> Result<String, BlobError> {
        let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (draft, now) = (Draft { metadata, ..Draft::default() }, OffsetDateTime::now_utc());
        Ok(self.write(container, name, content.into(), draft, &Conditions::default(), now)?.etag)
    }

    /// The blobs whose name starts with a prefix, by name; none when there is no such container.
    pub fn list(&self, container: &str, prefix: &str) -> Vec<Blob> {
        let inner = self.lock();
        let Some(container) = inner.containers.get(container) else { return Vec::new() };
        let from = container.blobs.range(prefix.to_owned()..);
        from.take_while(|(name, _)| name.starts_with(prefix)).map(|(_, stored)| stored.blob.clone()).collect()
    }

    /// Deletes a blob; says whether there was one.
    pub fn delete(&self, container: &str, name: &str) -> bool {
        self.remove(container, name, &Conditions::default()).is_ok()
    }

    /// Creates a container; says whether it is new.
    pub fn create_container(&self, name: &str) -> bool {
        self.add_container(name, BTreeMap::new(), OffsetDateTime::now_utc()).is_ok()
    }

    pub(super) fn add_container(
        &self,
        name: &str,
        metadata: BTreeMap<String, String>,
        now: OffsetDateTime,
    ) -> Result<Container, BlobError> {
        let mut inner = self.lock();
        if inner.containers.contains_key(name) {
            return Err(BlobError::ContainerAlreadyExists);
        }
        let container = Container {
            etag: inner.next_etag(),
            last_modified: now,
            metadata,
            blobs: BTreeMap::new(),
            uncommitted: BTreeMap::new(),
        };
        inner.containers.insert(name.to_owned(), container.clone());
        Ok(container)
    }

    pub(super) fn container(&self, name: &str) -> Result<Container, BlobError> {
        // The blobs are many; only the container's own properties are wanted.
        let inner = self.lock();
        let container = inner.containers.get(name).ok_or(BlobError::ContainerNotFound)?;
        Ok(Container {
            etag: container.etag.clone(),
            last_modified: container.last_modified,
            metadata: container.metadata.clone(),
            blobs: BTreeMap::new(),
            uncommitted: BTreeMap::new(),
        })
    }

    pub(super) fn remove_container(&self, name: &str) -> Result<(), BlobError> {
        self.lock().containers.remove(name).map(|_| ()).ok_or(BlobError::ContainerNotFound)
    }

    pub(super) fn read(&self, container: &str, name: &str, conditions: &Conditions) -> Result<Blob, BlobError> {
        let mut inner = self.lock();
        let container = inner.container(container)?;
        let stored = container.blobs.get(name);
        conditions.check(stored.map(Stored::version), Intent::Read)?;
        stored.map(|stored| stored.blob.clone()).ok_or(BlobError::BlobNotFound)
    }

    pub(super) fn write(
        &self,
        container: &str,
        name: &str,
        content: Bytes,
        draft: Draft,
        conditions: &Conditions,
        now: OffsetDateTime,
    ) -> Result<Blob, BlobError> {
        let mut inner = self.lock();
        inner.check(container, name, conditions, Intent::Replace)?;
        inner.store(container, name, content, BTreeMap::new(), draft, now)
    }

    pub(super) fn set_metadata(
        &self,
        container: &str,
        name: &str,
        metadata: BTreeMap<String, String>,
        conditions: &Conditions,
        now: OffsetDateTime,
    ) -> Result<Blob, BlobError> {
        let mut inner = self.lock();
        inner.check(container, name, conditions, Intent::Change)?;
        let etag = inner.next_etag();
        let stored = inner.container(container)?.blobs.get_mut(name).ok_or(BlobError::BlobNotFound)?;
        stored.blob.metadata = metadata;
        stored.blob.etag = etag;
        stored.blob.last_modified = now;
        Ok(stored.blob.clone())
    }

    pub(super) fn remove(&self, container: &str, name: &str, conditions: &Conditions) -> Result<(), BlobError> {
        let mut inner = self.lock();
        inner.check(container, name, conditions, Intent::Change)?;
        inner.container(container)?.blobs.remove(name).map(|_| ()).ok_or(BlobError::BlobNotFound)
    }

    pub(super) fn stage(&self, container: &str, name: &str, block: &str, content: Bytes) -> Result<(), BlobError> {
        let mut inner = self.lock();
        let blocks = inner.container(container)?.uncommitted.entry(name.to_owned()).or_default();
        // The service wants all ids of a blob to be of one length.
        if blocks.keys().next().is_some_and(|known| known.len() != block.len()) {
            return Err(BlobError::bad("InvalidBlobOrBlock", "The specified blob or block content is invalid."));
        }
        blocks.insert(block.to_owned(), content);
        Ok(())
    }

    pub(super) fn commit(
        &self,
        container: &str,
        name: &str,
        list: &[BlockRef],
        draft: Draft,
        conditions: &Conditions,
        now: OffsetDateTime,
    ) -> Result<Blob, BlobError> {
        let mut inner = self.lock();
        inner.check(container, name, conditions, Intent::Replace)?;
        let place = inner.container(container)?;
        let fresh = place.uncommitted.get(name);
        let old = place.blobs.get(name).map(|stored| &stored.blocks);
        let mut blocks = BTreeMap::new();
        let mut content = Vec::new();
        for entry in list {
            let (id, found) = match entry {
                BlockRef::Committed(id) => (id, old.and_then(|old| old.get(id))),
                BlockRef::Uncommitted(id) => (id, fresh.and_then(|fresh| fresh.get(id))),
                BlockRef::Latest(id) => {
                    (id, fresh.and_then(|fresh| fresh.get(id)).or_else(|| old.and_then(|old| old.get(id))))
                }
            };
            let bytes = found.cloned().ok_or(BlobError::InvalidBlockList)?;
            content.extend_from_slice(&bytes);
            blocks.insert(id.clone(), bytes);
        }
        inner.store(container, name, content.into(), blocks, draft, now)
    }

    pub(super) fn page(&self, container: &str, query: &Query) -> Result<Page, BlobError> {
        let mut inner = self.lock();
        let container = inner.container(container)?;
        let from = container.blobs.range(query.first_name()..);
        Ok(query.page(from.map(|(_, stored)| &stored.blob)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn container(&mut self, name: &str) -> Result<&mut Container, BlobError> {
        self.containers.get_mut(name).ok_or(BlobError::ContainerNotFound)
    }

    fn check(&mut self, container: &str, name: &str, conditions: &Conditions, intent: Intent) -> Result<(), BlobError> {
        let current = self.container(container)?.blobs.get(name);
        conditions.check(current.map(Stored::version), intent)
    }

    fn store(
        &mut self,
        container: &str,
        name: &str,
        content: Bytes,
        blocks: BTreeMap<String, Bytes>,
        draft: Draft,
        now: OffsetDateTime,
    ) -> Result<Blob, BlobError> {
        let etag = self.next_etag();
        let container = self.container(container)?;
        let blob = Blob {
            name: name.to_owned(),
            content,
            content_type: draft.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            content_md5: draft.content_md5,
            metadata: draft.metadata,
            etag,
            created: container.blobs.get(name).map_or(now, |stored| stored.blob.created),
            last_modified: now,
        };
        // A write ends what was staged before it.
        container.uncommitted.remove(name);
        container.blobs.insert(name.to_owned(), Stored { blob: blob.clone(), blocks });
        Ok(blob)
    }

    fn next_etag(&mut self) -> String {
        self.etags += 1;
        format!("\"0x{:X}\"", 0x08DE_0000_0000_0000 + self.etags)
    }
}

impl Stored {
    fn version(&self) -> (&str, OffsetDateTime) {
        (&self.blob.etag, self.blob.last_modified)
    }
}
