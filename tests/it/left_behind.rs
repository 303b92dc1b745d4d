//! What a demo leaves behind: nothing, however it ends.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::stage::{PATIENCE, until};

/// A running demo, in a folder for temporary files of its own.
struct Running {
    child: Child,
    temporary: TempDir,
}

impl Running {
    /// Starts one that takes long, and waits for its worker.
    async fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command.args(["demo", "--storm", "5000"]).env("TMPDIR", temporary.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let running = Self { child, temporary };
        until("the worker runs", || !running.workers().is_empty()).await;
        running
    }

    /// Workers of this demo, which run in a folder below its own.
    fn workers(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let own = self.temporary.path();
        ids.filter(|id| std::fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd.starts_with(own))).collect()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_asked_to_stop_ends_with_all_that_it_started() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let mut running = Running::start().await;
        running.signal(signal);
        let ended = tokio::time::timeout(PATIENCE, running.child.wait()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(code), "{signal}");
        until("no worker is left", || running.workers().is_empty()).await;
        assert_eq!(std::fs::read_dir(running.temporary.path()).unwrap().count(), 0, "{signal}: no folder is left");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_killed_takes_its_worker_along() {
    let mut running = Running::start().await;
    running.child.kill().await.unwrap();
    until("no worker is left", || running.workers().is_empty()).await;
    // Its folders are there; after a while the next demo knows that they are nobody's.
    let folders = || std::fs::read_dir(running.temporary.path()).unwrap().flatten().map(|entry| entry.path());
    assert!(folders().count() > 0);
    for folder in folders() {
        let owner = std::fs::File::options().write(true).open(folder.join(".owner")).unwrap();
        owner.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3_600)).unwrap();
    }
    let mut next = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    next.args(["demo", "--storm", "10", "--json"]).env("TMPDIR", running.temporary.path()).kill_on_drop(true);
    let next = tokio::time::timeout(PATIENCE, next.output()).await.unwrap().unwrap();
    assert_eq!(next.status.code(), Some(0), "{}", String::from_utf8_lossy(&next.stderr));
    assert_eq!(folders().count(), 0, "nothing is left of either");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_a_reader_that_has_gone_is_none() {
    let run = |arguments: &[&str], out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command.args(arguments).stdout(out).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().unwrap()
    };
    let (demo, completions) = (["demo", "--storm", "10", "--json"].as_slice(), ["completions", "bash"].as_slice());
    for arguments in [demo, completions] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let full = run(arguments, full.into()).wait_with_output().await.unwrap();
        let words = String::from_utf8(full.stderr).unwrap();
        assert_eq!(full.status.code(), Some(1), "{words}");
        assert!(words.contains("standard output cannot be written") && !words.contains("panicked"), "{words}");
        let mut closed = run(arguments, Stdio::piped());
        drop(closed.stdout.take());
        let closed = closed.wait_with_output().await.unwrap();
        let words = String::from_utf8(closed.stderr).unwrap();
        assert!(closed.status.code() == Some(0) && !words.contains("panicked"), "{:?} {words}", closed.status);
    }
}
