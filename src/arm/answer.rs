//! What a call is answered with, and what of it could not be read.

use crate::arm::body;

use super::lenient::{Item, name, read};

/// What a call is answered with.
pub trait Answer: Sized {
    /// Reads it from the text of the body. What is odd about it and costs only a part of it goes into `oddities`.
    ///
    /// # Errors
    /// In words, when nothing can be read.
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String>;
}

/// What matters is only that there was a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done;

impl Answer for Done {
    fn read(_: &str, _: &mut Vec<Oddity>) -> Result<Self, String> {
        Ok(Self)
    }
}

/// A part of an answer that is not as documented.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Oddity {
    /// The item: its id, or its place in the list.
    pub(super) item: String,
    /// What is wrong with it. No more of it than names of members.
    pub(super) words: String,
}

/// Reads the answer that is one thing.
pub(super) fn one<T: Item>(text: &str, oddities: &mut Vec<Oddity>) -> Result<T, String> {
    let value = body::value(text)?;
    let (item, wrong) = read(&value);
    let words = wrong.join("; ");
    let item = item.ok_or_else(|| words.clone())?;
    if !words.is_empty() {
        oddities.push(Oddity { item: name(&value).unwrap_or("the answer").to_owned(), words });
    }
    Ok(item)
}
