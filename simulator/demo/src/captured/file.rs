//! A file of captured events, or the standard input, which can be read more than once.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::{Entries, Entry, Refusals};

/// A file of captured events.
#[derive(Debug)]
pub struct CapturedFile {
    name: String,
    file: File,
    /// Bytes of it: what is written to its end later does not count.
    length: u64,
}

impl CapturedFile {
    /// Opens a file, or the standard input where it is `-`. What can be read only once, as a pipe, is copied into a temporary file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::copied("the standard input".to_owned(), std::io::stdin().lock());
        }
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
        let about = file.metadata()?;
        if about.is_file() { Ok(Self { name, file, length: about.len() }) } else { Self::copied(name, file) }
    }

    fn copied(name: String, mut from: impl Read) -> anyhow::Result<Self> {
        let copy = || {
            let mut file = tempfile::tempfile()?;
            let length = std::io::copy(&mut from, &mut file)?;
            Ok::<_, std::io::Error>((file, length))
        };
        let (file, length) = { copy }().with_context(|| format!("{name} holds no events"))?;
        Ok(Self { name, file, length })
    }

    /// Its bytes from the beginning. Only one reader reads at a time.
    pub(super) fn bytes(&self) -> anyhow::Result<impl Read + Send + 'static> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file.take(self.length))
    }

    /// Its entries from the beginning. Only one reader reads at a time.
    ///
    /// # Errors
    /// As [`Entries::of`], with the name of the file; so are the errors of the entries.
    pub fn entries(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Entry>> + Send + use<>> {
        let words = format!("{} holds no events", self.name);
        let entries = self.bytes().and_then(Entries::of).with_context(|| words.clone())?;
        Ok(entries.map(move |entry| entry.with_context(|| words.clone())))
    }

    /// Its events from the beginning. Only one reader reads at a time.
    ///
    /// # Errors
    /// As [`CapturedFile::entries`].
    pub fn events(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Value>> + Send + use<>> {
        Ok(self.entries()?.filter_map(|entry| match entry {
            Ok(Entry::Event(event)) => Some(Ok(event)),
            Ok(Entry::Refused(_)) => None,
            Err(error) => Some(Err(error)),
        }))
    }

    /// Fails where there is no event at all, with the name of the file.
    ///
    /// # Errors
    /// What there is instead.
    pub fn judge(&self, refusals: &Refusals, events: usize) -> anyhow::Result<()> {
        refusals.judge(events).with_context(|| format!("{} holds no events", self.name))
    }
}
