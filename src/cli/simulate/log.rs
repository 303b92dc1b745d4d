//! The worker's log while it is simulated: in short form on stderr, and line by line in a file.

use std::io::{self, Write};

use anyhow::Context;
use simulator::functions_host::{FunctionsHost, LogLine};
use simulator_demo::follow;
use tokio::sync::broadcast::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::short::short;

/// A log that is told.
pub(in crate::cli) struct Told {
    enough: oneshot::Sender<()>,
    telling: JoinHandle<io::Result<()>>,
}

impl Told {
    /// Tells what the host has logged, and everything that comes.
    pub(in crate::cli) fn of(host: &FunctionsHost, file: Option<Box<dyn Write + Send>>) -> anyhow::Result<Self> {
        let (lines, mut before) = (host.subscribe(), host.log());
        // What came in between is in both.
        before.truncate(before.len().saturating_sub(lines.len()));
        let mut tell = teller(file);
        before.iter().try_for_each(&mut tell).context("the log cannot be written")?;
        Ok(Self::following(lines, tell))
    }

    /// Tells what comes from now on.
    pub(in crate::cli) fn from_now(host: &FunctionsHost, file: Option<Box<dyn Write + Send>>) -> Self {
        Self::following(host.subscribe(), teller(file))
    }

    fn following(lines: Receiver<LogLine>, tell: impl FnMut(&LogLine) -> io::Result<()> + Send + 'static) -> Self {
        let (enough, told) = oneshot::channel();
        Self { enough, telling: tokio::spawn(follow(lines, told, tell)) }
    }

    /// Tells the last lines of a host that is gone.
    pub(in crate::cli) async fn end(self) -> anyhow::Result<()> {
        drop(self.enough);
        self.telling.await?.context("the log cannot be written")
    }
}

/// Tells a line: in short form on stderr, as it is in the file.
fn teller(mut file: Option<Box<dyn Write + Send>>) -> impl FnMut(&LogLine) -> io::Result<()> + Send + 'static {
    move |line: &LogLine| {
        eprintln!("{}", short(&line.text));
        file.as_mut().map_or(Ok(()), |file| writeln!(file, "{}", line.text).and_then(|()| file.flush()))
    }
}
