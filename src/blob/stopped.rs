//! Which targets are stopped, as it was listed last.

use std::collections::HashMap;
use std::sync::Arc;

use remediation::time::Timestamp;
use tokio::time::Instant;

/// The targets that are stopped, by hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped(HashMap<String, Timestamp>);

impl Stopped {
    /// These, each until its time.
    pub(super) fn of(until: HashMap<String, Timestamp>) -> Self {
        Self(until)
    }

    /// Whether the target with this hash is stopped.
    #[must_use]
    pub fn holds(&self, hash: &str, now: Timestamp) -> bool {
        self.0.get(hash).is_some_and(|until| *until > now)
    }
}

/// What was listed last, and when.
pub(super) type Known = Option<(Instant, Arc<Stopped>)>;
