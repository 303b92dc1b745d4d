//! `completions`: what a shell needs to complete the commands.

use anyhow::Context;

use super::exit::DONE;
use super::print::print;

/// Print the completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  policy-remediator completions bash\n  policy-remediator completions zsh")]
pub(super) struct Arguments {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments, command: &mut clap::Command) -> anyhow::Result<u8> {
    let name = command.get_name().to_owned();
    // Whole, and printed as everything is: the generator panics where nobody reads it to its end.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, name, &mut script);
    print(&String::from_utf8(script).context("the completions are no text")?)?;
    Ok(DONE)
}
