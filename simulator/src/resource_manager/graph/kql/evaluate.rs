//! What an expression gives for a row. Types were looked at before, so nothing can go wrong here: what does not fit is null.

use super::expression::{Comparison, Expression, Function, Match};
use crate::estate::{instant_text, lower, parse_instant};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use time::{Duration, OffsetDateTime};

/// A row.
pub(in super::super) type Row = Map<String, Value>;

impl Expression {
    /// Its value for a row at a time.
    pub(super) fn value(&self, row: &Row, now: OffsetDateTime) -> Value {
        match self {
            Expression::Literal(value, _) => value.clone(),
            Expression::Column(name) => row.get(name).cloned().unwrap_or(Value::Null),
            Expression::Member(..) => self.place(row).cloned().unwrap_or(Value::Null),
            Expression::And(a, b) => (a.holds(row, now) && b.holds(row, now)).into(),
            Expression::Or(a, b) => (a.holds(row, now) || b.holds(row, now)).into(),
            Expression::Compare(a, how, b) => how.holds(&a.value(row, now), &b.value(row, now)).into(),
            Expression::Among { value, list, folds, negated } => {
                let value = value.value(row, now);
                let is_in = list.iter().any(|one| is_equal(&value, &one.value(row, now), *folds));
                (is_in != *negated).into()
            }
            Expression::Call(Function::Iff, arguments) => match arguments.as_slice() {
                [asked, then, otherwise] => (if asked.holds(row, now) { then } else { otherwise }).value(row, now),
                _ => Value::Null,
            },
            Expression::Call(function, arguments) => {
                let values: Vec<Value> = arguments.iter().map(|one| one.value(row, now)).collect();
                function.value(&values, now)
            }
        }
    }

    /// Whether it is true.
    pub(super) fn holds(&self, row: &Row, now: OffsetDateTime) -> bool {
        self.value(row, now) == Value::Bool(true)
    }

    fn place<'a>(&self, row: &'a Row) -> Option<&'a Value> {
        match self {
            Expression::Column(name) => row.get(name),
            Expression::Member(of, name) => of.place(row)?.get(name),
            Expression::Literal(..)
            | Expression::Call(..)
            | Expression::Compare(..)
            | Expression::Among { .. }
            | Expression::And(..)
            | Expression::Or(..) => None,
        }
    }
}

impl Function {
    fn value(self, of: &[Value], now: OffsetDateTime) -> Value {
        let first = of.first().unwrap_or(&Value::Null);
        match self {
            Self::ToText => text(first).into(),
            Self::ToLower => text(first).to_lowercase().into(),
            Self::ToUpper => text(first).to_uppercase().into(),
            Self::ToLong => match first {
                Value::Number(number) => number.as_f64().map_or(Value::Null, |number| (number as i64).into()),
                Value::Bool(flag) => i64::from(*flag).into(),
                other => text(other).trim().parse::<i64>().map_or(Value::Null, Value::from),
            },
            Self::ToReal => match first {
                Value::Number(number) => json!(number.as_f64()),
                other => text(other).trim().parse::<f64>().map_or(Value::Null, |number| json!(number)),
            },
            Self::ToBool => match first {
                Value::Bool(_) => first.clone(),
                other => match text(other).to_ascii_lowercase().as_str() {
                    "true" | "1" => true.into(),
                    "false" | "0" => false.into(),
                    _ => Value::Null,
                },
            },
            Self::ToInstant => parse_instant(&text(first)).map_or(Value::Null, |at| instant_text(at).into()),
            Self::Not => match first {
                Value::Bool(flag) => (!flag).into(),
                _ => Value::Null,
            },
            Self::IsEmpty => text(first).is_empty().into(),
            Self::IsNotEmpty => (!text(first).is_empty()).into(),
            // A text is never null.
            Self::IsNull => first.is_null().into(),
            Self::IsNotNull => (!first.is_null()).into(),
            Self::Coalesce => {
                let is_there = |one: &&Value| !one.is_null() && one.as_str() != Some("");
                of.iter().find(is_there).cloned().unwrap_or(Value::Null)
            }
            Self::Concatenate => of.iter().map(text).collect::<String>().into(),
            Self::Ago => {
                let at = first.as_i64().and_then(|span| now.checked_sub(Duration::milliseconds(span)));
                at.map_or(Value::Null, |at| instant_text(at).into())
            }
            Self::Now => instant_text(now).into(),
            Self::Iff => Value::Null,
        }
    }
}

impl Comparison {
    fn holds(self, a: &Value, b: &Value) -> bool {
        match self {
            Comparison::Equal { folds, negated } => is_equal(a, b, folds) != negated,
            Comparison::Less => order(a, b) == Some(Ordering::Less),
            Comparison::LessOrEqual => order(a, b).is_some_and(Ordering::is_le),
            Comparison::Greater => order(a, b) == Some(Ordering::Greater),
            Comparison::GreaterOrEqual => order(a, b).is_some_and(Ordering::is_ge),
            Comparison::Text { how, negated } => {
                let (a, b) = (lower(&text(a)), lower(&text(b)));
                let fits = match how {
                    Match::Contains => a.contains(&b),
                    Match::StartsWith => a.starts_with(&b),
                    Match::EndsWith => a.ends_with(&b),
                    Match::Has => has(&a, &b),
                };
                fits != negated
            }
        }
    }
}

/// Whether a text holds another that is bounded by what is no letter or digit.
fn has(text: &str, term: &str) -> bool {
    text.match_indices(term).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + term.len()..));
        let is_free = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        is_free(before.and_then(|part| part.chars().next_back())) && is_free(after.and_then(|part| part.chars().next()))
    })
}

fn is_equal(a: &Value, b: &Value, folds: bool) -> bool {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::String(a), Value::String(b)) if folds => lower(a) == lower(b),
        _ => a == b || order(a, b) == Some(Ordering::Equal),
    }
}

/// The order of numbers and of times, and, where rows are ordered, of everything else.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(match (parse_instant(a), parse_instant(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.cmp(b),
        }),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// A value as a text; null is the empty one.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
