//! What the worker writes to stdout and stderr, and what the host says about it: kept within a bound, and told to
//! whoever subscribes.

use std::{
    collections::VecDeque,
    io,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::broadcast;

use super::pipe::Pipe;

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

/// Lines that a subscriber may be behind before it loses some: on a busy machine it is far behind.
const UNREAD: usize = 1 << 16;

#[derive(Clone)]
pub(super) struct Logs {
    book: Book,
    /// The outputs of workers, with those of some that are gone.
    pipes: Arc<Mutex<Vec<Arc<Pipe>>>>,
}

/// Where lines are written down.
#[derive(Clone)]
struct Book {
    sender: broadcast::Sender<LogLine>,
    kept: Arc<Mutex<VecDeque<LogLine>>>,
    most: usize,
}

impl Logs {
    pub(super) fn new(most: usize) -> Self {
        let book = Book { sender: broadcast::Sender::new(UNREAD), kept: Arc::default(), most };
        Self { book, pipes: Arc::default() }
    }

    /// A pipe into the log, and its end for the worker.
    pub(super) fn pipe(&self, instance: usize, stream: LogStream) -> io::Result<(Arc<Pipe>, Stdio)> {
        let book = self.book.clone();
        let (pipe, end) = Pipe::open(move |text| book.write(LogLine { instance, stream, text: text.to_owned() }))?;
        let pipe = Arc::new(pipe);
        self.drain();
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner).push(pipe.clone());
        Ok((pipe, end))
    }

    /// Waits until all that the workers have written up to now is written down; no more is to come from those that are gone.
    pub(super) fn drain(&self) {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        pipes.retain(|pipe| {
            let is_in_use = Arc::strong_count(pipe) > 1;
            pipe.drain();
            is_in_use
        });
    }

    pub(super) fn write(&self, instance: usize, stream: LogStream, text: impl Into<String>) {
        self.book.write(LogLine { instance, stream, text: text.into() });
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.book.sender.subscribe()
    }

    /// The lines kept so far; all that the workers had written when it was asked for is among them.
    pub(super) fn kept(&self) -> Vec<LogLine> {
        self.drain();
        self.book.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Book {
    fn write(&self, line: LogLine) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most {
            kept.pop_front();
        }
        kept.push_back(line.clone());
        drop(kept);
        // Nobody may be listening.
        let _ = self.sender.send(line);
    }
}
