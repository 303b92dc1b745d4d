//! What makes the `MessageId` of a wake-up its own. Generations count from one again when a document was lost, moved away or
//! restored, and the broker remembers ids for a day: a wake-up whose id it knew would be swallowed, and its target sleep.

use serde::{Deserialize, Serialize};

/// Drawn in the very write that raises a generation, and kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nonce(String);

impl Nonce {
    /// The nonce of a number that has been drawn: the decisions draw nothing themselves.
    #[must_use]
    pub fn of(drawn: u128) -> Self {
        Self(format!("{drawn:032x}"))
    }

    /// Its hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
