//! One JSON value as bytes: where it ends, and whether it wraps a list. What is wrong with it is left to the JSON parser.

use serde_json::Value;

use super::values::Wrapping;

/// Most bytes of a value. Event Grid has events of 1 MB; a wrapper may hold some as text.
pub(super) const MOST: usize = 16 << 20;

/// What a byte means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It belongs to the value.
    Takes,
    /// The value has ended before it.
    Ends,
    /// The value ends with it.
    EndsWith,
    /// It begins the list that this object wraps.
    List,
    /// No value is as large.
    TooLarge,
}

/// The value as far as it was read.
pub(super) struct Raw {
    bytes: Vec<u8>,
    wrapping: Option<Wrapping>,
    /// Whether it is the member of an object, put into braces.
    is_member: bool,
    depth: usize,
    /// Where a string begins that has no end yet.
    string: Option<usize>,
    is_escaped: bool,
    /// The last whole string of the object itself.
    name: Vec<u8>,
    is_after_colon: bool,
    is_marked: bool,
}

impl Raw {
    /// A value, which may be an object that wraps a list.
    pub(super) fn value(wrapping: Option<Wrapping>) -> Self {
        let (bytes, name) = (Vec::new(), Vec::new());
        let (is_member, is_escaped, is_after_colon, is_marked) = (false, false, false, false);
        Self { bytes, wrapping, is_member, depth: 0, string: None, is_escaped, name, is_after_colon, is_marked }
    }

    /// A member of an object, with its name.
    pub(super) fn member(wrapping: Option<Wrapping>) -> Self {
        Self { bytes: b"{".to_vec(), is_member: true, depth: 1, ..Self::value(wrapping) }
    }

    /// Takes the next byte in, if it belongs to the value.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        let least = usize::from(self.is_member);
        let is_empty = self.bytes.len() == least;
        let is_outside = self.string.is_none() && self.depth == least;
        if self.bytes.len() >= MOST {
            return Step::TooLarge;
        }
        if is_outside {
            match byte {
                b',' => return Step::Ends,
                b'}' | b']' if !is_empty => return Step::Ends,
                b'}' | b']' => {
                    self.bytes.push(byte);
                    return Step::EndsWith;
                }
                b'{' | b'[' | b'"' | b' ' | b'\t' | b'\r' | b'\n' if !is_empty && !self.is_member => return Step::Ends,
                _ => {}
            }
        }
        if byte == b'[' && self.wraps_here() {
            return Step::List;
        }
        self.bytes.push(byte);
        if let Some(begin) = self.string {
            return self.in_string(byte, begin);
        }
        match byte {
            b'"' => self.string = Some(self.bytes.len()),
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            b':' if self.depth == 1 => {
                let marks = self.wrapping.map_or(&[][..], |wrapping| wrapping.marks);
                self.is_marked |= marks.iter().any(|known| known.as_bytes() == self.name);
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.is_after_colon = byte == b':';
        }
        if self.depth == 0 && matches!(byte, b'}' | b']') { Step::EndsWith } else { Step::Takes }
    }

    fn in_string(&mut self, byte: u8, begin: usize) -> Step {
        if !std::mem::take(&mut self.is_escaped) {
            self.is_escaped = byte == b'\\';
            if byte == b'"' {
                self.string = None;
                if self.depth == 1 {
                    self.name = self.bytes[begin..self.bytes.len() - 1].to_vec();
                }
                return if self.depth == 0 { Step::EndsWith } else { Step::Takes };
            }
        }
        Step::Takes
    }

    /// Whether a list here is the one that this object wraps.
    fn wraps_here(&self) -> bool {
        let Some(wrapping) = self.wrapping else { return false };
        let is_member = self.depth == 1 && self.bytes.first() == Some(&b'{') && self.string.is_none();
        let is_list = || wrapping.lists.iter().any(|known| self.name.eq_ignore_ascii_case(known.as_bytes()));
        is_member && self.is_after_colon && !self.is_marked && is_list()
    }

    /// The value, which has an end or was left in the middle.
    ///
    /// # Errors
    /// When it is not JSON, or not whole.
    pub(super) fn parsed(mut self, has_end: bool) -> serde_json::Result<Value> {
        self.bytes.extend((self.is_member && has_end).then_some(b'}'));
        serde_json::from_slice(&self.bytes)
    }
}
