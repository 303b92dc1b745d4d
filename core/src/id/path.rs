//! Splits an ARM id into segments, refusing what could change the meaning of a URL.
//! Every id type is built on this one splitter; none looks at the text again.

use super::fold::fold;

/// Longest id that is accepted, in bytes. ARM's own limit on a URL is of this order.
const MAX_LENGTH: usize = 2_048;

/// Why a text is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("the id is empty")]
    Empty,
    /// Longer than any id that ARM takes.
    #[error("the id has {0} bytes; at most {MAX_LENGTH} are accepted")]
    TooLong(usize),
    /// A character or segment that cannot stand in an id.
    #[error("the id has a segment that cannot stand in an ARM id: {0:?}")]
    Segment(String),
    /// The shape is not the expected one.
    #[error("{found:?} is not {expected}")]
    Shape {
        /// What was expected, in words.
        expected: &'static str,
        /// The text that was found.
        found: String,
    },
}

impl IdError {
    /// The text does not have the `expected` shape.
    pub(crate) fn shape(expected: &'static str, found: &str) -> Self {
        Self::Shape { expected, found: found.chars().take(200).collect() }
    }
}

/// The folded segments of an id that starts with a slash. A trailing slash is tolerated.
pub(crate) fn segments(text: &str) -> Result<Vec<String>, IdError> {
    segments_without(text, is_harmful)
}

/// The same of an id that never stands in an address: names of resources may have signs in them that an address gives a meaning.
pub(crate) fn segments_of_a_name(text: &str) -> Result<Vec<String>, IdError> {
    segments_without(text, |c| c.is_control() || matches!(c, '?' | '\\'))
}

fn segments_without(text: &str, is_harmful: fn(char) -> bool) -> Result<Vec<String>, IdError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(IdError::TooLong(text.len()));
    }
    let inner = text.strip_prefix('/').ok_or_else(|| IdError::shape("an id that starts with '/'", text))?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.split('/').map(|text| segment(text, is_harmful)).collect()
}

fn segment(text: &str, is_harmful: fn(char) -> bool) -> Result<String, IdError> {
    if text.is_empty() || text == "." || text == ".." || text.contains(is_harmful) {
        return Err(IdError::Segment(text.chars().take(80).collect()));
    }
    Ok(fold(text))
}

/// Whether the character cannot stand in an id.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '?' | '#' | '%' | '\\' | '<' | '>' | '"')
}

/// Joins segments into the canonical text of an id.
pub(crate) fn join(segments: &[String]) -> String {
    segments.iter().fold(String::new(), |text, segment| text + "/" + segment)
}

/// Implements `Display`, `FromStr`, `TryFrom<String>` and `Into<String>` for an id type with a `text` field and a `parse`.
macro_rules! text_form {
    ($type:ty) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $type {
            type Err = $crate::id::IdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $type {
            type Error = $crate::id::IdError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.as_str().to_owned()
            }
        }
    };
}
pub(crate) use text_form;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_would_change_a_url_is_refused() {
        for bad in ["/a/../b", "/a/./b", "/a//b", "/a?x=1", "/a#b", "/a%2fb", "/a\\b", "/a/\u{0}", "a/b", "", "/"] {
            assert!(segments(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn case_and_a_trailing_slash_do_not_matter() {
        assert_eq!(segments("/A/b/").unwrap(), segments("/a/B").unwrap());
    }
}
