//! From bytes to text, piece by piece: gzip, byte order marks, UTF-16 (as PowerShell writes it), and what is no text at all, by its name.

use std::io::{Cursor, Error, ErrorKind, Read};

use anyhow::bail;
use flate2::read::MultiGzDecoder;

use super::unicode::{Encoding, Unicode};

/// Most bytes that a packed file may become: a small file can be packed from very much.
const MOST: u64 = 1 << 30;
/// So many bytes are read at a time.
const PIECE: usize = 1 << 16;

/// The text of a file, of which no more than a piece is held.
pub(super) struct Text {
    from: Box<dyn Read + Send>,
    unicode: Unicode,
    room: Vec<u8>,
}

impl Text {
    /// The text that these bytes are.
    ///
    /// # Errors
    /// When they cannot be read, or begin as something else, which is named.
    pub(super) fn of(from: impl Read + Send + 'static) -> anyhow::Result<Self> {
        let (begin, from) = begun(from)?;
        if begin.starts_with(&[0x1f, 0x8b]) { Self::plain(Unpacked::of(from)) } else { Self::plain(from) }
    }

    fn plain(from: impl Read + Send + 'static) -> anyhow::Result<Self> {
        let (begin, from) = begun(from)?;
        if begin.starts_with(b"Obj\x01") {
            bail!("it is an Avro file, as the capture of Event Hubs writes it; export what is in it as JSON");
        }
        if begin.starts_with(b"PK\x03\x04") {
            bail!("it is a zip archive; unpack it first");
        }
        let unicode = Unicode::of(match begin[..] {
            [0xff, 0xfe, ..] => Encoding::Utf16Little,
            [0xfe, 0xff, ..] => Encoding::Utf16Big,
            // JSON begins with two characters of ASCII.
            [first, 0, ..] if first != 0 => Encoding::Utf16Little,
            [0, first, ..] if first != 0 => Encoding::Utf16Big,
            _ => Encoding::Utf8,
        });
        Ok(Self { from: Box::new(from), unicode, room: vec![0; PIECE] })
    }

    /// The next piece of it, which may be empty; none at its end.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub(super) fn piece(&mut self) -> anyhow::Result<Option<String>> {
        match self.from.read(&mut self.room) {
            Ok(0) => self.unicode.end().map(|()| None),
            Ok(count) => self.unicode.text(&self.room[..count]).map(Some),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Some(String::new())),
            Err(error) => Err(error.into()),
        }
    }
}

/// The first bytes, and all of them once more.
fn begun(mut from: impl Read) -> std::io::Result<(Vec<u8>, impl Read)> {
    let mut begin = Vec::new();
    from.by_ref().take(4).read_to_end(&mut begin)?;
    Ok((begin.clone(), Cursor::new(begin).chain(from)))
}

/// What was packed with gzip, up to the most.
struct Unpacked<R> {
    from: MultiGzDecoder<R>,
    left: u64,
}

impl<R: Read> Unpacked<R> {
    fn of(from: R) -> Self {
        Self { from: MultiGzDecoder::new(from), left: MOST }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(room).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => error,
            kind => Error::new(kind, format!("it is packed with gzip, and damaged: {error}")),
        })?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| Error::other(format!("it is packed from more than {} MiB; give it in parts", MOST >> 20)))?;
        Ok(count)
    }
}
