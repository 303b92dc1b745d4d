//! The Functions host, as a custom handler sees it: it starts the worker as a child process, delivers to it with the exact
//! encodings of the real host, settles, restarts and kills. Sources: recordings of a real host (`simulator/recordings`, with
//! what was real of it), the public code of the host and its extensions, and Microsoft's documentation.

mod call;
mod encoding;
mod event_grid;
mod groups;
mod host;
mod instance;
mod invocation;
mod keeper;
mod listener;
mod logs;
mod newtonsoft;
mod options;
mod outcome;
mod package;
mod pipe;
mod process;
mod readiness;
mod restart;
mod schedule;
mod shared;
mod timers;
mod web;
mod wire;

pub use event_grid::{DeliveryReport, EventGridPolicy};
pub use host::{FunctionsHost, HostError};
pub use instance::Phase;
pub use logs::{LogLine, LogStream};
pub use options::{Batches, CtrlC, FunctionErrors, HostOptions};
pub use outcome::InvocationFailed;
pub use package::PackageError;
pub use timers::{Status, TimerStore};
