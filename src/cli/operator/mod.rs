//! What the commands share that look at an installation: whose settings (`settings`), as whom (`login`), what of it is reached
//! (`connection`), what is known of it (`known`), and how it is shown (`output`). They read and write what the worker does, by the worker's own code.

mod connection;
mod env_file;
mod environment;
mod known;
mod login;
mod options;
mod output;
mod progress;
mod queues;
#[cfg(feature = "local")]
mod simulated;
mod variables;

pub(super) use connection::{Connection, PATIENCE};
#[cfg(feature = "local")]
pub(super) use environment::environment;
pub(super) use known::{Unusable, complain, is_of};
pub(super) use options::Options;
pub(super) use output::{Rows, for_machines};
pub(super) use progress::progress;
#[cfg(feature = "local")]
pub(super) use simulated::FILE as PLACES_FILE;
pub(super) use variables::Variables;
