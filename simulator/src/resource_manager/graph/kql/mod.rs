//! The part of the Kusto Query Language that is simulated: a table, and `where`, `extend`, `project`, `summarize`, `distinct`,
//! `order by`, `limit`, `top` and `count` over it, with the strictness of the real one - names of columns have a case, a
//! `dynamic` value is no key, and rows have no order unless one is asked for. Anything else is refused, never guessed.
//! Pure: text, rows and a time in, rows out.

mod evaluate;
mod expression;
mod operator;
mod parse;
mod run;
mod summarize;
mod token;
mod types;

pub(super) use parse::Query;
pub(super) use run::{Output, run};
pub(super) use types::{Schema, Type};

/// Why a query cannot be run, as the service tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is not the language.
    Syntax { line: usize, column: usize, token: String, expected: String },
    /// It is the language, but not the part that is understood.
    Language { token: String },
    /// It cannot be meant.
    Meaning(String),
}

impl Wrong {
    fn meaning(words: impl Into<String>) -> Self {
        Self::Meaning(words.into())
    }
}

#[cfg(test)]
#[path = "kql_tests.rs"]
mod tests;
