//! A Service Bus namespace whose queues Resource Manager shows (OpenAPI, Microsoft.ServiceBus 2024-01-01).

use crate::{estate::ArmId, service_bus::Broker};
use serde_json::{Value, json};
use std::{fmt, time::Duration};

/// A namespace that can be asked for here.
#[derive(Clone)]
pub(crate) struct Namespace {
    pub(super) id: ArmId,
    pub(super) broker: Broker,
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Namespace {
    pub(super) fn queue(&self, name: &str) -> Option<Value> {
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
