//! How long changes of rights take.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long changes take. All zero: at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lag {
    /// Until a role assignment that was made or deleted acts.
    pub acting: Duration,
    /// Until one that was made can be read.
    pub reading: Duration,
    /// Until the directory knows the identity of a new policy assignment (`PrincipalNotFound`).
    pub directory: Duration,
    /// The same across tenants (`LinkedAuthorizationFailed`).
    pub across_tenants: Duration,
}
