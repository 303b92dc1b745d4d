//! The command line: what a person runs in a shell. Under the Functions host none of this is used.
//!
//! A file a command. `operator` is what the commands share that look at an installation: settings, login, output.

mod approvals;
mod completions;
mod controls;
mod controls_file;
#[cfg(feature = "local")]
mod demo;
mod doctor;
mod exit;
mod explain;
mod grants;
#[cfg(feature = "local")]
mod keeping;
#[cfg(feature = "local")]
mod mode;
mod operator;
#[cfg(feature = "local")]
mod package;
mod parked;
mod pause;
mod plan;
mod print;
#[cfg(feature = "local")]
mod progress;
mod rejected;
#[cfg(feature = "local")]
mod replay;
#[cfg(feature = "local")]
mod replay_states;
mod run;
mod runs;
#[cfg(feature = "local")]
mod scenario;
#[cfg(feature = "local")]
mod setting;
#[cfg(feature = "local")]
mod simulate;
#[cfg(feature = "local")]
mod source;
mod standings;
mod states_file;
mod status;
#[cfg(feature = "local")]
mod stop;
#[cfg(feature = "local")]
mod summary;
#[cfg(feature = "local")]
mod table;
#[cfg(feature = "local")]
mod written;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use exit::{DONE, FAILED};

#[derive(Debug, Parser)]
#[command(
    name = "policy-remediator",
    version,
    about = "Unattended remediation of Azure Policy non-compliance",
    after_help = "Under the Functions host (FUNCTIONS_CUSTOMHANDLER_PORT is set) the same binary is the app's custom handler.\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 something that can be fixed is not or needs a person, or a scenario ends otherwise than expected."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    #[cfg(feature = "local")]
    Demo(demo::Arguments),
    #[cfg(feature = "local")]
    Simulate(simulate::Arguments),
    Status(status::Arguments),
    Plan(plan::Arguments),
    Explain(explain::Arguments),
    Parked(parked::Arguments),
    Run(run::Arguments),
    Runs(runs::Arguments),
    Rejected(rejected::Arguments),
    Grants(grants::Arguments),
    Doctor(doctor::Arguments),
    Pause(pause::Arguments),
    Resume(pause::ResumeArguments),
    Approve(approvals::Arguments),
    Approvals(approvals::ManyArguments),
    Controls(controls::Arguments),
    Completions(completions::Arguments),
}

/// Runs the command of this process's arguments.
pub(crate) async fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        #[cfg(feature = "local")]
        Some(Command::Demo(arguments)) => demo::run(arguments).await,
        #[cfg(feature = "local")]
        Some(Command::Simulate(arguments)) => simulate::run(arguments).await,
        Some(Command::Status(arguments)) => status::run(arguments).await,
        Some(Command::Plan(arguments)) => plan::run(arguments).await,
        Some(Command::Explain(arguments)) => explain::run(arguments).await,
        Some(Command::Parked(arguments)) => parked::run(arguments).await,
        Some(Command::Run(arguments)) => run::run(arguments).await,
        Some(Command::Runs(arguments)) => runs::run(arguments).await,
        Some(Command::Rejected(arguments)) => rejected::run(arguments).await,
        Some(Command::Grants(arguments)) => grants::run(arguments).await,
        Some(Command::Doctor(arguments)) => doctor::run(arguments).await,
        Some(Command::Pause(arguments)) => pause::run(arguments).await,
        Some(Command::Resume(arguments)) => pause::resume(arguments).await,
        Some(Command::Approve(arguments)) => approvals::approve(arguments).await,
        Some(Command::Approvals(arguments)) => approvals::run(arguments).await,
        Some(Command::Controls(arguments)) => controls::run(arguments).await,
        Some(Command::Completions(arguments)) => completions::run(&arguments, &mut Arguments::command()),
        None => Arguments::command().print_help().map(|()| DONE).map_err(anyhow::Error::from),
    };
    ExitCode::from(outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        FAILED
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command below this one that does something.
    fn leaves(command: &clap::Command, path: &str) -> Vec<(String, clap::Command)> {
        let below: Vec<_> = command.get_subcommands().filter(|below| below.get_name() != "help").collect();
        if below.is_empty() {
            return vec![(path.to_owned(), command.clone())];
        }
        below.into_iter().flat_map(|below| leaves(below, &format!("{path} {}", below.get_name()))).collect()
    }

    #[test]
    fn the_help_of_every_command_shows_an_example_that_can_be_parsed() {
        let all = leaves(&Arguments::command(), "policy-remediator");
        assert!(all.len() > 3);
        for (path, mut command) in all {
            let help = command.render_long_help().to_string();
            let mut examples = help.lines().map(str::trim).filter(|line| line.starts_with(&path)).peekable();
            assert!(examples.peek().is_some(), "{path} shows no example:\n{help}");
            for example in examples {
                let words: Vec<String> = example.split_whitespace().map(|word| word.replace('\'', "")).collect();
                let parsed = Arguments::try_parse_from(words);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
    }

    /// All commands with their options and examples, as a document.
    #[cfg(feature = "local")]
    fn reference() -> String {
        let mut text = "<!-- Made of the commands' own help by `UPDATE_DOCS=1 cargo test -p policy-remediator reference`; do not edit it here. -->\n\n# Command reference\n\nWhat `--help` says of each command. How they are used, and what they print, is in [commands](commands.md).\n".to_owned();
        for (path, mut command) in leaves(&Arguments::command(), "policy-remediator") {
            let name = path.trim_start_matches("policy-remediator ");
            command = command.bin_name(path.clone()).term_width(110);
            let help = command.render_long_help().to_string();
            let help: Vec<_> = help.lines().map(str::trim_end).collect();
            text += &format!("\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim());
        }
        text
    }

    #[cfg(feature = "local")]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "it reads a document, and writes it where it is told so")]
    fn the_command_reference_is_that_of_the_commands() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command-reference.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let words = "docs/command-reference.md is not that of the commands: UPDATE_DOCS=1 cargo test -p policy-remediator reference";
        assert!(written == reference(), "{words}");
    }

    #[test]
    fn the_definition_of_the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }
}
