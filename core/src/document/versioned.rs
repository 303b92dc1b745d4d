//! A document together with the ETag it was read or written under; and the check of its format version.

use serde::Deserialize;

/// Format version that this worker writes. A document of a newer one is left alone.
pub const VERSION: u32 = 1;

/// An ETag as the store gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(pub String);

/// A document and the ETag that a change of it must name. No ETag: the document does not exist yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The document.
    pub document: T,
    /// Its ETag, if it exists in the store.
    pub etag: Option<ETag>,
}

/// Only the format version of a document, readable whatever the rest looks like.
#[derive(Debug, Deserialize)]
pub struct FormatVersion {
    /// The version.
    pub version: u32,
}
