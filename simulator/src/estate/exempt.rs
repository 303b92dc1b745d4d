//! Which records of an estate are exempt.

use super::{Estate, Exemption, RecordKey, is_same};
use time::OffsetDateTime;

impl Estate {
    /// Whether somebody exempted the resource of a record from its policy.
    pub fn is_exempt(&self, key: &RecordKey, now: OffsetDateTime) -> bool {
        self.exemptions.iter().any(|one| {
            let reference = key.reference.as_deref();
            let is_named = |known: &String| reference.is_some_and(|reference| is_same(known, reference));
            !one.is_over(now)
                && one.assignment == key.assignment
                && (one.references.is_empty() || one.references.iter().any(is_named))
                && self.covers(&one.id.parent_scope(), &key.resource)
        })
    }

    /// The same with an exemption.
    pub fn with_exemption(mut self, exemption: Exemption) -> Self {
        self.exemptions.push(exemption);
        self
    }
}
