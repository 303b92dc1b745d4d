//! Queues of a Service Bus namespace as Resource Manager shows them, with the counts of their messages (OpenAPI,
//! Microsoft.ServiceBus 2024-01-01). Read only: what sends and receives speaks to the namespace itself.

use super::{ResourceManager, error::ArmError, namespace::Namespace, reply::Reply, request::Call, world::World};
use crate::{estate::ArmId, service_bus::Broker};

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
