//! What is in the queues, where a setting says which namespace is theirs.

use policy_remediator::arm::{QueueCounts, calls};
use policy_remediator::azure::{Deadline, error_chain};

use super::connection::{Connection, PATIENCE};

impl Connection {
    /// The counts of the worker's queues; none where `SERVICEBUS_RESOURCE_ID` is not set.
    ///
    /// # Errors
    /// In words, when they cannot be read.
    pub(crate) async fn queue_counts(&self) -> Option<Result<Vec<QueueCounts>, String>> {
        let call = calls::list_queues(self.app.settings.service_bus_id.as_ref()?)?;
        let asked = self.app.reconciler.arm.send_paged(&call, Deadline::after(PATIENCE)).await;
        Some(asked.map_err(|error| error_chain(&error)))
    }
}
