//! What is said on the queues, and what makes a message the same as another.

mod body;
mod nonce;
mod outgoing;

pub use body::{Finding, Observation, Unreadable, WakeUp};
pub use nonce::Nonce;
pub use outgoing::{MessageId, Outgoing, Queue};
