//! A block blob as a value.

use std::collections::BTreeMap;

use bytes::Bytes;
use time::OffsetDateTime;

/// A block blob.
#[derive(Debug, Clone, PartialEq)]
pub struct Blob {
    /// Its name, `/` included.
    pub name: String,
    /// Its content.
    pub content: Bytes,
    /// Its content type.
    pub content_type: String,
    /// The MD5 of its content in base 64; a blob that was put together from blocks has only what its writer says.
    pub content_md5: Option<String>,
    /// Its metadata; names in lower case, as they travel in headers.
    pub metadata: BTreeMap<String, String>,
    /// Its ETag, with quotes.
    pub etag: String,
    /// When it was first written.
    pub created: OffsetDateTime,
    /// When it was last written.
    pub last_modified: OffsetDateTime,
}
