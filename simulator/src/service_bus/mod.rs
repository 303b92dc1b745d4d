//! A Service Bus namespace: the broker's rules, the REST protocol in front of them, and a handle for receivers (the
//! Functions host speaks AMQP in Azure; here it takes the handle) and for tests.

mod broker;
mod entity;
mod message;
mod queue;
mod rest;
mod rest_receive;

pub use broker::{Broker, Entity, UnknownEntity};
pub use entity::{DeadLetter, LockLost, Peeked, State};
pub use message::{Message, MessageError};
pub use queue::{Counts, Delivery, Queue, QueueRules, SendRefused};
pub use rest::router;
