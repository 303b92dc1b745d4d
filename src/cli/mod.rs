//! The command line: what a person runs in a shell. Under the Functions host none of this is used.
//!
//! A file a command. `operator` is what the commands share that look at an installation: settings, login, output.

mod completions;
#[cfg(feature = "local")]
mod demo;
mod exit;
mod operator;
#[cfg(feature = "local")]
mod package;
mod print;
#[cfg(feature = "local")]
mod replay;
#[cfg(feature = "local")]
mod scenario;
#[cfg(feature = "local")]
mod setting;
#[cfg(feature = "local")]
mod simulate;
mod status;
#[cfg(feature = "local")]
mod stop;
#[cfg(feature = "local")]
mod table;

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

    #[test]
    fn the_definition_of_the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }
}
