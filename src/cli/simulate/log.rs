//! The worker's log while it is simulated: in short form on stderr, and line by line in a file.

use std::io::{self, Write};

use anyhow::Context;
use simulator::functions_host::{FunctionsHost, LogLine};
use simulator_demo::follow;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::short::short;

/// A log that is told.
pub(super) struct Told {
    enough: oneshot::Sender<()>,
    telling: JoinHandle<io::Result<()>>,
}

impl Told {
    /// Tells what the host has logged, and everything that comes.
    pub(super) fn of(host: &FunctionsHost, mut file: Option<Box<dyn Write + Send>>) -> anyhow::Result<Self> {
        let (lines, mut before) = (host.subscribe(), host.log());
        // What came in between is in both.
        before.truncate(before.len().saturating_sub(lines.len()));
        let mut tell = move |line: &LogLine| {
            eprintln!("{}", short(&line.text));
            file.as_mut().map_or(Ok(()), |file| writeln!(file, "{}", line.text).and_then(|()| file.flush()))
        };
        before.iter().try_for_each(&mut tell).context("the log cannot be written")?;
        let (enough, told) = oneshot::channel();
        Ok(Self { enough, telling: tokio::spawn(follow(lines, told, tell)) })
    }

    /// Tells the last lines of a host that is gone.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        drop(self.enough);
        self.telling.await?.context("the log cannot be written")
    }
}
