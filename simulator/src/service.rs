//! The services of the local Azure, by name: the key by which the ledger, the faults and outages are addressed.

use std::fmt;

/// One service of the local Azure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Azure Resource Manager with Policy Insights and Authorization.
    ResourceManager,
    /// The Service Bus namespace.
    ServiceBus,
    /// The App Service managed identity endpoint.
    Identity,
    /// Entra ID, where applications log in.
    Entra,
    /// Blob Storage.
    Blob,
    /// The Functions host: its webhooks, and its invocations of the worker.
    Functions,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 6] =
        [Self::ResourceManager, Self::ServiceBus, Self::Identity, Self::Entra, Self::Blob, Self::Functions];
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResourceManager => "Resource Manager",
            Self::ServiceBus => "Service Bus",
            Self::Identity => "Identity",
            Self::Entra => "Entra ID",
            Self::Blob => "Blob",
            Self::Functions => "Functions",
        })
    }
}
