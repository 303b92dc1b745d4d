//! What is said on the queues, and what makes a message the same as another.

mod batch_run;
mod body;
mod nonce;
mod outgoing;
mod run_options;
mod unreadable;

pub use batch_run::{BatchMessage, BatchRun, Continuation, Discovery, RunId};
pub use body::{Finding, Handover, Observation, Sighting, WakeUp};
pub use nonce::Nonce;
pub use outgoing::{MessageId, Outgoing, Queue};
pub use run_options::{Location, RunOptions, Share};
pub use unreadable::Unreadable;
