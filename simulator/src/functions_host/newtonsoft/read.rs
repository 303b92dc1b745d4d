//! Reading JSON. Of a member that comes twice the last counts, half of a surrogate pair becomes U+FFFD, and a byte order mark
//! is skipped. What RFC 8259 does not allow is refused, although the library would take some of it (comments, single quotes).

use super::{Date, Json, Members};

/// A text that is no JSON, and where that shows, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Unexpected character encountered while parsing value, position {0}.")]
pub(in super::super) struct NotJson(usize);

/// How deep values may be nested: the library's own limit.
const DEEPEST: usize = 64;

/// Reads a text that is one value and nothing else.
pub(in super::super) fn read(text: &str) -> Result<Json, NotJson> {
    let mut reader = Reader::of(text);
    let value = reader.value(0)?;
    reader.blanks();
    if reader.rest().is_empty() { Ok(value) } else { Err(reader.wrong()) }
}

/// Reads the first value of a text; none if it has only blanks. What follows is not looked at.
pub(in super::super) fn read_first(text: &str) -> Result<Option<Json>, NotJson> {
    let mut reader = Reader::of(text);
    reader.blanks();
    if reader.rest().is_empty() { Ok(None) } else { reader.value(0).map(Some) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: text.strip_prefix('\u{feff}').unwrap_or(text), at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong(&self) -> NotJson {
        NotJson(self.at)
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn skip(&mut self, wanted: &str) -> bool {
        let is_there = self.rest().starts_with(wanted);
        self.at += if is_there { wanted.len() } else { 0 };
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.blanks();
        if depth > DEEPEST {
            return Err(self.wrong());
        }
        match self.rest().bytes().next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                let text = self.quoted()?;
                Ok(Date::in_text(&text).map_or(Json::Text(text), Json::Date))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.skip("true") => Ok(Json::Bool(true)),
            _ if self.skip("false") => Ok(Json::Bool(false)),
            _ if self.skip("null") => Ok(Json::Null),
            _ => Err(self.wrong()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.skip("{");
        let mut members = Members::default();
        self.blanks();
        if self.skip("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.quoted()?;
            self.blanks();
            if !self.skip(":") {
                return Err(self.wrong());
            }
            members.set(name, self.value(depth + 1)?);
            self.blanks();
            if self.skip("}") {
                return Ok(Json::Object(members));
            }
            if !self.skip(",") {
                return Err(self.wrong());
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.skip("[");
        let mut items = Vec::new();
        self.blanks();
        if self.skip("]") {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            if self.skip("]") {
                return Ok(Json::List(items));
            }
            if !self.skip(",") {
                return Err(self.wrong());
            }
        }
    }

    fn number(&mut self) -> Result<Json, NotJson> {
        let rest = self.rest();
        let length =
            rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let token = &rest[..length];
        // Its grammar is that of JSON elsewhere; the value may be larger than there.
        let is_number = serde_json::from_str::<&serde_json::value::RawValue>(token).is_ok();
        let value = match token {
            _ if !is_number => return Err(self.wrong()),
            "-0" => Json::whole(0),
            token if token.contains(['.', 'e', 'E']) => Json::Float(token.parse().map_err(|_| self.wrong())?),
            token => Json::whole(token),
        };
        self.at += length;
        Ok(value)
    }

    fn quoted(&mut self) -> Result<String, NotJson> {
        if !self.skip("\"") {
            return Err(self.wrong());
        }
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\']).ok_or_else(|| self.wrong())?;
            text.push_str(&rest[..plain]);
            self.at += plain;
            if self.skip("\"") {
                return Ok(text);
            }
            self.skip("\\");
            let sign = match self.rest().bytes().next().ok_or_else(|| self.wrong())? {
                b'u' => {
                    self.at += 1;
                    text.push(self.escaped()?);
                    continue;
                }
                sign @ (b'"' | b'\\' | b'/') => char::from(sign),
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                _ => return Err(self.wrong()),
            };
            text.push(sign);
            self.at += 1;
        }
    }

    /// The character of one escape with four hexadecimal digits, or of two that are a pair.
    fn escaped(&mut self) -> Result<char, NotJson> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.skip("\\u") {
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, NotJson> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(|| self.wrong())?;
        self.at += 4;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_as_the_host_writes_it() {
        let cases = [
            (" [ 1 , -0, 1.50, 1e2 ] ", "[1,0,1.5,100.0]"),
            ("\u{feff}{\"a\":1,\"b\":2,\"a\":3}", r#"{"a":3,"b":2}"#),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            (r#""\ud83d\ude00 \ud83d \udc00 \ud83dA""#, "\"\u{1f600} \u{fffd} \u{fffd} \u{fffd}A\""),
            (r#""<&>\/\u0085\u2029\b\f\u001f""#, r#""<&>/\u0085\u2029\b\f\u001f""#),
            (
                r#""raw
line""#,
                r#""raw\nline""#,
            ),
            (r#"["2026-01-02T03:04:05.10+02",true,null]"#, r#"["2026-01-02T01:04:05.1+00:00",true,null]"#),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(
            read(r#"{"a":[1,{}],"b":{}}"#).unwrap().indented(),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {}\n}"
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(70) + &"]".repeat(70);
        for text in ["", "{", "[1,]", "{\"a\" 1}", "01", "1.", "\"a", "\"\\x\"", "\"\\u12\"", "nul", "[] x", &deep] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read_first("{} x").unwrap(), Some(Json::Object(Members::default())));
        assert_eq!(read_first(" \n").unwrap(), None);
        assert!(read_first("{not").is_err());
    }
}
