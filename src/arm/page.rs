//! Lists come in pages. A page is read item by item, so that one which cannot be read costs no other. The link to the next is
//! an absolute address and is followed only on the host that was asked, since the token travels with the call.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use crate::arm::body;

use super::answer::{Answer, Oddity};
use super::lenient::{Item, name, read};

/// A page, in either of the two forms that Resource Manager uses.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub(super) value: Vec<T>,
    next_link: Option<Value>,
    oddities: Vec<Oddity>,
}

impl<T> Page<T> {
    /// Where the next page is; none at the end.
    ///
    /// # Errors
    /// In words, when the link leads elsewhere than to `endpoint`, or is none: how much is missing then, nobody knows.
    pub(super) fn next(&self, endpoint: &Url) -> Result<Option<Url>, String> {
        let Some(link) = &self.next_link else { return Ok(None) };
        let link = link.as_str().ok_or("the link to the next page is no text")?.trim();
        (!link.is_empty()).then(|| follow(link, endpoint)).transpose()
    }
}

impl<T: Item> Answer for Page<T> {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{FEFF}');
        let mut page: Self = serde_json::from_str(text).map_err(|error| body::why(text, &error))?;
        oddities.append(&mut page.oddities);
        Ok(page)
    }
}

/// The members as they stand there, whatever is in them; of two of one name the last.
type Raw = BTreeMap<String, Box<RawValue>>;

impl<'de, T: Item> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Raw::deserialize(deserializer)?;
        let given = |member: &str| members.get(member).map(|raw| raw.get()).filter(|raw| *raw != "null");
        let value = |raw: &str| body::value(raw).unwrap_or(Value::Bool(false));
        let next_link = ["nextLink", "@odata.nextLink"].iter().find_map(|member| given(member)).map(value);
        let mut page = Self { value: Vec::new(), next_link, oddities: Vec::new() };
        match given("value").map(serde_json::from_str::<Vec<Box<RawValue>>>) {
            Some(Ok(items)) => items.iter().enumerate().for_each(|(place, item)| page.push(place, item.get())),
            None | Some(Err(_)) if T::MAY_LACK_ITEMS => {
                page.oddities.push(Oddity { item: "value".to_owned(), words: "there is no list of items".to_owned() });
            }
            None | Some(Err(_)) => return Err(serde::de::Error::custom("there is no list of items")),
        }
        Ok(page)
    }
}

impl<T: Item> Page<T> {
    fn push(&mut self, place: usize, raw: &str) {
        let (value, broken) = match body::value(raw) {
            Ok(value) => (value, None),
            Err(words) => (Value::Null, Some(words)),
        };
        let (item, wrong) = read(&value);
        self.value.extend(item);
        let words = broken.unwrap_or_else(|| wrong.join("; "));
        if !words.is_empty() {
            let item = name(&value).map_or_else(|| format!("item {place}"), str::to_owned);
            self.oddities.push(Oddity { item, words });
        }
    }
}

