//! Where the worker's own services stand as resources, so that roles on them can be assigned. Their subscription is the
//! provider's own and need not be in the estate.

use crate::estate::ArmId;

/// The resource group of the worker's deployment.
const GROUP: &str = "/subscriptions/00000000-0000-4000-8000-00000000005c/resourceGroups/rg-remediator";

/// A queue of the Service Bus namespace; the namespace itself for an empty name.
pub fn queue(name: &str) -> ArmId {
    let namespace = format!("{GROUP}/providers/Microsoft.ServiceBus/namespaces/sb-remediator");
    ArmId::new(if name.is_empty() { namespace } else { format!("{namespace}/queues/{name}") })
}

/// A container of the storage account; the account itself for an empty name.
pub fn container(name: &str) -> ArmId {
    let account = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/stremediator");
    ArmId::new(if name.is_empty() { account } else { format!("{account}/blobServices/default/containers/{name}") })
}
