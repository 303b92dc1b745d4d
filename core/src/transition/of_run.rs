//! What a batch run asks for, and the entry that a resource gets for it.

use crate::document::{Entry, OfRun};
use crate::fact::{Effect, PolicyState};
use crate::message::RunOptions;
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::states::first_due;

/// Whether the run asks for the resource with this state.
pub(crate) fn takes(run: &OfRun, state: &PolicyState) -> bool {
    let locations = &run.options.locations;
    let is_there = locations.is_empty() || state.location.as_ref().is_some_and(|location| locations.contains(location));
    is_there && !matches!(state.effect, Some(Effect::Other(_)))
}

/// The entry of a resource that is listed now.
pub(crate) fn entry(run: Option<&OfRun>, at: Timestamp, tuning: &Tuning, now: Timestamp) -> Entry {
    match run {
        Some(run) => {
            let options = RunOptions { resource_count: None, ..run.options.clone() };
            Entry { options, ..Entry::waiting(at, first_due(at, tuning, now)) }
        }
        None => Entry::waiting(at, now),
    }
}
