//! JSON as the Functions host reads and writes it: its library is Newtonsoft.Json, which takes texts that look like dates for
//! dates, knows whole numbers of any length, and writes numbers and texts in its own way. Source: recordings of a real host
//! (`simulator/recordings`), and the public source of Newtonsoft.Json 13.

mod date;
mod number;
mod read;
mod write;

pub(super) use date::Date;
pub(super) use read::{read, read_first};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A whole number of any length, as it is written.
    Whole(String),
    Float(f64),
    Text(String),
    /// A text that was read as a date.
    Date(Date),
    List(Vec<Json>),
    Object(Members),
}

/// The members of an object, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Members(Vec<(String, Json)>);

impl Members {
    /// Sets a member; one of that very name keeps its place.
    pub(super) fn set(&mut self, name: impl Into<String>, value: Json) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Sets a key of the binding data: keys compare without case there, and the first spelling stays.
    pub(super) fn set_key(&mut self, name: &str, value: Json) {
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The member of this name in whatever case.
    pub(super) fn get_key(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, Json)> {
        self.0.iter()
    }
}

impl IntoIterator for Members {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<N: Into<String>> FromIterator<(N, Json)> for Members {
    fn from_iter<T: IntoIterator<Item = (N, Json)>>(members: T) -> Self {
        Self(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn whole(number: impl ToString) -> Self {
        Self::Whole(number.to_string())
    }

    pub(super) fn object<N: Into<String>>(members: impl IntoIterator<Item = (N, Json)>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// A text, or null.
    pub(super) fn optional(text: Option<&String>) -> Self {
        text.map_or(Self::Null, |text| Self::text(text.as_str()))
    }
}

/// A value that did not come as JSON from outside: its texts stay texts.
impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => match number.as_f64() {
                Some(float) if number.is_f64() => Self::Float(float),
                Some(_) | None => Self::whole(number),
            },
            Value::String(text) => Self::text(text.as_str()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::object(members.iter().map(|(name, value)| (name.as_str(), value.into()))),
        }
    }
}
