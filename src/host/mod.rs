//! The custom-handler protocol of the Functions host. Nothing below this folder knows of it.
//! Source: Microsoft documentation, "Azure Functions custom handlers", and the public source of the host.

mod doors;
mod encoding;
mod ending;
mod envelope;
mod server;

pub use ending::Ending;
pub use envelope::{Envelope, EnvelopeError, Item};
pub use server::{Answer, Body, Handle, WarmUp, serve};
