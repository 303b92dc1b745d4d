//! Words, texts, numbers and signs of a query, each with its place, for errors.

use super::Wrong;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Word(String),
    Text(String),
    Number(f64),
    /// Milliseconds, as in `7d`.
    Span(i64),
    /// A sign; the longest that fits.
    Sign(&'static str),
    End,
}

/// A token and where it begins, from 1 on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Token {
    /// As it is named in an error.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(word) => word.clone(),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Number(number) => number.to_string(),
            Kind::Span(milliseconds) => format!("{milliseconds}ms"),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::End => "<EOF>".to_owned(),
        }
    }

    /// The error that something else was expected here.
    pub(super) fn instead_of(&self, expected: &str) -> Wrong {
        Wrong::Syntax { line: self.line, column: self.column, token: self.shown(), expected: expected.to_owned() }
    }
}

/// Two letters before one. `!` begins words such as `!in~`, too, which are read as words.
const SIGNS: [&str; 18] =
    ["==", "!=", "=~", "!~", "<=", ">=", "|", "(", ")", "[", "]", ",", ".", "=", "<", ">", "-", ";"];

/// Longer than any query of a client; it bounds the work.
const MAX_LENGTH: usize = 65_536;

/// Takes a query apart.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Wrong> {
    if text.len() > MAX_LENGTH {
        return Err(Wrong::meaning("The query is too long."));
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut begin) = (0, 1, 0);
    let mut tokens = Vec::new();
    while let Some(&letter) = letters.get(at) {
        let (start, column) = (at, at - begin + 1);
        let follows = |offset: usize, wanted: char| letters.get(start + offset) == Some(&wanted);
        let kind = match letter {
            '\n' => {
                (at, line, begin) = (at + 1, line + 1, at + 1);
                continue;
            }
            blank if blank.is_whitespace() => {
                at += 1;
                continue;
            }
            '/' if follows(1, '/') => {
                at += letters.iter().skip(at).take_while(|letter| **letter != '\n').count();
                continue;
            }
            '\'' | '"' => {
                let (inner, end) = quoted(&letters, at, false).ok_or_else(|| unclosed(line, column))?;
                at = end;
                Kind::Text(inner)
            }
            '@' if follows(1, '\'') || follows(1, '"') => {
                let (inner, end) = quoted(&letters, at + 1, true).ok_or_else(|| unclosed(line, column))?;
                at = end;
                Kind::Text(inner)
            }
            digit if digit.is_ascii_digit() => {
                let is_part = |letter: &&char| letter.is_ascii_alphanumeric() || **letter == '.';
                let word: String = letters.iter().skip(at).take_while(is_part).collect();
                at += word.chars().count();
                number(&word).ok_or_else(|| {
                    let expected = "a number".to_owned();
                    Wrong::Syntax { line, column, token: word.clone(), expected }
                })?
            }
            '!' if letters.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic()) => {
                at += 1;
                Kind::Word(format!("!{}", word(&letters, &mut at)))
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => Kind::Word(word(&letters, &mut at)),
            other => {
                let is_here = |sign: &&&str| sign.chars().enumerate().all(|(offset, wanted)| follows(offset, wanted));
                let sign = SIGNS.iter().find(is_here).ok_or_else(|| Wrong::Syntax {
                    line,
                    column,
                    token: other.to_string(),
                    expected: "a word, a text or a sign".to_owned(),
                })?;
                at += sign.len();
                Kind::Sign(sign)
            }
        };
        tokens.push(Token { kind, line, column });
    }
    tokens.push(Token { kind: Kind::End, line, column: at - begin + 1 });
    Ok(tokens)
}

/// A word, with the `~` of `in~` and `!in~`.
fn word(letters: &[char], at: &mut usize) -> String {
    let is_part = |letter: &&char| letter.is_ascii_alphanumeric() || **letter == '_';
    let mut word: String = letters.iter().skip(*at).take_while(is_part).collect();
    *at += word.chars().count();
    if word.eq_ignore_ascii_case("in") && letters.get(*at) == Some(&'~') {
        word.push('~');
        *at += 1;
    }
    word
}

/// A text in quotes and where it ends; `\` escapes unless the text is verbatim.
fn quoted(letters: &[char], start: usize, verbatim: bool) -> Option<(String, usize)> {
    let quote = letters.get(start)?;
    let (mut inner, mut at) = (String::new(), start + 1);
    loop {
        match letters.get(at)? {
            '\n' => return None,
            letter if letter == quote && verbatim && letters.get(at + 1) == Some(quote) => {
                inner.push(*quote);
                at += 2;
            }
            letter if letter == quote => return Some((inner, at + 1)),
            '\\' if !verbatim => {
                inner.push(match letters.get(at + 1)? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => *other,
                });
                at += 2;
            }
            other => {
                inner.push(*other);
                at += 1;
            }
        }
    }
}

fn unclosed(line: usize, column: usize) -> Wrong {
    Wrong::Syntax { line, column, token: "'".to_owned(), expected: "a closed text".to_owned() }
}

/// A number, or a span such as `1.5h`.
fn number(word: &str) -> Option<Kind> {
    if let Ok(number) = word.parse() {
        return Some(Kind::Number(number));
    }
    let unit_at = word.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (count, unit) = word.split_at(unit_at);
    let milliseconds = match unit {
        "d" => 86_400_000.0,
        "h" => 3_600_000.0,
        "m" => 60_000.0,
        "s" => 1_000.0,
        "ms" => 1.0,
        _ => return None,
    };
    let total = count.parse::<f64>().ok()? * milliseconds;
    (total < 1e15).then_some(Kind::Span(total as i64))
}
