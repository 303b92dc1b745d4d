//! Stage 2, say it durably: the messages on the queues, and their sender.

mod batch;
mod message;
mod outgoing;
mod sender;

pub use message::{Observation, Seen, Unreadable, WakeUp};
pub use outgoing::{MessageId, Outgoing, Queue};
pub use sender::{SendError, Sender};
