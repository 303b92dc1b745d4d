//! The custom-handler protocol of the Functions host. Nothing below this folder knows of it.
//! Source: Microsoft documentation, "Azure Functions custom handlers", and the public source of the host.

mod doors;
mod encoding;
mod ending;
mod envelope;
mod server;

use std::time::Duration;

pub use ending::Ending;
pub use envelope::{Envelope, EnvelopeError, Item};
pub use server::{Answer, Body, Handle, serve};

/// How long the host lets an invocation take: the `functionTimeout` of host.json.
pub const TIME_OUT: Duration = Duration::from_secs(4 * 60);
