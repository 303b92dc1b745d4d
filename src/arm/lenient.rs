//! Values of an answer, believed only as far as they can be: `null` means absent, what nobody knows is passed over, a number or
//! a truth value where a text is expected is its text, and the other way round. Whatever else does not fit is told in words,
//! and what it means is for the reader of the item to say.

use serde_json::{Map, Value};

use remediation::id::fold;
use remediation::time::{Timestamp, parse_time};

/// An item of a list, or an answer that is one thing.
pub trait Item: Sized {
    /// Whether a list without its items may be taken for one that has none.
    const MAY_LACK_ITEMS: bool = false;

    /// Reads it; none when it says too little to be anything. What is wrong with it is left in `members`.
    fn read(members: &mut Members<'_, '_>) -> Option<Self>;
}

/// Reads an item, with what is wrong with it in words.
pub(super) fn read<T: Item>(item: &Value) -> (Option<T>, Vec<String>) {
    let mut wrong = Vec::new();
    let read = T::read(&mut Members::of(item, &mut wrong));
    (read, wrong)
}

/// Reads one item.
///
/// # Errors
/// What is wrong with it, where it says too little to be anything.
pub fn read_item<T: Item>(item: &Value) -> Result<T, String> {
    let (item, wrong) = read(item);
    item.ok_or_else(|| wrong.join("; "))
}

/// How an item is called in a log: by the first of its ids, if it has one.
pub(super) fn name(item: &Value) -> Option<&str> {
    ["id", "remediatedResourceId", "resourceId", "name"]
        .iter()
        .find_map(|member| item.get(member)?.as_str())
        .filter(|id| !id.is_empty())
}

/// The members of an object. One that is not there has none.
#[derive(Debug)]
pub struct Members<'v, 'w> {
    of: Option<&'v Map<String, Value>>,
    /// Where the object stands in its item, with a dot at the end; empty for the item itself.
    place: String,
    wrong: &'w mut Vec<String>,
}

impl<'v, 'w> Members<'v, 'w> {
    fn of(item: &'v Value, wrong: &'w mut Vec<String>) -> Self {
        if !item.is_object() {
            wrong.push(format!("it is {}, not an object", kind(item)));
        }
        Self { of: item.as_object(), place: String::new(), wrong }
    }

    /// Whether there is an object at all.
    pub(super) fn exist(&self) -> bool {
        self.of.is_some()
    }

    /// Whether the member is absent, or has a text; not whether that is empty.
    pub(super) fn has_text_or_none(&self, member: &str) -> bool {
        self.given(member).is_none_or(|given| text(given).is_some())
    }

    /// Whether nothing wrong has been met so far.
    pub(super) fn are_sound(&self) -> bool {
        self.wrong.is_empty()
    }

    /// What is wrong, for people.
    pub(super) fn words(&self) -> String {
        self.wrong.join("; ")
    }

    /// Tells that the item is worth nothing, or less, without this member, unless something was told of it already.
    pub(super) fn miss(&mut self, member: &str) {
        let about = format!("{}{member} ", self.place);
        if !self.wrong.iter().any(|words| words.starts_with(&about)) {
            self.wrong.push(format!("{about}is missing"));
        }
    }

    /// The members of a member.
    pub(super) fn object(&mut self, member: &str) -> Members<'v, '_> {
        let given = self.given(member);
        let of = given.and_then(Value::as_object);
        if let (Some(odd), None) = (given, of) {
            self.refuse(member, odd, "an object");
        }
        Members { of, place: format!("{}{member}.", self.place), wrong: self.wrong }
    }

    /// A text, without blanks around it; none when it is empty, too.
    pub(super) fn text(&mut self, member: &str) -> Option<String> {
        let given = self.given(member)?;
        let text = text(given);
        if text.is_none() {
            self.refuse(member, given, "a text");
        }
        text.filter(|text| !text.is_empty())
    }

