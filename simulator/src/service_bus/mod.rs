//! A Service Bus namespace: the broker's rules, the REST protocol in front of them, and a handle for receivers (the
//! Functions host speaks AMQP in Azure; here it takes the handle) and for tests.

mod batches;
mod broker;
mod entity;
pub mod event_grid;
mod message;
mod message_json;
mod queue;
mod rest;
mod rest_receive;
mod rest_send;

pub use batches::Batches;
pub use broker::{Broker, Entity, UnknownEntity};
pub use entity::{DeadLetter, LockLost, Peeked, State};
pub use message::Message;
pub use message_json::MessageError;
pub use queue::{Counts, Delivery, Queue, QueueRules, SendRefused};
pub use rest::router;
