//! Exchanges with Resource Manager as they went over the wire, one JSON object a line, for whoever holds them against the
//! specification: `{"name", "request": {"method", "url", "headers", "body"}, "response": {"status", "headers", "body"}}`. Tokens are
//! left out.

use std::{
    fmt,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value, json};

type Sink = Box<dyn Write + Send>;

/// Where they are written to. Clones share it.
#[derive(Clone)]
pub struct Exchanges {
    sink: Arc<Mutex<Sink>>,
}

/// A request, kept until it is answered.
pub(crate) struct Half {
    request: Value,
    name: String,
}

impl Exchanges {
    /// Writes them here.
    pub fn to(sink: Sink) -> Self {
        Self { sink: Arc::new(Mutex::new(sink)) }
    }

    /// The first half of an exchange.
    pub(crate) fn begin(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Half {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut request =
            json!({ "method": method.as_str(), "url": format!("https://{host}{uri}"), "headers": shown(headers) });
        set_body(&mut request, body);
        Half { request, name: agent.split([' ', '/']).next().unwrap_or_default().to_owned() }
    }

    /// Writes it with its second half. A line that cannot be written is lost, and nothing else.
    pub(crate) fn end(&self, half: Half, status: u16, headers: &HeaderMap, body: &[u8]) {
        let mut response = json!({ "status": status, "headers": shown(headers) });
        set_body(&mut response, body);
        let line = json!({ "name": half.name, "request": half.request, "response": response });
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(sink, "{line}").and_then(|()| sink.flush());
    }
}

impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanges").finish_non_exhaustive()
    }
}

fn set_body(half: &mut Value, body: &[u8]) {
    if !body.is_empty() {
        let text = || Value::String(String::from_utf8_lossy(body).into_owned());
        half["body"] = serde_json::from_slice(body).unwrap_or_else(|_| text());
    }
}

fn shown(headers: &HeaderMap) -> Map<String, Value> {
    let named = headers.iter().filter(|(name, _)| *name != header::AUTHORIZATION);
    named.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the bytes").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_exchange_is_a_line_without_its_token() {
        let kept = Kept::default();
        let exchanges = Exchanges::to(Box::new(kept.clone()));
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", "localhost:1"), ("authorization", "Bearer x"), ("user-agent", "az/2 y")] {
            headers.insert(name, value.parse().expect("a header"));
        }
        let half = Exchanges::begin(&Method::PUT, &"/a?api-version=1".parse().expect("a uri"), &headers, b"{\"b\":1}");
        exchanges.end(half, 404, &HeaderMap::new(), b"no");
        let text = String::from_utf8(kept.0.lock().expect("the bytes").clone()).expect("text");
        let line: Value = serde_json::from_str(&text).expect("one line of JSON");
        assert_eq!(line["name"], "az");
        assert_eq!(line["request"]["url"], "https://localhost:1/a?api-version=1");
        assert_eq!((&line["request"]["body"], &line["response"]["body"]), (&json!({ "b": 1 }), &json!("no")));
        assert!(!text.contains("Bearer"), "{text}");
    }
}
