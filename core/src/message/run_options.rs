//! What a batch run asks of the tasks that it causes, and of no others.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::fold;

/// What a batch run asks of its tasks. What is not asked for is as the settings have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunOptions {
    /// Most resources of a target that the run remediates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_count: Option<u32>,
    /// Deployments of a task at the same time, 1 to 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_deployments: Option<u32>,
    /// Share of failed deployments above which a task gives up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<Share>,
    /// Only resources in these locations; empty: in all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub locations: BTreeSet<Location>,
}

impl RunOptions {
    /// Whether tasks are as the settings have them.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What is asked of a task for resources that have been chosen already.
    #[must_use]
    pub fn of_chosen(&self) -> Self {
        Self { resource_count: None, locations: BTreeSet::new(), ..self.clone() }
    }
}

/// A share, from 0.0 to 1.0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Share(f32);

// No share is NaN.
impl Eq for Share {}

impl From<Share> for f32 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl TryFrom<f32> for Share {
    type Error = &'static str;

    fn try_from(share: f32) -> Result<Self, &'static str> {
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err("it is not a number from 0.0 to 1.0") }
    }
}

/// The name of a location, folded and without blanks, as policy states have it: `westeurope`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Location(String);

impl Location {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let name: String = text.chars().filter(|c| *c != ' ').collect();
        let is_name = (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
        if is_name { Ok(Self(fold(&name))) } else { Err("it is not the name of a location such as westeurope") }
    }
}

impl TryFrom<String> for Location {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_one_name_however_it_is_written() {
        assert_eq!("West Europe".parse::<Location>(), "westeurope".parse());
        for odd in ["", " ", "west-europe", "west'europe", "o or 1 eq 1)", &"a".repeat(65)] {
            assert!(odd.parse::<Location>().is_err(), "{odd}");
        }
    }

    #[test]
    fn a_share_lies_between_none_and_all() {
        assert!([0.0, 0.25, 1.0].iter().all(|share| Share::try_from(*share).is_ok()));
        assert!([-0.1, 1.1, f32::NAN, f32::INFINITY].iter().all(|share| Share::try_from(*share).is_err()));
    }
}
