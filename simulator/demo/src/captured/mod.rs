//! Events that somebody captured, in whatever form they have them: bytes become text, text becomes values, values become events.

mod bytes;
mod entries;
mod values;

use std::io::Read;

use anyhow::{Context, bail};
use serde_json::Value;

/// So many reasons are told; the others are counted.
const TOLD: usize = 5;

/// What a file of captured events holds.
#[derive(Debug, Default)]
pub struct Captured {
    /// What is delivered, in the order of the file.
    pub events: Vec<Value>,
    /// What is not delivered.
    pub refused: Vec<Refused>,
}

/// An entry that cannot be an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which entry of the file, counted from 1.
    pub entry: usize,
    /// What it is instead.
    pub reason: &'static str,
}

/// Reads captured events: lists, single events or many one after the other, as text of any Unicode form, packed with gzip or not.
/// What wraps them (`value`, `events`, `records`, `event`, `body`) is taken off.
///
/// # Errors
/// When it cannot be read, is something else, which is named, or holds no event at all.
pub fn read_captured(mut from: impl Read) -> anyhow::Result<Captured> {
    let mut raw = Vec::new();
    from.read_to_end(&mut raw)?;
    let text = bytes::text(raw)?;
    let mut captured = Captured::default();
    for value in values::values(&text)? {
        entries::add(value, &mut captured);
    }
    if captured.events.is_empty() {
        bail!(empty(&captured.refused));
    }
    Ok(captured)
}

/// The same from a file, or from the standard input where it is `-`.
///
/// # Errors
/// As [`read_captured`], with the name of the file.
pub fn read_captured_file(path: &std::path::Path) -> anyhow::Result<Captured> {
    let name = path.display();
    if path.as_os_str() == "-" {
        return read_captured(std::io::stdin().lock()).context("the standard input holds no events");
    }
    let file = std::fs::File::open(path).with_context(|| format!("{name} cannot be read"))?;
    read_captured(file).with_context(|| format!("{name} holds no events"))
}

/// The text of a file, in any Unicode form and packed with gzip or not.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn read_text(path: &std::path::Path) -> anyhow::Result<String> {
    bytes::text(std::fs::read(path)?)
}

/// Why there is nothing to deliver.
fn empty(refused: &[Refused]) -> String {
    if refused.is_empty() {
        return "it is empty; give a list of events, or one event after the other".to_owned();
    }
    let told = refused.iter().take(TOLD).map(|one| format!("entry {} is {}", one.entry, one.reason));
    let more = refused.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("{more} more are no events either"));
    told.chain(more).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
