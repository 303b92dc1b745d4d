//! Resources that drift back: something sets them to what they were some time after a remediation task has fixed them, as
//! a pipeline or a person does. Which ones follows from a seed.

use std::time::Duration;
use time::OffsetDateTime;

/// How resources drift.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Share of the fixes that do not last, 0.0 to 1.0.
    pub share: f64,
    /// How long they last.
    pub after: Duration,
    /// How often one record drifts at most.
    pub most: usize,
    /// The same seed and the same number of a record's fix give the same chance.
    pub seed: u64,
}

/// A record that has drifted, or will.
#[derive(Debug)]
pub(crate) struct Drifted {
    pub(crate) record: usize,
    /// The end of the deployment that had fixed it.
    pub(crate) fixed_at: OffsetDateTime,
    pub(crate) at: OffsetDateTime,
    /// Whether its event was told.
    pub(crate) told: bool,
}
