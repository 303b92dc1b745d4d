//! What the worker writes to stdout and stderr, and what the host says about it: kept within a bound, and told to
//! whoever subscribes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::broadcast;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// The worker's standard output: level Information in Azure.
    Stdout,
    /// The worker's standard error: level Error in Azure, Warning when the line contains "warn".
    Stderr,
    /// The host itself: failed invocations, restarts, `Logs` of an invocation's answer.
    Host,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The instance, from 0.
    pub instance: usize,
    /// Where it comes from.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

#[derive(Clone)]
pub(super) struct Logs {
    sender: broadcast::Sender<LogLine>,
    kept: Arc<Mutex<VecDeque<LogLine>>>,
    most: usize,
}

impl Logs {
    pub(super) fn new(most: usize) -> Self {
        Self { sender: broadcast::Sender::new(8192), kept: Arc::default(), most }
    }

    pub(super) fn write(&self, instance: usize, stream: LogStream, text: impl Into<String>) {
        let line = LogLine { instance, stream, text: text.into() };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most {
            kept.pop_front();
        }
        kept.push_back(line.clone());
        drop(kept);
        // Nobody may be listening.
        let _ = self.sender.send(line);
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.sender.subscribe()
    }

    pub(super) fn kept(&self) -> Vec<LogLine> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
