//! The commands that look at an installation, each driven as a process on a running `simulate`, as a person would.

mod as_somebody;
mod batch;
mod health;
mod looking;
mod parks;
mod pausing;
pub(crate) mod plans;
mod put_back;

use serde_json::Value;

use crate::stage::{PATIENCE, Simulation, Stage};

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Its JSON object.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }
}

/// Runs a command on the simulation.
async fn run(simulation: &Simulation, arguments: &[&str]) -> Ended {
    let ended = simulation.command(arguments).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: ended.status.code(), stdout: text(ended.stdout), stderr: text(ended.stderr) }
}

/// Runs a command on a stage, in an environment that has nothing but the settings of its worker, and as its worker's identity.
pub(crate) async fn run_on(stage: &Stage, arguments: &[&str]) -> Ended {
    run_with(stage, arguments, &[]).await
}

/// The same with other settings.
pub(crate) async fn run_with(stage: &Stage, arguments: &[&str], changes: &[(&str, &str)]) -> Ended {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    ended(command.args(arguments).env_clear().envs(stage.worker_settings(changes))).await
}

/// Runs it to its end.
pub(crate) async fn ended(command: &mut tokio::process::Command) -> Ended {
    let ended = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: ended.status.code(), stdout: text(ended.stdout), stderr: text(ended.stderr) }
}
