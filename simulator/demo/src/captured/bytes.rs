//! From bytes to text: gzip, byte order marks, UTF-16 (as PowerShell writes it), and what is no text at all, by its name.

use std::io::Read as _;

use anyhow::{Context, bail};
use flate2::read::MultiGzDecoder;

/// Most bytes that a packed file may become: a small file can be packed from very much.
const MOST: u64 = 1 << 30;

/// The text that these bytes are.
pub(super) fn text(raw: Vec<u8>) -> anyhow::Result<String> {
    let raw = if raw.starts_with(&[0x1f, 0x8b]) { unpacked(&raw)? } else { raw };
    if raw.starts_with(b"Obj\x01") {
        bail!("it is an Avro file, as the capture of Event Hubs writes it; export the events as JSON");
    }
    if raw.starts_with(b"PK\x03\x04") {
        bail!("it is a zip archive; unpack it first");
    }
    let text = match &raw[..] {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest.to_vec())?,
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes)?,
        // JSON begins with two characters of ASCII.
        [first, 0, ..] if *first != 0 => utf_16(&raw, u16::from_le_bytes)?,
        [0, first, ..] if *first != 0 => utf_16(&raw, u16::from_be_bytes)?,
        _ => utf_8(raw)?,
    };
    if text.trim_start().starts_with('<') {
        bail!("it is HTML or XML, perhaps the page of a login; the events are JSON");
    }
    Ok(text)
}

fn unpacked(raw: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    MultiGzDecoder::new(raw).take(MOST + 1).read_to_end(&mut text).context("it is packed with gzip, and damaged")?;
    if text.len() as u64 > MOST {
        bail!("it is packed from more than {} MiB; give it in parts", MOST >> 20);
    }
    Ok(text)
}

fn utf_8(raw: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(raw).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        anyhow::anyhow!("it is no text: byte {} is not UTF-8", place + 1)
    })
}

fn utf_16(raw: &[u8], unit: fn([u8; 2]) -> u16) -> anyhow::Result<String> {
    let (pairs, rest) = raw.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        Ok(_) | Err(_) => bail!("it begins as UTF-16 and is cut off or damaged"),
    }
}
