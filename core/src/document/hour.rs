//! What became of a target's resources in one hour.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Counts of resources, and the seconds that belong to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Sums {
    /// Resources that were fixed.
    pub fixed: u64,
    /// From observed to fixed, over all of them.
    pub seconds_to_fixed: f64,
    /// Fixes that a later evaluation verified.
    pub verified: u64,
    /// From observed to verified, over all of them.
    pub seconds_to_verified: f64,
    /// Resources that were parked, by themselves or with their target.
    pub parked: u64,
    /// Attempts that are repeated.
    pub retried: u64,
}

impl Sums {
    /// Adds other sums to these.
    pub fn add(&mut self, other: &Self) {
        self.fixed += other.fixed;
        self.seconds_to_fixed += other.seconds_to_fixed;
        self.verified += other.verified;
        self.seconds_to_verified += other.seconds_to_verified;
        self.parked += other.parked;
        self.retried += other.retried;
    }
}

/// The sums of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hour {
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub begun: Timestamp,
    /// What was written in it.
    pub sums: Sums,
}
