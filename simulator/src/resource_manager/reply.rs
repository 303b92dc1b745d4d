//! An answer before it becomes HTTP.

use serde_json::Value;

/// Status, body and additional headers of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self::with_status(200, body)
    }

    pub(crate) fn with_status(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A page of a list: `value`, and `nextLink` when there is more.
    pub(crate) fn list(value: Vec<Value>, next: Option<String>) -> Self {
        let mut body = serde_json::json!({ "value": value });
        if let Some(next) = next {
            body["nextLink"] = Value::String(next);
        }
        Self::ok(body)
    }
}
