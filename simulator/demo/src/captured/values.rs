//! From text to JSON values: one, or many one after the other, on lines of their own or over many lines, with commas between or not.

use anyhow::bail;
use serde_json::{Deserializer, Value};

/// The values in this text. An error names the line.
pub(super) fn values(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut values = Vec::new();
    let mut rest = text.trim_start_matches(is_between);
    while !rest.is_empty() {
        let mut stream = Deserializer::from_str(rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => values.push(value),
            Some(Err(error)) => {
                // The error counts lines from where the value begins.
                let begun = text[..text.len() - rest.len()].matches('\n').count();
                let (line, column) = (begun + error.line(), error.column());
                let words = error.to_string();
                let words = words.split(" at line ").next().unwrap_or_default();
                let cut = if error.is_eof() { "; the file seems to be cut off" } else { "" };
                bail!("line {line}, column {column}, is not JSON: {words}{cut}");
            }
            None => break,
        }
        rest = rest[stream.byte_offset()..].trim_start_matches(is_between);
    }
    Ok(values)
}

/// What may stand between two values: in a row of objects somebody may have put commas.
fn is_between(character: char) -> bool {
    character.is_whitespace() || character == ',' || character == '\u{feff}'
}
