//! Writing JSON. Texts stay UTF-8; only quotes, backslashes, control characters and three separators are escaped.

use std::fmt::{self, Write};

use super::{Json, Members, number};

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Whole(digits) => f.write_str(digits),
            Self::Float(float) => f.write_str(&number::json(*float)),
            Self::Text(text) => quoted(text, f),
            Self::Date(date) => write!(f, "\"{date}\""),
            Self::List(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(members) => members.fmt(f),
        }
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (name, value)) in self.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            quoted(name, f)?;
            f.write_char(':')?;
            value.fmt(f)?;
        }
        f.write_char('}')
    }
}

impl Json {
    /// What .NET's `ToString` makes of a plain value; none of null, lists and objects.
    pub(in super::super) fn plain(&self) -> Option<String> {
        match self {
            Self::Bool(true) => Some("True".to_owned()),
            Self::Bool(false) => Some("False".to_owned()),
            Self::Whole(digits) => Some(digits.clone()),
            Self::Float(float) => Some(number::plain(*float)),
            Self::Text(text) => Some(text.clone()),
            Self::Date(date) => Some(date.plain()),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// With line breaks and two blanks a level.
    pub(in super::super) fn indented(&self) -> String {
        let mut text = String::new();
        self.indent(0, &mut text);
        text
    }

    fn indent(&self, level: usize, text: &mut String) {
        let items: Vec<(Option<&str>, &Json)> = match self {
            Self::List(items) => items.iter().map(|item| (None, item)).collect(),
            Self::Object(members) => members.iter().map(|(name, value)| (Some(name.as_str()), value)).collect(),
            Self::Null | Self::Bool(_) | Self::Whole(_) | Self::Float(_) | Self::Text(_) | Self::Date(_) => Vec::new(),
        };
        if items.is_empty() {
            text.push_str(&self.to_string());
            return;
        }
        let is_list = matches!(self, Self::List(_));
        text.push(if is_list { '[' } else { '{' });
        for (index, (name, value)) in items.into_iter().enumerate() {
            text.push_str(if index > 0 { ",\n" } else { "\n" });
            text.push_str(&"  ".repeat(level + 1));
            if let Some(name) = name {
                text.push_str(&Self::text(name).to_string());
                text.push_str(": ");
            }
            value.indent(level + 1, text);
        }
        text.push('\n');
        text.push_str(&"  ".repeat(level));
        text.push(if is_list { ']' } else { '}' });
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    let mut plain = 0;
    for (at, sign) in text.char_indices() {
        let short = match sign {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => None,
            _ => continue,
        };
        f.write_str(&text[plain..at])?;
        match short {
            Some(short) => f.write_str(short)?,
            None => write!(f, "\\u{:04x}", u32::from(sign))?,
        }
        plain = at + sign.len_utf8();
    }
    f.write_str(&text[plain..])?;
    f.write_char('"')
}