    /// One of a few words; no number is one.
    pub(super) fn word(&mut self, member: &str) -> Option<String> {
        let given = self.given(member)?;
        if !given.is_string() {
            self.refuse(member, given, "a word");
        }
        given.as_str().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty())
    }

    /// An id, in lower case and without slashes at its end.
    pub(super) fn id(&mut self, member: &str) -> Option<String> {
        let given = self.given(member)?;
        let text = given.as_str();
        if text.is_none() {
            self.refuse(member, given, "an id");
        }
        text.map(id).filter(|id| !id.is_empty())
    }

    /// A time.
    pub(super) fn time(&mut self, member: &str) -> Option<Timestamp> {
        let text = self.text(member)?;
        let time = parse_time(&text);
        if time.is_none() {
            self.wrong.push(format!("{}{member} is no time", self.place));
        }
        time
    }

    /// A count.
    pub(super) fn count(&mut self, member: &str) -> Option<u64> {
        let given = self.given(member)?;
        let count = given.as_u64().or_else(|| text(given)?.parse().ok());
        if count.is_none() {
            self.refuse(member, given, "a count");
        }
        count
    }

    /// A list.
    pub(super) fn list(&mut self, member: &str) -> Option<&'v [Value]> {
        let given = self.given(member)?;
        let list = given.as_array().map(Vec::as_slice);
        if list.is_none() {
            self.refuse(member, given, "a list");
        }
        list
    }

    /// A list of ids. One that is `null` is no id; any other that is no text is told, and left out.
    pub(super) fn ids(&mut self, member: &str) -> Option<Vec<String>> {
        let list = self.list(member)?;
        let mut ids = Vec::with_capacity(list.len());
        for given in list.iter().filter(|given| !given.is_null()) {
            match given.as_str().map(id).filter(|id| !id.is_empty()) {
                Some(id) => ids.push(id),
                None => self.refuse(&format!("{member}[]"), given, "an id"),
            }
        }
        Some(ids)
    }

    /// The member as it stands there.
    pub(super) fn given(&self, member: &str) -> Option<&'v Value> {
        self.of?.get(member).filter(|value| !value.is_null())
    }

    fn refuse(&mut self, member: &str, given: &Value, wanted: &str) {
        self.wrong.push(format!("{}{member} is {}, not {wanted}", self.place, kind(given)));
    }
}

/// The text of a value that can be nothing else.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn id(text: &str) -> String {
    fold(text.trim().trim_end_matches('/'))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(text) if text.trim().is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_unambiguous_is_read_and_all_else_is_told() {
        let value = json!({
            "null": null, "text": " a ", "number": 7, "truth": true, "digits": " 7 ", "minus": -7, "half": 0.5,
            "id": " /Subscriptions/X// ", "object": { "inner": [] }, "ids": ["/A/", null, 5, ""], "time": "yesterday",
        });
        let mut wrong = Vec::new();
        let mut members = Members::of(&value, &mut wrong);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!((members.text("null"), members.text("absent")), (None, None));
        assert_eq!(
            (members.text("text"), members.text("number"), members.text("truth")),
            (some("a"), some("7"), some("true"))
        );
        assert_eq!((members.count("number"), members.count("digits")), (Some(7), Some(7)));
        assert_eq!(members.id("id"), some("/subscriptions/x"));
        assert!(members.are_sound());
        assert_eq!(members.word("text"), some("a"));
        assert_eq!((members.id("number"), members.word("number")), (None, None));
        members.miss("number");
        assert_eq!((members.count("minus"), members.count("half"), members.count("ids")), (None, None, None));
        assert_eq!((members.text("object"), members.list("text"), members.time("time")), (None, None, None));
        assert_eq!(members.object("object").text("inner"), None);
        assert_eq!(members.object("text").text("deeper"), None);
        assert_eq!(members.ids("ids"), Some(vec!["/a".to_owned()]));
        members.object("absent").miss("inner");
        assert_eq!(
            wrong,
            [
                "number is a number, not an id",
                "number is a number, not a word",
                "minus is a number, not a count",
                "half is a number, not a count",
                "ids is a list, not a count",
                "object is an object, not a text",
                "text is a text, not a list",
                "time is no time",
                "object.inner is a list, not a text",
                "text is a text, not an object",
                "ids[] is a number, not an id",
                "ids[] is an empty text, not an id",
                "absent.inner is missing",
            ]
        );
    }
}
