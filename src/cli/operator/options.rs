//! The options that all of these commands have.

use std::path::PathBuf;

use anyhow::Context;

use super::connection::Connection;
use super::output::Output;
use super::variables::Variables;

/// Where the installation is, and how to show what is found.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Read the worker's settings from this file (lines NAME=VALUE, as `azd env get-values` prints them) and not from the
    /// environment.
    #[arg(long, value_name = "FILE", help_heading = "Installation")]
    env_file: Option<PathBuf>,
    /// Look at the `simulate` that runs on this machine; where several do, at the one that was started last.
    #[cfg(feature = "local")]
    #[arg(long, conflicts_with = "env_file", help_heading = "Installation")]
    simulated: bool,
    /// Print one JSON object for machines.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// How to show what is found.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// The settings, as they are given.
    ///
    /// # Errors
    /// When the file cannot be read, or nothing is simulated.
    pub(crate) fn variables(&self) -> anyhow::Result<Variables> {
        #[cfg(feature = "local")]
        if self.simulated {
            let (settings, owner) = super::simulated::installation()?;
            return Ok(Variables::of(settings, super::login::Login::Simulated(owner)));
        }
        match &self.env_file {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
                Variables::of_file(&text).with_context(|| path.display().to_string())
            }
            None => Ok(Variables::of_environment()),
        }
    }

    /// The installation.
    ///
    /// # Errors
    /// When a setting is missing or wrong, or a client cannot be made.
    pub(crate) fn connect(&self) -> anyhow::Result<Connection> {
        Connection::new(&self.variables()?)
    }
}
