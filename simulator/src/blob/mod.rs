//! Blob Storage as far as the worker's containers need it: block blobs with metadata and ETag conditions, and listing by
//! prefix. State is in memory; tests read and write it through [`Blobs`].

mod block_blob;
mod conditions;
mod error;
mod listing;
mod rest;
mod store;

pub use block_blob::Blob;
pub use error::BlobError;
pub use rest::router;
pub use store::Blobs;
