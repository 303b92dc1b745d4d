//! Why a message cannot be read, and the one name that no batch run may have.

/// The origin of what an event saw.
pub(super) const OF_EVENT: &str = "event";

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of the expected shape.
    #[error("the message cannot be read: {0}")]
    Shape(String),
    /// Written by a newer worker.
    #[error("the message has version {found}, this worker knows up to {known}; deploy the newer worker everywhere")]
    Version {
        /// The version of the message.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
}

pub(super) fn shape(error: serde_json::Error) -> Unreadable {
    Unreadable::Shape(error.to_string())
}
