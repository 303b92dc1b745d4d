//! The queues: their sender, and the receiver of what the broker gave up on. What is said on them stands in `remediation::message`.

mod batch;
mod namespace;
mod receiver;
mod sender;

pub use namespace::{AUDIENCE, Namespace};
pub use receiver::{DeadLetter, ReceiveError, Receiver};
pub use sender::{SendError, Sender};
