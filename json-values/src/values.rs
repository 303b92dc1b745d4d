//! From text to JSON values: one, or many one after the other, on lines of their own or over many lines, with commas between or not. A list,
//! and the list within what wraps it, is no value but a row of them: of a large file one element is held at a time.

use std::io::Read;

use anyhow::bail;
use serde_json::Value;

use super::bytes::Text;
use super::raw::{MOST, Raw, Step};

/// So deep a list is a row of elements, with what wraps it.
const DEEPEST: usize = 16;

/// Which members of an object hold a list of what is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wrapping {
    /// Their names, in any case.
    pub lists: &'static [&'static str],
    /// Names that tell an object to be no wrapper.
    pub marks: &'static [&'static str],
}

/// What is open where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    List,
    /// An object of which a list was found.
    Wrapper,
}

/// The values of a text, one by one, and an error in their place where it cannot be read on.
pub struct Values {
    text: Text,
    wrapping: Wrapping,
    piece: String,
    /// The place in the piece.
    at: usize,
    /// Line breaks before that place, and bytes since the last one.
    line: usize,
    column: usize,
    open: Vec<Open>,
    is_begun: bool,
}

impl Values {
    /// The values that these bytes hold.
    ///
    /// # Errors
    /// When they cannot be read, or begin as something else than text.
    pub fn of(from: impl Read + Send + 'static, wrapping: Wrapping) -> anyhow::Result<Self> {
        let text = Text::of(from)?;
        let (piece, open) = (String::new(), Vec::new());
        Ok(Self { text, wrapping, piece, at: 0, line: 0, column: 0, open, is_begun: false })
    }

    /// The next value; none at the end.
    fn value(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            let Some(byte) = self.after_space()? else { return self.end().map(|()| None) };
            if !std::mem::replace(&mut self.is_begun, true) && byte == b'<' {
                bail!("it is HTML or XML, perhaps the page of a login; what is wanted is JSON");
            }
            match (byte, self.open.last()) {
                (b']', Some(Open::List)) | (b'}', Some(Open::Wrapper)) => {
                    self.take();
                    self.open.pop();
                }
                (b'[', place) if place != Some(&Open::Wrapper) && self.open.len() < DEEPEST => {
                    self.take();
                    self.open.push(Open::List);
                }
                (_, place) => {
                    let in_wrapper = place == Some(&Open::Wrapper);
                    if let Some(value) = self.element(in_wrapper)? {
                        return Ok(Some(value));
                    }
                }
            }
        }
    }

    /// An element, unless it turns out to be a list's wrapper, of which the list comes next. A member beside that list is passed over.
    fn element(&mut self, in_wrapper: bool) -> anyhow::Result<Option<Value>> {
        let (line, column) = (self.line, self.column);
        let wrapping = (self.open.len() + 1 < DEEPEST).then_some(self.wrapping);
        let mut raw = if in_wrapper { Raw::member(wrapping) } else { Raw::value(wrapping) };
        let mut is_too_large = false;
        while let Some(byte) = self.peek()? {
            match raw.step(byte) {
                Step::Takes => self.take(),
                Step::Ends => break,
                Step::EndsWith => {
                    self.take();
                    break;
                }
                Step::TooLarge => {
                    is_too_large = true;
                    break;
                }
                Step::List => {
                    self.take();
                    self.open.extend((!in_wrapper).then_some(Open::Wrapper));
                    self.open.push(Open::List);
                    return Ok(None);
                }
            }
        }
        let error = match raw.parsed(!is_too_large) {
            Ok(value) => return Ok((!in_wrapper).then_some(value)),
            Err(error) if is_too_large && error.is_eof() => {
                bail!("what begins in line {}, column {}, is larger than {} MiB", line + 1, column + 1, MOST >> 20)
            }
            Err(error) => error,
        };
        // The error counts lines from where the value begins, and a member was put into braces.
        let before = if error.line() == 1 { column.saturating_sub(usize::from(in_wrapper)) } else { 0 };
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        Err(broken(line + error.line(), before + error.column(), words, error.is_eof()))
    }

    fn end(&self) -> anyhow::Result<()> {
        match self.open.last() {
            None => Ok(()),
            Some(Open::List) => Err(broken(self.line + 1, self.column, "EOF while parsing a list", true)),
            Some(Open::Wrapper) => Err(broken(self.line + 1, self.column, "EOF while parsing an object", true)),
        }
    }

    /// The next byte that begins something: in a row of objects somebody may have put commas.
    fn after_space(&mut self) -> anyhow::Result<Option<u8>> {
        loop {
            let next = self.peek()?;
            let rest = &self.piece[self.at..];
            let space = rest.len() - rest.trim_start_matches(is_between).len();
            if space == 0 {
                return Ok(next);
            }
            (0..space).for_each(|_| self.take());
        }
    }

    /// The next byte.
    fn peek(&mut self) -> anyhow::Result<Option<u8>> {
        while self.at >= self.piece.len() {
            let Some(piece) = self.text.piece()? else { return Ok(None) };
            (self.piece, self.at) = (piece, 0);
        }
        Ok(self.piece.as_bytes().get(self.at).copied())
    }

    /// Goes on behind it.
    fn take(&mut self) {
        let is_break = self.piece.as_bytes().get(self.at) == Some(&b'\n');
        self.at += 1;
        (self.line, self.column) = if is_break { (self.line + 1, 0) } else { (self.line, self.column + 1) };
    }
}

impl Iterator for Values {
    type Item = anyhow::Result<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        self.value().transpose()
    }
}

fn broken(line: usize, column: usize, words: &str, is_end: bool) -> anyhow::Error {
    let cut = if is_end { "; the file seems to be cut off" } else { "" };
    anyhow::anyhow!("line {line}, column {column}, is not JSON: {words}{cut}")
}

fn is_between(character: char) -> bool {
    character.is_whitespace() || character == ',' || character == '\u{feff}'
}
