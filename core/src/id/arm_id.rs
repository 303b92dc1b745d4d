//! Any ARM id, for things that are only ever named in answers of Resource Manager and asked back for by that name.

use crate::id::path;

use super::path::{IdError, text_form};

/// A folded ARM id whose segments are safe to stand in a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArmId(String);

impl ArmId {
    /// The canonical text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        Ok(Self(path::join(&path::segments(text)?)))
    }
}

text_form!(ArmId);
