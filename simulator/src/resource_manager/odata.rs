//! The part of OData filters that these services understand: comparisons of a field with a literal, joined by `and`,
//! `or`, `not` and parentheses. Field names and texts compare without case, as the service does.

use crate::estate::{is_same, lower, parse_instant};
use serde_json::Value;
use std::cmp::Ordering;
use time::OffsetDateTime;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare { field: String, operator: Operator, literal: Literal },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Ge,
    Gt,
    Le,
    Lt,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Instant(OffsetDateTime),
    Number(f64),
    Boolean(bool),
    Null,
}

impl Filter {
    /// Parses a filter; the error is a sentence about what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Filter, String> {
        let mut tokens = Tokens { rest: lex(text)?.into_iter().peekable(), depth: 0 };
        let filter = tokens.either()?;
        match tokens.rest.next() {
            None => Ok(filter),
            token => Err(format!("{} was not expected", shown(token))),
        }
    }

    /// The names of all fields it looks at.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Filter::And(a, b) | Filter::Or(a, b) => [a.fields(), b.fields()].concat(),
            Filter::Not(inner) => inner.fields(),
            Filter::Compare { field, .. } => vec![field],
        }
    }

    /// Whether a row matches; `value` gives a field by its name.
    pub(crate) fn matches<'a>(&self, value: &impl Fn(&str) -> Option<&'a Value>) -> bool {
        match self {
            Filter::And(a, b) => a.matches(value) && b.matches(value),
            Filter::Or(a, b) => a.matches(value) || b.matches(value),
            Filter::Not(inner) => !inner.matches(value),
            Filter::Compare { field, operator, literal } => compare(value(field), *operator, literal),
        }
    }
}

fn compare(value: Option<&Value>, operator: Operator, literal: &Literal) -> bool {
    let order = match (value.unwrap_or(&Value::Null), literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::String(text), Literal::Text(other)) => match (instant(text), instant(other)) {
            (Some(at), Some(other)) => Some(at.cmp(&other)),
            _ if is_same(text, other) => Some(Ordering::Equal),
            // A wave asks for many ids, and each is compared with each row: only an order needs more.
            _ if matches!(operator, Operator::Eq | Operator::Ne) => None,
            _ => Some(lower(text).cmp(&lower(other))),
        },
        (Value::String(text), Literal::Instant(other)) => parse_instant(text).map(|at| at.cmp(other)),
        (Value::Bool(flag), Literal::Boolean(other)) => Some(flag.cmp(other)),
        (Value::Number(number), Literal::Number(other)) => number.as_f64().and_then(|n| n.partial_cmp(other)),
        _ => None,
    };
    match (operator, order) {
        (Operator::Ne, order) => order != Some(Ordering::Equal),
        (_, None) => false,
        (Operator::Eq, Some(order)) => order.is_eq(),
        (Operator::Ge, Some(order)) => order.is_ge(),
        (Operator::Gt, Some(order)) => order.is_gt(),
        (Operator::Le, Some(order)) => order.is_le(),
        (Operator::Lt, Some(order)) => order.is_lt(),
    }
}

/// The time that a text names. Ids name none, and that must cost nothing.
fn instant(text: &str) -> Option<OffsetDateTime> {
    text.trim_start().starts_with(|first: char| first.is_ascii_digit()).then(|| parse_instant(text)).flatten()
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Text(String),
}

/// A token as it was written, in quotes.
fn shown(token: Option<Token>) -> String {
    match token {
        None => "the end".to_owned(),
        Some(Token::Open) => "'('".to_owned(),
        Some(Token::Close) => "')'".to_owned(),
        Some(Token::Word(word)) => format!("'{word}'"),
        Some(Token::Text(text)) => format!("''{text}''"),
    }
}

