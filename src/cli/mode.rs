//! In which mode a demo's or a simulation's worker runs.

/// The choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CliMode {
    Plan,
    Act,
}
