//! What the commands share that look at an installation: whose settings (`settings`), as whom (`login`), what of it is reached
//! (`connection`), and how it is shown (`output`). They read and write what the worker does, by the worker's own code.

mod connection;
mod env_file;
mod login;
mod options;
mod output;
#[cfg(feature = "local")]
mod simulated;
mod variables;

pub(super) use options::Options;
pub(super) use output::{Rows, ago};
#[cfg(feature = "local")]
pub(super) use simulated::FILE as PLACES_FILE;
