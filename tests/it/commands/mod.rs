//! The commands that look at an installation, each driven as a process on a running `simulate`, as a person would.

mod looking;

use serde_json::Value;

use crate::stage::Simulation;

/// What a command came to.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// Its JSON object.
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }
}

/// Runs a command on the simulation.
async fn run(simulation: &Simulation, arguments: &[&str]) -> Ended {
    let ended = simulation.command(arguments).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: ended.status.code(), stdout: text(ended.stdout), stderr: text(ended.stderr) }
}
