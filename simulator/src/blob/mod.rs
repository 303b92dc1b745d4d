//! Blob Storage as far as the worker's containers need it: block blobs with metadata and ETag conditions, and listing by
//! prefix. State is in memory; tests read and write it through [`Blobs`].

mod answers;
mod block_blob;
mod block_list;
mod conditions;
mod error;
mod headers;
mod listing;
mod rest;
mod store;
mod versions;

pub use block_blob::Blob;
pub use error::BlobError;
pub use rest::router;
pub use store::Blobs;
