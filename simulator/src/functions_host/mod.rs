//! The Functions host, as a custom handler sees it: it starts the worker as a child process, delivers to it with the exact
//! encodings of the real host, settles, restarts and kills. Sources: the public code of the Functions host and of its
//! Event Grid and Service Bus extensions, and Microsoft's documentation.

mod call;
mod encoding;
mod event_grid;
mod host;
mod instance;
mod invocation;
mod listener;
mod logs;
mod outcome;
mod package;
mod pipe;
mod process;
mod restart;
mod schedule;
mod shared;
mod web;

pub use event_grid::{DeliveryReport, EventGridPolicy};
pub use host::{CtrlC, FunctionsHost, HostError, HostOptions};
pub use instance::Phase;
pub use logs::{LogLine, LogStream};
pub use outcome::InvocationFailed;
pub use package::PackageError;
