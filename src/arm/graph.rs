//! Resource Graph: one question for many subscriptions, delegated ones too. Its answers are not paged as lists are: rows with an `id`
//! go on by a token, all others are cut off and asked for with a number to skip.
//! Source: the service's OpenAPI description, Microsoft.ResourceGraph 2024-04-01.

use std::marker::PhantomData;

use azure_core::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use remediation::fact::CallKind;
use remediation::id::SubscriptionId;

use super::answer::{Answer, Oddity};
use super::call::{Call, QuotaScope};
use super::lenient::{Item, name, read};

const API_VERSION: &str = "2024-04-01";
/// The oldest with the same members.
const OLDEST: &str = "2021-03-01";
/// Rows of a page, the most that is given.
const ROWS: u32 = 1_000;
/// Before a number of rows that were read already, in the place of a link.
const SKIP: &str = "skip:";

/// A page of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphPage<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// How it goes on, for the next call.
    token: Option<String>,
    /// Whether rows were cut off that no token leads to.
    is_cut: bool,
    read: PhantomData<T>,
}

impl<T> GraphPage<T> {
    /// How to ask for the next page, given how this one was asked for; none at the end.
    #[must_use]
    pub fn next(&self, this: Option<&str>) -> Option<String> {
        if self.token.is_some() {
            return self.token.clone();
        }
        let before: usize = this.and_then(|this| this.strip_prefix(SKIP)).and_then(|n| n.parse().ok()).unwrap_or(0);
        (self.is_cut && !self.rows.is_empty()).then(|| format!("{SKIP}{}", before + self.rows.len()))
    }
}

/// Asks this of these subscriptions, from the beginning or where an earlier page says.
pub(super) fn query<T>(text: String, subscriptions: &[SubscriptionId], from: Option<&str>) -> Call<GraphPage<T>> {
    let mut options = json!({ "$top": ROWS, "resultFormat": "objectArray" });
    match from.map(|from| (from, from.strip_prefix(SKIP).and_then(|n| n.parse::<u32>().ok()))) {
        Some((_, Some(skip))) => options["$skip"] = json!(skip),
        Some((token, None)) => options["$skipToken"] = json!(token),
        None => {}
    }
    let body = json!({ "subscriptions": subscriptions, "query": text, "options": options });
    let path = "/providers/Microsoft.ResourceGraph/resources";
    Call::new(CallKind::QueryGraph, QuotaScope::Graph, Method::Post, path, &[], API_VERSION)
        .down_to(OLDEST)
        .with_body(body)
}

#[derive(Deserialize)]
struct Wire {
    data: Vec<Value>,
    #[serde(rename = "$skipToken")]
    token: Option<String>,
    #[serde(default, rename = "resultTruncated")]
    truncated: Value,
}

impl<T: Item> Answer for GraphPage<T> {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{FEFF}');
        let Wire { data, token, truncated } =
            serde_json::from_str(text).map_err(|error| crate::arm::body::why(text, &error))?;
        let mut rows = Vec::with_capacity(data.len());
        for (place, row) in data.iter().enumerate() {
            let (item, wrong) = read(row);
            rows.extend(item);
            if !wrong.is_empty() {
                let item = name(row).map_or_else(|| format!("item {place}"), str::to_owned);
                oddities.push(Oddity { item, words: wrong.join("; ") });
            }
        }
        // A text, by its description; nobody knows why.
        let is_cut = truncated == true || truncated.as_str().is_some_and(|word| word.eq_ignore_ascii_case("true"));
        Ok(Self { rows, token: token.filter(|token| !token.is_empty()), is_cut, read: PhantomData })
    }
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

    #[test]
    fn a_page_goes_on_by_its_token_or_by_the_number_of_rows_before() {
        let page = |rest: &str| {
            let text =
                format!("{{\"totalRecords\":3,\"count\":2,\"data\":[{{\"name\":\"a\"}},{{\"name\":\"b\"}}]{rest}}}");
            let mut oddities = Vec::new();
            let page = <GraphPage<Named> as Answer>::read(&text, &mut oddities).unwrap();
            assert!(oddities.is_empty() && page.rows.len() == 2);
            page
        };
        assert_eq!(page("").next(None), None);
        assert_eq!(page(",\"resultTruncated\":\"false\"").next(Some("skip:2")), None);
        assert_eq!(page(",\"$skipToken\":\"t\",\"resultTruncated\":\"true\"").next(None).as_deref(), Some("t"));
        assert_eq!(page(",\"resultTruncated\":\"true\"").next(None).as_deref(), Some("skip:2"));
        assert_eq!(page(",\"resultTruncated\":true").next(Some("skip:1000")).as_deref(), Some("skip:1002"));
        for odd in ["{}", "[]", "{\"data\":{}}", ""] {
            assert!(<GraphPage<Named> as Answer>::read(odd, &mut Vec::new()).is_err(), "{odd}");
        }
    }

    #[test]
    fn the_next_page_is_asked_for_as_the_one_before_says() {
        let options = |from| {
            let call: Call<GraphPage<Named>> = query("q".to_owned(), &[], from);
            serde_json::from_str::<Value>(&call.body_text()).unwrap()["options"].clone()
        };
        assert_eq!(options(None), json!({ "$top": 1_000, "resultFormat": "objectArray" }));
        assert_eq!(options(Some("skip:2000"))["$skip"], 2_000);
        assert_eq!(options(Some("dG9rZW4="))["$skipToken"], "dG9rZW4=");
    }
}
