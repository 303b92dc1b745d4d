//! From pieces of bytes to pieces of text, whatever a piece cuts in two.

use anyhow::{anyhow, bail};

/// How text is written down.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// Decodes one piece after the other.
pub(super) struct Unicode {
    encoding: Encoding,
    /// The bytes of a character of which the end is still to come.
    rest: Vec<u8>,
    /// Bytes that are text already.
    done: usize,
}

impl Unicode {
    pub(super) fn of(encoding: Encoding) -> Self {
        Self { encoding, rest: Vec::new(), done: 0 }
    }

    /// The text of a piece, without the character that it does not end.
    ///
    /// # Errors
    /// When it is no text.
    pub(super) fn text(&mut self, piece: &[u8]) -> anyhow::Result<String> {
        let mut raw = std::mem::take(&mut self.rest);
        raw.extend_from_slice(piece);
        let whole = match self.encoding {
            Encoding::Utf8 => whole_utf_8(&raw).map_err(|place| self.not_utf_8(place))?,
            Encoding::Utf16Little => whole_utf_16(&raw, 1),
            Encoding::Utf16Big => whole_utf_16(&raw, 0),
        };
        self.rest = raw.split_off(whole);
        self.done += whole;
        match self.encoding {
            Encoding::Utf8 => Ok(String::from_utf8(raw)?),
            Encoding::Utf16Little => utf_16(&raw, u16::from_le_bytes),
            Encoding::Utf16Big => utf_16(&raw, u16::from_be_bytes),
        }
    }

    /// Nothing more is to come.
    ///
    /// # Errors
    /// When a character has no end.
    pub(super) fn end(&self) -> anyhow::Result<()> {
        match self.encoding {
            _ if self.rest.is_empty() => Ok(()),
            Encoding::Utf8 => Err(self.not_utf_8(0)),
            Encoding::Utf16Little | Encoding::Utf16Big => bail!(DAMAGED),
        }
    }

    fn not_utf_8(&self, place: usize) -> anyhow::Error {
        anyhow!("it is no text: byte {} is not UTF-8", self.done + place + 1)
    }
}

const DAMAGED: &str = "it begins as UTF-16 and is cut off or damaged";

/// How many of these bytes are whole characters, or the place of one that is none.
fn whole_utf_8(raw: &[u8]) -> Result<usize, usize> {
    match std::str::from_utf8(raw) {
        Ok(text) => Ok(text.len()),
        Err(error) if error.error_len().is_none() => Ok(error.valid_up_to()),
        Err(error) => Err(error.valid_up_to()),
    }
}

/// The same of UTF-16, of which a character has one unit or two. `high` is the byte of a unit that tells which.
fn whole_utf_16(raw: &[u8], high: usize) -> usize {
    let even = raw.len() - raw.len() % 2;
    let begins_a_pair = even >= 2 && (0xd8..=0xdb).contains(&raw[even - 2 + high]);
    if begins_a_pair { even - 2 } else { even }
}

fn utf_16(raw: &[u8], unit: fn([u8; 2]) -> u16) -> anyhow::Result<String> {
    let (pairs, _) = raw.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.map_err(|_| anyhow!(DAMAGED))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In pieces of so many bytes.
    fn read(encoding: Encoding, raw: &[u8], size: usize) -> anyhow::Result<String> {
        let mut unicode = Unicode::of(encoding);
        let pieces: anyhow::Result<String> = raw.chunks(size).map(|piece| unicode.text(piece)).collect();
        let text = pieces?;
        unicode.end().map(|()| text)
    }

    #[test]
    fn text_is_the_same_wherever_its_pieces_end() {
        let text = "aé🙂漢\u{feff}z";
        let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        for size in 1..20 {
            assert_eq!(read(Encoding::Utf8, text.as_bytes(), size).unwrap(), text);
            assert_eq!(read(Encoding::Utf16Little, &units(u16::to_le_bytes), size).unwrap(), text);
            assert_eq!(read(Encoding::Utf16Big, &units(u16::to_be_bytes), size).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_found_wherever_its_pieces_end() {
        let words = |encoding, raw: &[u8], size| read(encoding, raw, size).unwrap_err().to_string();
        for size in 1..9 {
            assert_eq!(words(Encoding::Utf8, b"abc\xffdef", size), "it is no text: byte 4 is not UTF-8");
            assert_eq!(words(Encoding::Utf8, b"abc\xc3", size), "it is no text: byte 4 is not UTF-8");
            for raw in [&b"a\0b"[..], b"a\0\x3d\xd8", b"a\0\x3d\xd8b\0", b"\x42\xdea\0"] {
                assert_eq!(words(Encoding::Utf16Little, raw, size), DAMAGED);
            }
        }
    }
}
