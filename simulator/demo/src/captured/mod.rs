//! Events that somebody captured, in whatever form they have them: bytes become text, text becomes values, values become events. A file is
//! read in a stream, as often as it is needed: what it holds at a time does not grow with it.

mod bytes;
mod entries;
mod file;
mod raw;
mod unicode;
mod values;

use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

use anyhow::bail;
use serde_json::Value;

pub use entries::Entry;
pub use file::CapturedFile;
use values::{Values, Wrapping};

/// So many reasons are told; the others are counted.
const TOLD: usize = 5;
/// Members that hold a list of policy states.
const OF_STATES: Wrapping = Wrapping { lists: &["value", "data"], marks: &["policyAssignmentId", "properties"] };

/// The entries of a file, one by one, and an error in their place where it cannot be read on.
pub struct Entries {
    values: Values,
    found: VecDeque<Entry>,
}

impl Entries {
    /// Of captured events: lists, single events or many one after the other, as text of any Unicode form, packed with gzip or not. What
    /// wraps them (`value`, `events`, `records`, `event`, `body`) is taken off.
    ///
    /// # Errors
    /// When they cannot be read, or are something else, which is named.
    pub fn of(from: impl Read + Send + 'static) -> anyhow::Result<Self> {
        Ok(Self { values: Values::of(from, entries::WRAPPING)?, found: VecDeque::new() })
    }

    fn entry(&mut self) -> anyhow::Result<Option<Entry>> {
        while self.found.is_empty() {
            let Some(value) = self.values.value()? else { return Ok(None) };
            entries::add(value, &mut self.found);
        }
        Ok(self.found.pop_front())
    }
}

impl Iterator for Entries {
    type Item = anyhow::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entry().transpose()
    }
}

/// The policy states of a file, one by one, whatever they are in: what `az policy state list` or `az graph query` prints, in a list, a wrapper
/// (`value`, `data`) or one after the other. Of any Unicode form, packed with gzip or not.
///
/// # Errors
/// When the file cannot be read, or is something else, which is named.
pub fn states_of(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Value>>> {
    let mut values = Values::of(CapturedFile::open(path)?.bytes(), OF_STATES)?;
    Ok(std::iter::from_fn(move || values.value().transpose()))
}

/// Counts what cannot be an event, and keeps the first reasons with their places.
#[derive(Debug, Default)]
pub struct Refusals {
    /// How many there are.
    pub count: usize,
    /// The first of them: the entry, counted from 1, and what it is.
    pub first: Vec<(usize, &'static str)>,
}

impl Refusals {
    /// One more.
    pub fn add(&mut self, entry: usize, reason: &'static str) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push((entry, reason));
        }
    }

    /// Fails where there is no event at all.
    ///
    /// # Errors
    /// What there is instead.
    pub fn judge(&self, events: usize) -> anyhow::Result<()> {
        if events > 0 {
            return Ok(());
        }
        if self.count == 0 {
            bail!("it is empty; give a list of events, or one event after the other");
        }
        let told = self.first.iter().map(|(entry, reason)| format!("entry {entry} is {reason}"));
        let more = self.count - self.first.len();
        let more = (more > 0).then(|| format!("{more} more are no events either"));
        bail!(told.chain(more).collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests;
