//! A call, taken apart once: decoded path segments, query options, host and caller. Doubled slashes vanish here, as the
//! service tolerates them. It knows nothing of what the path means.

use super::task::Caller;
use crate::identity;
use axum::http::{HeaderMap, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What may stand unencoded in a query value.
const QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/').remove(b'$');

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Decoded, none empty.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    /// `host[:port]` that the caller used, for absolute links.
    pub(crate) host: String,
    /// The path as it was written.
    pub(crate) raw_path: String,
    pub(crate) correlation_id: String,
    pub(crate) caller: Caller,
    /// The same out of a token; `None` where nobody checks tokens, and then nobody lacks a right.
    pub(crate) identity: Option<identity::Caller>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: Method, uri: &Uri, headers: &HeaderMap, caller: Caller, body: Vec<u8>) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let host = text("host").or_else(|| uri.authority().map(ToString::to_string));
        let correlation_id = text("x-ms-correlation-request-id").filter(|id| !id.is_empty());
        Self {
            method,
            segments: segments(uri.path()),
            query: Query::read(uri.query().unwrap_or_default()),
            host: host.unwrap_or_else(|| "management.azure.com".to_owned()),
            raw_path: uri.path().to_owned(),
            correlation_id: correlation_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            caller,
            identity: None,
            body,
        }
    }

    /// The same call of somebody whose token was checked.
    pub(crate) fn of(mut self, identity: Option<identity::Caller>) -> Self {
        self.caller = identity.as_ref().map(Caller::of).unwrap_or_default();
        self.identity = identity;
        self
    }

    /// The same call without an option.
    pub(crate) fn without(&self, option: &str) -> Self {
        let mut call = self.clone();
        call.query.pairs.retain(|(name, _)| !name.eq_ignore_ascii_case(option));
        call
    }

    /// The absolute address of the same call with another `$skiptoken`.
    pub(crate) fn continued(&self, token: &str) -> String {
        let mut query = self.query.clone();
        query.pairs.retain(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"));
        query.pairs.push(("$skiptoken".to_owned(), token.to_owned()));
        format!("https://{}{}?{}", self.host, self.raw_path, query.write())
    }
}

fn segments(path: &str) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect()
}

/// Query options in the order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    fn read(text: &str) -> Self {
        let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self { pairs: pairs.collect() }
    }

    /// An option by its name without case; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn write(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        let pairs: Vec<String> =
            self.pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        pairs.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(uri: &str) -> Call {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:8443".parse().expect("a header"));
        Call::new(Method::GET, &uri.parse().expect("a uri"), &headers, Caller::default(), Vec::new())
    }

    #[test]
    fn paths_are_decoded_by_segment() {
        let call = call("/subscriptions//s%201/x%2Fy?Api-Version=1&%24filter=a%20eq%20'b%26c'+and+d&$top=");
        assert_eq!(call.segments, ["subscriptions", "s 1", "x/y"]);
        assert_eq!(call.query.get("api-version"), Some("1"));
        assert_eq!(call.query.get("$FILTER"), Some("a eq 'b&c' and d"));
        assert_eq!(call.query.get("$top"), None);
        assert!(!call.correlation_id.is_empty());
    }

    #[test]
    fn a_next_link_keeps_everything_but_the_token() {
        let first = call("/subscriptions/s%201/x?api-version=2024-10-01&$filter=a%20eq%20'b%26c'&$skiptoken=old");
        let link = first.continued("new=");
        assert!(link.starts_with("https://localhost:8443/subscriptions/s%201/x?"), "{link}");
        let second = call(link.strip_prefix("https://localhost:8443").expect("the host"));
        assert_eq!(second.query.get("$filter"), Some("a eq 'b&c'"));
        assert_eq!(second.query.get("$skiptoken"), Some("new="));
        assert_eq!(second.query.pairs.len(), 3);
    }
}
