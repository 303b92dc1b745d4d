//! The queues of a Service Bus namespace with the counts of their messages, for whoever asks how an installation is.
//! Source: the service's OpenAPI description, Microsoft.ServiceBus 2024-01-01.

use azure_core::http::Method;
use serde_json::Value;

use remediation::fact::CallKind;
use remediation::id::ArmId;

use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members};
use super::page::Page;

const API_VERSION: &str = "2024-01-01";

/// Lists the queues of a namespace. None where the id names no subscription.
#[must_use]
pub fn list_queues(namespace: &ArmId) -> Option<Call<Page<QueueCounts>>> {
    let subscription = namespace.as_str().split('/').nth(2)?.parse().ok()?;
    let quota = QuotaScope::Subscription(subscription);
    Some(Call::new(CallKind::ListQueues, quota, Method::Get, namespace.as_str(), &["queues"], API_VERSION))
}

/// How much is in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCounts {
    /// Its name.
    pub name: String,
    /// Messages that wait, or are in somebody's hands.
    pub active: u64,
    /// Messages whose time has not come.
    pub scheduled: u64,
    /// Dead letters.
    pub dead_lettered: u64,
}

impl Item for QueueCounts {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let Some(name) = members.text("name") else {
            members.miss("name");
            return None;
        };
        let mut properties = members.object("properties");
        let Some(counts) = properties.given("countDetails").filter(|counts| counts.is_object()) else {
            properties.miss("countDetails");
            return None;
        };
        let count = |name: &str| counts.get(name).and_then(Value::as_u64).unwrap_or_default();
        Some(Self {
            name,
            active: count("activeMessageCount"),
            scheduled: count("scheduledMessageCount"),
            dead_lettered: count("deadLetterMessageCount"),
        })
    }
}
