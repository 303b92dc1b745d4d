//! Stage 2, say it durably: the messages on the queues, their sender, and the receiver of what the broker gave up on.

mod batch;
mod message;
mod namespace;
mod nonce;
mod outgoing;
mod receiver;
mod sender;

pub use message::{Observation, Seen, Unreadable, WakeUp};
pub use namespace::Namespace;
pub use nonce::Nonce;
pub use outgoing::{MessageId, Outgoing, Queue};
pub use receiver::{DeadLetter, ReceiveError, Receiver};
pub use sender::{SendError, Sender};