fn lex(text: &str) -> Result<Vec<Token>, String> {
    if text.len() > MAX_LENGTH {
        return Err("the expression is too long".to_owned());
    }
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '\'' => {
                let mut inner = String::new();
                loop {
                    match letters.next() {
                        Some('\'') if letters.peek() == Some(&'\'') => {
                            letters.next();
                            inner.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => inner.push(other),
                        None => return Err("a string is not closed".to_owned()),
                    }
                }
                tokens.push(Token::Text(inner));
            }
            blank if blank.is_whitespace() => {}
            other => {
                let mut word = String::from(other);
                while let Some(next) = letters.next_if(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '\'')) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// Far above what fits into an address; it bounds the depth of a chain of `or`.
const MAX_LENGTH: usize = 65_536;
/// Nesting is bounded so that a hostile filter cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

struct Tokens {
    rest: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Tokens {
    fn either(&mut self) -> Result<Filter, String> {
        let mut left = self.both()?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, String> {
        let mut left = self.single()?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        let filter = if self.takes("not") {
            Filter::Not(Box::new(self.single()?))
        } else if self.rest.next_if_eq(&Token::Open).is_some() {
            let inner = self.either()?;
            self.rest.next_if_eq(&Token::Close).ok_or("a parenthesis is not closed")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        let field = match self.rest.next() {
            Some(Token::Word(word)) if word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => word,
            other => return Err(format!("a property name was expected instead of {}", shown(other))),
        };
        let operator = match self.rest.next() {
            Some(Token::Word(word)) => operator(&word)?,
            other => return Err(format!("an operator was expected instead of {}", shown(other))),
        };
        let literal = match self.rest.next() {
            Some(Token::Text(text)) => Literal::Text(text),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("datetime") => match self.rest.next() {
                Some(Token::Text(text)) => {
                    Literal::Instant(parse_instant(&text).ok_or_else(|| format!("'{text}' is not a date and time"))?)
                }
                other => return Err(format!("a quoted date was expected instead of {}", shown(other))),
            },
            Some(Token::Word(word)) => literal(&word)?,
            other => return Err(format!("a value was expected instead of {}", shown(other))),
        };
        Ok(Filter::Compare { field, operator, literal })
    }

    fn takes(&mut self, keyword: &str) -> bool {
        self.rest.next_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword))).is_some()
    }
}

fn operator(word: &str) -> Result<Operator, String> {
    match word.to_ascii_lowercase().as_str() {
        "eq" => Ok(Operator::Eq),
        "ne" => Ok(Operator::Ne),
        "ge" => Ok(Operator::Ge),
        "gt" => Ok(Operator::Gt),
        "le" => Ok(Operator::Le),
        "lt" => Ok(Operator::Lt),
        _ => Err(format!("'{word}' is not an operator")),
    }
}

fn literal(word: &str) -> Result<Literal, String> {
    match word.to_ascii_lowercase().as_str() {
        "true" => return Ok(Literal::Boolean(true)),
        "false" => return Ok(Literal::Boolean(false)),
        "null" => return Ok(Literal::Null),
        _ => {}
    }
    if let Ok(number) = word.parse() {
        return Ok(Literal::Number(number));
    }
    parse_instant(word).map(Literal::Instant).ok_or_else(|| format!("'{word}' is not a value"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_decide() {
        let row = json!({ "policyAssignmentId": "/Sub/O'Neil", "complianceState": "NonCompliant", "isCompliant": false,
                          "timestamp": "2024-05-01T10:00:00.5Z", "count": 3, "nothing": null });
        for (filter, matches) in [
            ("complianceState eq 'noncompliant'", true),
            ("COMPLIANCESTATE EQ 'NonCompliant'", true),
            ("complianceState ne 'NonCompliant'", false),
            ("PolicyAssignmentId eq '/sub/o''neil'", true),
            ("isCompliant eq false", true),
            ("IsCompliant eq true or complianceState eq 'NonCompliant' and count eq 4", false),
            ("count eq 4 and count eq 5 or isCompliant eq false", true),
            ("count eq 4 and (count eq 5 or isCompliant eq false)", false),
            ("not (count eq 4) and not(count lt 3)", true),
            ("timestamp ge 2024-05-01T10:00:00Z and timestamp lt 2024-05-01T10:00:01Z", true),
            ("timestamp gt '2024-05-01T10:00:00.5Z'", false),
            ("timestamp le datetime'2024-05-01T10:00:00.50Z'", true),
            ("nothing eq null", true),
            ("absent eq null", true),
            ("absent eq 'x'", false),
            ("absent ne 'x'", true),
            ("((count ge 3))", true),
        ] {
            let parsed = Filter::parse(filter).expect(filter);
            let value = |name: &str| {
                let row = row.as_object().expect("an object");
                row.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            };
            assert_eq!(parsed.matches(&value), matches, "{filter}");
        }
        assert_eq!(Filter::parse("a eq 1 and (b eq 2 or not c eq 3)").expect("one").fields(), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}a eq 1{}", "(".repeat(5_000), ")".repeat(5_000));
        let not = format!("{}a eq 1", "not ".repeat(5_000));
        for filter in [
            "",
            "a",
            "a eq",
            "a is 'x'",
            "eq 'x'",
            "'a' eq 'x'",
            "a eq 'x",
            "(a eq 'x'",
            "a eq 'x')",
            "a eq 'x' and",
            "a eq 'x' b eq 'y'",
            "a eq x",
            "a eq datetime'never'",
            "a eq datetime",
            "a eq (",
            &deep,
            &not,
        ] {
            let words = Filter::parse(filter).expect_err(filter);
            assert!(!["Some(", "None", "Word(", "Text("].iter().any(|rust| words.contains(rust)), "{words}");
        }
    }
}
