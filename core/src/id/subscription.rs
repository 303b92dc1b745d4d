//! A subscription's id: a GUID, so it can stand in paths, blob names and keys as it is.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::path::{IdError, text_form};

/// The id of a subscription, without the `/subscriptions/` before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// The GUID in its hyphenated, lower-case form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        let guid = Uuid::try_parse(text.trim()).map_err(|_| IdError::shape("a subscription's GUID", text))?;
        Ok(Self(guid.hyphenated().to_string()))
    }
}

text_form!(SubscriptionId);
