//! The custom-handler protocol of the Functions host. Nothing below this folder knows of it.
//! Source: Microsoft documentation, "Azure Functions custom handlers", and the public source of the host.

mod encoding;
mod envelope;
mod server;

pub use envelope::{Envelope, EnvelopeError, Item};
pub use server::{Answer, Body, Handle, serve};
