//! The binary's own `simulate --json`, run as a person would, in a folder for temporary files of its own.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::wait::{PATIENCE, until};

/// A running `simulate`.
pub(crate) struct Simulation {
    /// Its one line.
    pub(crate) places: Value,
    child: Child,
    temporary: TempDir,
    /// What it writes to stderr.
    complaints: NamedTempFile,
}

impl Simulation {
    /// Starts it and reads its line.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same with further arguments.
    pub(crate) async fn with(more: &[&str]) -> Self {
        let temporary = tempfile::Builder::new().prefix("it-simulate-").tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command.args(["simulate", "--json"]).args(more).env("TMPDIR", temporary.path());
        let complaints = NamedTempFile::new().unwrap();
        command.stderr(complaints.reopen().unwrap());
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let words = || std::fs::read_to_string(complaints.path()).unwrap();
        let line = line.unwrap_or_else(|| panic!("it did not start: {}", words()));
        Self { places: serde_json::from_str(&line).unwrap(), child, temporary, complaints }
    }

    /// One of the places that it named.
    pub(crate) fn place(&self, name: &str) -> String {
        self.places[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.places)).to_owned()
    }

    /// Runs another command of the binary where it finds this simulation, and waits for its end.
    pub(crate) async fn command(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command.args(arguments).env("TMPDIR", self.temporary.path()).kill_on_drop(true);
        tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap()
    }

    /// What it has written to stderr.
    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(self.complaints.path()).unwrap()
    }

    /// The folder that it laid its package out in.
    pub(crate) fn package(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.temporary.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.into_iter().find(|path| path.join("host.json").is_file()).unwrap()
    }

    /// Asks it to stop as a service manager does, and sees that neither it nor what it started is left.
    pub(crate) async fn terminate(mut self) {
        let id = self.child.id().unwrap();
        let children = children_of(id);
        assert!(!children.is_empty(), "it runs a worker");
        let asked = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status().unwrap();
        assert!(asked.success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(0));
        until("no child is left", || children.iter().all(|child| !is_alive(*child))).await;
        let left: Vec<_> = std::fs::read_dir(self.temporary.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Process ids of the children, as Linux lists them.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().to_str()?.parse().ok());
    processes.filter(|id| stat(*id).is_some_and(|(_, of)| of == parent)).collect()
}

/// Whether the process is there and no zombie.
fn is_alive(id: u32) -> bool {
    stat(id).is_some_and(|(state, _)| state != "Z")
}

/// State and parent of a process.
fn stat(id: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