/// The address that a link to a further page, or to an operation that goes on, gives.
///
/// # Errors
/// In words, when the link leads elsewhere than to `endpoint`.
pub(super) fn follow(link: &str, endpoint: &Url) -> Result<Url, String> {
    let url = Url::parse(link).map_err(|e| format!("the link to the rest is no address: {e}"))?;
    if url.origin() != endpoint.origin() || !url.username().is_empty() {
        let host = url.host_str().unwrap_or("nowhere");
        return Err(format!("the link to the rest leads to {host}, not to the host that was asked"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::Members;

    #[derive(Debug, Clone, PartialEq)]
    struct Named(String);

    impl Item for Named {
        fn read(members: &mut Members<'_, '_>) -> Option<Self> {
            members.text("name").map(Self)
        }
    }

    #[derive(Debug)]
    struct Safe;

    impl Item for Safe {
        const MAY_LACK_ITEMS: bool = true;

        fn read(_: &mut Members<'_, '_>) -> Option<Self> {
            Some(Self)
        }
    }

    fn page(text: &str) -> Result<(Vec<Named>, Vec<Oddity>), String> {
        let mut oddities = Vec::new();
        let page = <Page<Named> as Answer>::read(text, &mut oddities)?;
        Ok((page.value, oddities))
    }

    fn next(link: &str) -> Result<Option<Url>, String> {
        let page: Page<Safe> = serde_json::from_str(link).unwrap();
        page.next(&Url::parse("https://management.azure.com").unwrap())
    }

    #[test]
    fn a_link_is_followed_on_the_same_host_only() {
        assert!(next(r#"{"value":[],"nextLink":"https://management.azure.com/x?$skiptoken=1"}"#).unwrap().is_some());
        assert!(next(r#"{"value":[],"@odata.nextLink":"https://MANAGEMENT.azure.com:443/x"}"#).unwrap().is_some());
        assert!(next(r#"{"nextLink":null,"@odata.nextLink":"https://management.azure.com/x"}"#).unwrap().is_some());
        for end in [r#"{"value":[],"@odata.nextLink":null}"#, r#"{"nextLink":" "}"#, "{}"] {
            assert!(next(end).unwrap().is_none(), "{end}");
        }
        for foreign in
            ["https://evil.example/x", "http://management.azure.com/x", "https://a@management.azure.com/x", "/x"]
        {
            assert!(next(&format!(r#"{{"nextLink":"{foreign}"}}"#)).is_err(), "{foreign}");
        }
        for odd in ["5", "{}", "[\"https://management.azure.com/x\"]", "true"] {
            assert!(next(&format!(r#"{{"nextLink":{odd}}}"#)).is_err(), "{odd}: more may follow");
        }
    }

    #[test]
    fn an_item_that_cannot_be_read_costs_only_itself_and_is_told() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for (odd, words) in [
            (r#"{"name":1e999}"#, "no JSON as documented"),
            (deep.as_str(), "no JSON as documented"),
            ("null", "it is null, not an object"),
            ("[]", "it is a list, not an object"),
            (r#"{"name":[]}"#, "name is a list, not a text"),
        ] {
            let text = format!("\u{FEFF}{{\"count\":{odd},\"value\":[{{\"name\":\"a\"}},{odd},{{\"name\":\"b\"}}]}}");
            let (items, oddities) = page(&text).unwrap();
            assert_eq!(items, [Named("a".to_owned()), Named("b".to_owned())], "{odd}");
            assert_eq!(oddities.len(), 1, "{odd}");
            assert!(oddities[0].item == "item 1" && oddities[0].words.contains(words), "{oddities:?}");
        }
        let (items, oddities) = page(r#"{"value":[{"name":"\ud83d"}]}"#).unwrap();
        assert_eq!((items, oddities), (vec![Named("\u{FFFD}".to_owned())], Vec::new()));
    }

    #[test]
    fn a_list_without_items_is_empty_only_where_that_is_safe() {
        for text in ["{}", r#"{"value":null}"#, r#"{"value":5}"#, r#"{"value":{}}"#] {
            assert!(page(text).is_err(), "{text}");
            let mut oddities = Vec::new();
            assert!(<Page<Safe> as Answer>::read(text, &mut oddities).unwrap().value.is_empty());
            assert_eq!(oddities.len(), 1, "{text}");
        }
        assert_eq!(page(r#"{"value":[]}"#), Ok((Vec::new(), Vec::new())));
        for (text, words) in [("", "empty"), ("<html>", "HTML"), ("[]", "no JSON as documented"), ("null", "no JSON")] {
            let error = page(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_member_that_comes_again_counts_as_it_came_last() {
        let (items, _) = page(r#"{"value":[],"value":[{"name":"a"}]}"#).unwrap();
        assert_eq!(items.len(), 1);
    }
}
