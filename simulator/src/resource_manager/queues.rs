//! Queues of a Service Bus namespace as Resource Manager shows them, with the counts of their messages (OpenAPI,
//! Microsoft.ServiceBus 2024-01-01). Read only: what sends and receives speaks to the namespace itself.

use super::{ResourceManager, error::ArmError, reply::Reply, request::Call, world::World};
use crate::{estate::ArmId, service_bus::Broker};
use serde_json::{Value, json};
use std::{fmt, time::Duration};

/// A namespace that can be asked for here.
#[derive(Clone)]
pub(crate) struct Namespace {
    id: ArmId,
    broker: Broker,
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ResourceManager {
    /// Shows the queues of a broker as those of the namespace with this id, which stands in a subscription of the estate.
    pub fn shows_queues(&self, namespace: &str, broker: &Broker) {
        let namespace = Namespace { id: ArmId::new(namespace), broker: broker.clone() };
        self.with_world(self.now(), |world| world.namespace = Some(namespace));
    }
}

impl World {
    pub(crate) fn list_queues(&self, namespace: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        let known = self.namespace(namespace)?;
        let names = known.broker.queues();
        self.page(call, names.iter().filter_map(|name| known.queue(name)).collect())
    }

    pub(crate) fn get_queue(&self, namespace: &ArmId, name: &str) -> Result<Reply, ArmError> {
        let found = self.namespace(namespace)?.queue(name);
        // Unverified: the sentence. The code is that of the provider's other answers.
        let missing = || ArmError::new(404, "NotFound", format!("The requested resource {name} does not exist."));
        Ok(Reply::ok(found.ok_or_else(missing)?))
    }

    fn namespace(&self, id: &ArmId) -> Result<&Namespace, ArmError> {
        let subscription = id.subscription().unwrap_or_default();
        self.estate.subscription(subscription).ok_or_else(|| ArmError::subscription_not_found(subscription))?;
        let found = self.namespace.as_ref().filter(|one| one.id == *id);
        found.ok_or_else(|| {
            let kind = id.resource_type().unwrap_or_default();
            ArmError::resource_not_found(&kind, id.name(), id.resource_group())
        })
    }
}

impl Namespace {
    fn queue(&self, name: &str) -> Option<Value> {
        let (rules, counts) = (self.broker.rules(name)?, self.broker.counts(name));
        // A message in a receiver's hands is active, too.
        let active = counts.active + counts.locked;
        Some(json!({
            "id": format!("{}/queues/{name}", self.id),
            "name": name,
            "type": "Microsoft.ServiceBus/namespaces/queues",
            "properties": {
                "countDetails": {
                    "activeMessageCount": active,
                    "deadLetterMessageCount": counts.dead_lettered,
                    "scheduledMessageCount": counts.scheduled,
                    "transferMessageCount": 0,
                    "transferDeadLetterMessageCount": 0
                },
                "messageCount": active + counts.dead_lettered + counts.scheduled,
                "lockDuration": span(rules.lock_duration),
                "maxSizeInMegabytes": rules.max_bytes >> 20,
                "maxDeliveryCount": rules.max_delivery_count,
                "requiresDuplicateDetection": true,
                "duplicateDetectionHistoryTimeWindow": span(rules.duplicate_window),
                "defaultMessageTimeToLive": span(rules.time_to_live),
                "deadLetteringOnMessageExpiration": true,
                "requiresSession": false,
                "enableBatchedOperations": true,
                "status": "Active"
            }
        }))
    }
}

/// A span in ISO 8601, with the largest units.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let part = |count: u64, unit: &str| if count == 0 { String::new() } else { format!("{count}{unit}") };
    let time = [part(hours, "H"), part(minutes, "M"), part(seconds, "S")].concat();
    match (days, time.is_empty()) {
        (0, true) => "PT0S".to_owned(),
        (_, true) => format!("P{days}D"),
        (_, false) => format!("P{}T{time}", part(days, "D")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_with_the_largest_units() {
        for (seconds, text) in [(0, "PT0S"), (60, "PT1M"), (300, "PT5M"), (86_400, "P1D"), (90_061, "P1DT1H1M1S")] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
