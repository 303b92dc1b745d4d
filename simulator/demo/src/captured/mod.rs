//! Events that somebody captured, in whatever form they have them: values become events. A file is read in a stream, as often as it is
//! needed: what it holds at a time does not grow with it.

mod entries;
mod file;

use std::collections::VecDeque;
use std::io::Read;

use anyhow::bail;
use json_values::Values;

pub use entries::Entry;
pub use file::CapturedFile;

/// So many reasons are told; the others are counted.
const TOLD: usize = 5;

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
            let Some(value) = self.values.next().transpose()? else { return Ok(None) };
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
