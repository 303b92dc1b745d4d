//! What a token is asked for with: the parameters of a form, and a client that is named in the `Authorization` header instead.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The parameters of a request. Names are as OAuth has them, in lower case.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body; one that is no form has no parameters.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
        let mut pairs = Vec::new();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            pairs.extend(url::form_urlencoded::parse(body).into_owned());
        }
        if let Some((client, secret)) = basic(text(header::AUTHORIZATION)) {
            pairs.push(("client_id".to_owned(), client));
            pairs.push(("client_secret".to_owned(), secret));
        }
        Self(pairs)
    }

    /// A parameter; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Id and secret as RFC 6749 has them in a header: each encoded as in a form.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, words) = authorization.split_once(' ')?;
    let plain = STANDARD.decode(words.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let plain = String::from_utf8(plain).ok()?;
    let (client, secret) = plain.split_once(':')?;
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    Some((decoded(client), decoded(secret)))
}
