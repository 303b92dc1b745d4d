//! Answers that a service gives instead of its own, or its own with something changed, so that a situation can be told
//! that the local Azure does not know. Each counts how often it was given: one that nobody met has told nothing.
//! They stand behind the token check: a caller without a token is refused as always.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What is answered, and to what.
#[derive(Debug, Clone, PartialEq)]
pub struct Fake {
    /// By which it is taken back and counted.
    pub name: String,
    /// Only this HTTP method, in any case.
    pub method: Option<String>,
    /// Only addresses (path and query, percent-decoded) that contain this, in any case.
    pub path: String,
    /// Only requests whose body contains this, in any case.
    pub body: String,
    /// How often at most.
    pub times: Option<u64>,
    /// What is answered.
    pub how: How,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// This; the service never sees the request.
    Instead(Answer),
    /// The service's own answer, changed.
    Changed {
        /// Texts, and what stands in their place.
        replace: Vec<(String, String)>,
        /// Further entries of the list in `value`.
        append: Vec<Value>,
    },
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, besides that of JSON.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
}

/// The fakes of a service. Clones share them.
#[derive(Clone, Default)]
pub struct Fakes {
    armed: Arc<Mutex<Vec<Armed>>>,
}

struct Armed {
    fake: Fake,
    hits: u64,
}

impl Armed {
    fn fits(&self, method: &str, address: &str, body: &str) -> bool {
        let Fake { times, path, .. } = &self.fake;
        times.is_none_or(|times| self.hits < times)
            && self.fake.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && address.contains(&path.to_lowercase())
            && body.contains(&self.fake.body.to_lowercase())
    }
}

impl Fakes {
    /// None: the service answers itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one behind the others.
    pub fn add(&self, fake: Fake) {
        self.lock().push(Armed { fake, hits: 0 });
    }

    /// Gives one up, so that it is no longer answered; its count stays. Says whether there was one of that name.
    pub fn give_up(&self, name: &str) -> bool {
        let mut armed = self.lock();
        let mut found = false;
        for one in armed.iter_mut().filter(|one| one.fake.name == name) {
            one.fake.times = Some(one.hits);
            found = true;
        }
        found
    }

    /// How often each was answered, in the order in which they were added.
    pub fn hits(&self) -> Vec<(String, u64)> {
        self.lock().iter().map(|one| (one.fake.name.clone(), one.hits)).collect()
    }

    /// Whether there are none, so that nobody need ask.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The whole answer to a request, where one is faked; `target` is its path, with the query if it has one.
    pub(crate) fn instead(&self, method: &str, target: &str, body: &[u8]) -> Option<Answer> {
        let (address, body) = (readable(target), String::from_utf8_lossy(body).to_lowercase());
        let mut armed = self.lock();
        armed.iter_mut().filter(|one| one.fits(method, &address, &body)).find_map(|one| match &one.fake.how {
            How::Instead(answer) => {
                one.hits += 1;
                Some(answer.clone())
            }
            How::Changed { .. } => None,
        })
    }

    /// The service's own answer, changed as all say that fit. One counts only where it changed something.
    pub(crate) fn changed(&self, method: &str, target: &str, body: &[u8], own: Bytes) -> Bytes {
        let (address, body) = (readable(target), String::from_utf8_lossy(body).to_lowercase());
        let mut armed = self.lock();
        let mut text: Option<String> = None;
        for one in armed.iter_mut().filter(|one| one.fits(method, &address, &body)) {
            let How::Changed { replace, append } = &one.fake.how else { continue };
            let before = text.clone().unwrap_or_else(|| String::from_utf8_lossy(&own).into_owned());
            let after = appended(replace.iter().fold(before.clone(), |all, (from, to)| all.replace(from, to)), append);
            if after != before {
                one.hits += 1;
                text = Some(after);
            }
        }
        text.map_or(own, Bytes::from)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A path, with the query if it has one, as fakes look at it: percent-decoded, in lower case.
pub fn readable(target: &str) -> String {
    percent_decode_str(target).decode_utf8_lossy().to_lowercase()
}

/// The text with further entries in its list; as it is where it holds none.
fn appended(text: String, append: &[Value]) -> String {
    if append.is_empty() {
        return text;
    }
    let Ok(mut answer) = serde_json::from_str::<Value>(&text) else { return text };
    let Some(Value::Array(list)) = answer.get_mut("value") else { return text };
    list.extend(append.iter().cloned());
    answer.to_string()
}

#[cfg(test)]
#[path = "fakes_tests.rs"]
mod tests;
