//! Where a remediation task is opened: a subscription, a resource group when the assignment is a group's, or the resource that
//! alone has the assignment.

use serde::{Deserialize, Serialize};

use crate::id::path;

use super::path::{IdError, text_form};
use super::resource::ResourceId;
use super::subscription::SubscriptionId;

/// The scope of a target and of its remediation tasks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    text: String,
    subscription: SubscriptionId,
}

impl Scope {
    /// The whole subscription.
    #[must_use]
    pub fn subscription_wide(subscription: SubscriptionId) -> Self {
        Self { text: format!("/subscriptions/{subscription}"), subscription }
    }

    /// The group of this name, which is folded.
    pub(crate) fn resource_group(subscription: SubscriptionId, name: &str) -> Self {
        Self { text: format!("/subscriptions/{subscription}/resourcegroups/{name}"), subscription }
    }

    /// The canonical ARM id of the scope.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The subscription that the scope is or lies in.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// The scope of a single resource.
    pub(crate) fn single(resource: &ResourceId) -> Self {
        Self { text: resource.as_str().to_owned(), subscription: resource.subscription().clone() }
    }

    /// The subscription or resource group that the scope is, or that holds it.
    #[must_use]
    pub fn container(&self) -> Self {
        let resource = self.text.contains("/providers/").then(|| ResourceId::parse(&self.text).ok()).flatten();
        let Some(resource) = resource else { return self.clone() };
        resource.resource_group().unwrap_or_else(|| Self::subscription_wide(self.subscription.clone()))
    }

    /// Whether it is the subscription as a whole.
    #[must_use]
    pub fn is_whole_subscription(&self) -> bool {
        self.text.len() == "/subscriptions/".len() + self.subscription.as_str().len()
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        const EXPECTED: &str = "a subscription, a resource group or a resource in one";
        Self::parse_container(text).or_else(|_| match ResourceId::parse(text) {
            Ok(resource) => Ok(Self::single(&resource)),
            Err(IdError::Shape { .. }) => Err(IdError::shape(EXPECTED, text)),
            Err(error) => Err(error),
        })
    }

    /// Reads what can hold resources.
    pub(crate) fn parse_container(text: &str) -> Result<Self, IdError> {
        let segments = path::segments(text)?;
        match segments.as_slice() {
            [s, id] if s == "subscriptions" => Ok(Self::subscription_wide(SubscriptionId::parse(id)?)),
            [s, id, g, name] if s == "subscriptions" && g == "resourcegroups" => {
                Ok(Self::resource_group(SubscriptionId::parse(id)?, name))
            }
            _ => Err(IdError::shape("a subscription or a resource group", text)),
        }
    }
}

text_form!(Scope);

impl ResourceId {
    /// The resource group that holds the resource, if it lies in one.
    #[must_use]
    pub fn resource_group(&self) -> Option<Scope> {
        Some(Scope::resource_group(self.subscription().clone(), self.group_name()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    #[test]
    fn each_kind_of_scope_is_read_and_knows_what_holds_it() {
        for (rest, held_by) in [
            ("", ""),
            ("/resourceGroups/RG", "/resourcegroups/rg"),
            ("/resourceGroups/RG/providers/Microsoft.Network/dnsZones/a#b.example", "/resourcegroups/rg"),
            ("/resourceGroups/RG/providers/Microsoft.Sql/servers/s/databases/d", "/resourcegroups/rg"),
            ("/providers/Microsoft.Security/pricings/vm", ""),
        ] {
            let scope: Scope = format!("{SUB}{rest}").parse().unwrap();
            assert_eq!(scope.as_str(), crate::id::fold(&format!("{SUB}{rest}")));
            assert_eq!(scope.container().as_str(), format!("{SUB}{held_by}"), "{rest}");
            assert_eq!(scope.is_whole_subscription(), rest.is_empty(), "{rest}");
        }
        for bad in ["/providers/Microsoft.Management/managementGroups/mg", "/subscriptions/x", "", "nonsense"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
