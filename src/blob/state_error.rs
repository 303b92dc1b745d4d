//! Why a document could not be read or written: storage, or the one document.

use remediation::document::VERSION;

use crate::azure::is_of_the_request;

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
    /// Storage refuses this very request, as one too large, and would refuse it again.
    #[error("blob {blob} cannot be {verb} as it is: storage refuses the request itself; please report this")]
    Refused {
        /// The blob.
        blob: String,
        /// What was tried.
        verb: &'static str,
        /// What the client says.
        source: Box<azure_core::Error>,
    },
    /// Others wrote first, again and again.
    #[error("blob {blob} is written by others again and again")]
    Contended {
        /// The blob.
        blob: String,
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
    /// What the client's error means for this blob.
    pub(super) fn of(blob: &str, verb: &'static str, source: azure_core::Error) -> Self {
        let (blob, is_final) = (blob.to_owned(), is_of_the_request(&source));
        let source = Box::new(source);
        if is_final { Self::Refused { blob, verb, source } } else { Self::Unavailable { blob, verb, source } }
    }

    /// Whether only the one document is at fault, so that others can go on, and trying again at once is no use.
    #[must_use]
    pub fn is_about_the_document(&self) -> bool {
        match self {
            Self::NewerVersion { .. } | Self::Unreadable { .. } | Self::Refused { .. } => true,
            Self::Unavailable { .. } | Self::Contended { .. } => false,
        }
    }
}
