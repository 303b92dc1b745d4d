//! The headers of a request as the real host's server has them: those that it knows first, in its own order, each in its usual
//! spelling. The order is that of the recordings.

use axum::http::HeaderMap;

const KNOWN: [&str; 8] = [
    "accept",
    "connection",
    "host",
    "user-agent",
    "accept-encoding",
    "content-type",
    "transfer-encoding",
    "content-length",
];

pub(super) fn as_the_server_has_them(headers: &HeaderMap) -> Vec<(String, String)> {
    let place = |name: &str| KNOWN.iter().position(|known| *known == name).unwrap_or(KNOWN.len());
    let mut texts: Vec<(&str, &str)> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    texts.sort_by_key(|(name, _)| place(name));
    texts.into_iter().map(|(name, value)| (spelt(name), value.to_owned())).collect()
}

/// `x-custom` as `X-Custom`: how it was spelt is not known any more.
fn spelt(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let (first, rest) = part.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    });
    parts.collect::<Vec<_>>().join("-")
}
