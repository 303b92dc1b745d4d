//! Who lies under whom: the management group tree and the subscriptions in it. One tenant's tree; a delegated
//! subscription keeps the tenant of its owner and names the tenants that manage it.

use super::casing::is_same;
use serde::{Deserialize, Serialize};

/// A management group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManagementGroup {
    /// The name, which is also its id's last segment.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The name of the parent; `None` for the root group.
    pub parent: Option<String>,
    /// The tenant it belongs to.
    pub tenant: String,
}

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscription {
    /// The subscription id (a GUID in Azure).
    pub id: String,
    /// What people see.
    pub display_name: String,
    /// The tenant that owns it.
    pub tenant: String,
    /// The management group it hangs under.
    pub parent: Option<String>,
    /// Tenants that manage it through Azure Lighthouse.
    pub managed_by: Vec<String>,
    /// Resource providers that it has not registered; every other one is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unregistered: Vec<String>,
}

impl Subscription {
    /// Whether a resource provider is registered.
    pub fn has_registered(&self, namespace: &str) -> bool {
        !self.unregistered.iter().any(|one| is_same(one, namespace))
    }
}
