//! What was said on every socket of the local Azure, exchange by exchange, so that demos and tests judge the worker by
//! the wire and by nothing else. It only records; nothing here decides.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use time::OffsetDateTime;

use crate::Service;

/// One finished exchange.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Order of receipt over all services, from 1. Entries are kept in order of completion.
    pub sequence: u64,
    /// When the request had been read.
    pub received: OffsetDateTime,
    /// When it was answered or cut.
    pub answered: OffsetDateTime,
    /// The time between the two, by a monotonic clock.
    pub took: Duration,
    /// The service asked.
    pub service: Service,
    /// HTTP method.
    pub method: String,
    /// Path, percent-encoded as sent.
    pub path: String,
    /// Query, percent-encoded as sent; empty when there is none.
    pub query: String,
    /// The `User-Agent` header; empty when there is none.
    pub user_agent: String,
    /// The id of the token that it carried (claim `uti`); none where no token is asked for. An instance of the worker keeps
    /// its tokens to itself, so calls with one token are calls of one instance.
    pub token: Option<String>,
    /// HTTP status of the answer; `None` when the connection was cut.
    pub status: Option<u16>,
    /// The `Retry-After` header of the answer, in seconds.
    pub retry_after: Option<u64>,
    /// The fault rules that struck, by name.
    pub faults: Vec<String>,
    /// The request's body, when bodies are kept.
    pub request_body: Option<Bytes>,
    /// The answer's body, when bodies are kept (also one that was lost on its way).
    pub response_body: Option<Bytes>,
}

/// A place in the ledger, for [`Ledger::since`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark(usize);

/// The record of all exchanges. Clones share it.
#[derive(Clone, Default)]
pub struct Ledger {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    entries: Mutex<Vec<Entry>>,
    received: AtomicU64,
    open: AtomicUsize,
    keep_bodies: AtomicBool,
}

impl Ledger {
    /// An empty ledger, without bodies.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps full bodies from now on, or no longer. Off by default: a storm would fill the memory.
    pub fn keep_bodies(&self, keep: bool) {
        self.shared.keep_bodies.store(keep, Ordering::Relaxed);
    }

    /// Whether bodies are kept.
    pub fn keeps_bodies(&self) -> bool {
        self.shared.keep_bodies.load(Ordering::Relaxed)
    }

    /// All finished exchanges, in order of completion.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// The exchanges of one service.
    pub fn of(&self, service: Service) -> Vec<Entry> {
        self.filter(|entry| entry.service == service)
    }

    /// The exchanges that satisfy a condition.
    pub fn filter(&self, condition: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.lock().iter().filter(|entry| condition(entry)).cloned().collect()
    }

    /// How many exchanges satisfy a condition.
    pub fn count(&self, condition: impl Fn(&Entry) -> bool) -> usize {
        self.lock().iter().filter(|entry| condition(entry)).count()
    }

    /// How many exchanges have been finished.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing has been finished yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests are being answered right now.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// The present end of the ledger.
    pub fn mark(&self) -> Mark {
        Mark(self.len())
    }

    /// What was finished since a mark, and the new mark.
    pub fn since(&self, mark: Mark) -> (Vec<Entry>, Mark) {
        let entries = self.lock();
        (entries.get(mark.0..).unwrap_or_default().to_vec(), Mark(entries.len()))
    }

    /// Forgets everything, so that earlier marks point past the end.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Opens the record of a request that has just been read.
    pub(crate) fn open_entry(&self, asked: Asked) -> OpenEntry {
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        OpenEntry {
            ledger: self.clone(),
            sequence: self.shared.received.fetch_add(1, Ordering::Relaxed) + 1,
            received: OffsetDateTime::now_utc(),
            started: Instant::now(),
            asked: Some(asked),
            faults: Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request side of an [`Entry`].
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) service: Service,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) user_agent: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Option<Bytes>,
}

/// An exchange that is still going on. Dropped unfinished, it is recorded as cut: the client or the service went away.
pub(crate) struct OpenEntry {
    ledger: Ledger,
    sequence: u64,
    received: OffsetDateTime,
    started: Instant,
    asked: Option<Asked>,
    pub(crate) faults: Vec<String>,
}

impl OpenEntry {
    pub(crate) fn finish(mut self, status: Option<u16>, retry_after: Option<u64>, body: Option<Bytes>) {
        self.record(status, retry_after, body);
    }

    fn record(&mut self, status: Option<u16>, retry_after: Option<u64>, response_body: Option<Bytes>) {
        let Some(asked) = self.asked.take() else { return };
        self.ledger.shared.open.fetch_sub(1, Ordering::Relaxed);
        self.ledger.lock().push(Entry {
            sequence: self.sequence,
            received: self.received,
            answered: OffsetDateTime::now_utc(),
            took: self.started.elapsed(),
            service: asked.service,
            method: asked.method,
            path: asked.path,
            query: asked.query,
            user_agent: asked.user_agent,
            token: asked.token,
            status,
            retry_after,
            faults: std::mem::take(&mut self.faults),
            request_body: asked.body,
            response_body,
        });
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        self.record(None, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(service: Service, path: &str) -> Asked {
        Asked {
            service,
            method: "GET".into(),
            path: path.into(),
            query: String::new(),
            user_agent: "test".into(),
            token: None,
            body: None,
        }
    }

    #[test]
    fn entries_keep_the_order_of_completion_and_the_number_of_receipt() {
        let ledger = Ledger::new();
        let first = ledger.open_entry(asked(Service::Blob, "/a"));
        let second = ledger.open_entry(asked(Service::ServiceBus, "/b"));
        assert_eq!((ledger.open(), ledger.len()), (2, 0));
        second.finish(Some(201), None, None);
        let mark = ledger.mark();
        first.finish(Some(429), Some(7), None);
        assert_eq!(ledger.entries().iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [2, 1]);
        let (new, end) = ledger.since(mark);
        assert_eq!((new.len(), new[0].retry_after, end), (1, Some(7), ledger.mark()));
        assert_eq!((ledger.of(Service::Blob).len(), ledger.count(|entry| entry.status == Some(201))), (1, 1));
        assert_eq!(ledger.open(), 0);
    }

    #[test]
    fn an_exchange_that_nobody_finishes_is_recorded_as_cut() {
        let ledger = Ledger::new();
        drop(ledger.open_entry(asked(Service::Blob, "/a")));
        assert_eq!((ledger.entries()[0].status, ledger.open()), (None, 0));
    }

    #[test]
    fn a_mark_from_before_a_clear_gives_nothing() {
        let ledger = Ledger::new();
        ledger.open_entry(asked(Service::Blob, "/a")).finish(Some(200), None, None);
        let mark = ledger.mark();
        ledger.clear();
        assert!(ledger.is_empty());
        assert!(ledger.since(mark).0.is_empty());
    }
}
