//! A file of captured events, or the standard input, which can be read more than once.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use super::{Entries, Entry, Refusals};

/// A file of captured events.
#[derive(Debug)]
pub struct CapturedFile {
    name: String,
    file: Arc<File>,
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
        // What the system makes up as it is read says that it is empty.
        let can_be_read_again = about.is_file() && about.len() > 0;
        if can_be_read_again {
            Ok(Self { name, file: Arc::new(file), length: about.len() })
        } else {
            Self::copied(name, file)
        }
    }

    fn copied(name: String, mut from: impl Read) -> anyhow::Result<Self> {
        let copy = || {
            let mut file = tempfile::tempfile()?;
            let length = std::io::copy(&mut from, &mut file)?;
            Ok::<_, std::io::Error>((file, length))
        };
        let (file, length) = { copy }().with_context(|| format!("{name} holds no events"))?;
        Ok(Self { name, file: Arc::new(file), length })
    }

    /// Its bytes from the beginning.
    pub(super) fn bytes(&self) -> impl Read + Send + 'static {
        Reader { file: Arc::clone(&self.file), at: 0 }.take(self.length)
    }

    /// Its entries from the beginning.
    ///
    /// # Errors
    /// As [`Entries::of`], with the name of the file; so are the errors of the entries.
    pub fn entries(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Entry>> + Send + use<>> {
        let name = self.name.clone();
        let entries = Entries::of(self.bytes()).with_context(|| format!("{name} holds no events"))?;
        Ok(entries.enumerate().map(move |(before, entry)| {
            let what = if before == 0 { "holds no events" } else { "cannot be read to its end" };
            entry.with_context(|| format!("{name} {what}"))
        }))
    }

    /// Its events from the beginning.
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

/// Reads a file from a place of its own, so that several can read it at a time.
struct Reader {
    file: Arc<File>,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, to, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, to, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn two_readers_of_a_file_do_not_disturb_each_other() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for number in 0..50_000 {
            writeln!(file, r#"{{"eventType":"e","id":"{number}"}}"#).unwrap();
        }
        let captured = CapturedFile::open(file.path()).unwrap();
        let (first, second) = (captured.events().unwrap(), captured.events().unwrap());
        let mut count = 0;
        for (one, other) in first.zip(second) {
            assert_eq!(one.unwrap(), other.unwrap());
            count += 1;
        }
        assert_eq!(count, 50_000);
    }

    #[test]
    fn what_breaks_after_some_events_is_not_said_to_hold_none() {
        for (text, words) in
            [("{\"eventType\":1}\n{\"a\":", "cannot be read to its end"), ("{\"a\":", "holds no events")]
        {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let captured = CapturedFile::open(file.path()).unwrap();
            let told =
                captured.entries().and_then(Iterator::collect::<anyhow::Result<Vec<_>>>).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
