//! The command line: what a person runs in a shell. Under the Functions host none of this is used.

#[cfg(feature = "local")]
mod demo;
#[cfg(feature = "local")]
mod package;
#[cfg(feature = "local")]
mod scenario;
#[cfg(feature = "local")]
mod simulate;
#[cfg(feature = "local")]
mod table;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

/// Everything was done.
const DONE: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// Something that can be fixed is not.
#[cfg(feature = "local")]
const UNFIXED: u8 = 3;

#[derive(Debug, Parser)]
#[command(
    name = "policy-remediator",
    version,
    about = "Unattended remediation of Azure Policy non-compliance",
    after_help = "Under the Functions host (FUNCTIONS_CUSTOMHANDLER_PORT is set) the same binary is the app's custom handler.\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 something that can be fixed is not, or a scenario ends otherwise than expected."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the main job on a local Azure: no account, no network, no installation.
    #[cfg(feature = "local")]
    Demo(demo::Arguments),
    /// Keep a local Azure running, with the worker on it, and print where its services are.
    #[cfg(feature = "local")]
    Simulate(simulate::Arguments),
}

/// Runs the command of this process's arguments.
pub(crate) async fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        #[cfg(feature = "local")]
        Some(Command::Demo(arguments)) => demo::run(arguments).await,
        #[cfg(feature = "local")]
        Some(Command::Simulate(arguments)) => simulate::run(arguments).await,
        #[cfg(not(feature = "local"))]
        Some(command) => match command {},
        None => Arguments::command().print_help().map(|()| DONE).map_err(anyhow::Error::from),
    };
    ExitCode::from(outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        FAILED
    }))
}
