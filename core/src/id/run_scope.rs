//! What a batch run goes over: a management group, a subscription or a resource group.

use serde::{Deserialize, Serialize};

use crate::id::path;

use super::management_group::ManagementGroup;
use super::path::{IdError, text_form};
use super::scope::Scope;
use super::subscription::SubscriptionId;

/// One of the scopes of a batch run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RunScope {
    /// All that is below it.
    ManagementGroup(ManagementGroup),
    /// All of it.
    Subscription(SubscriptionId, Scope),
    /// All of it.
    ResourceGroup(Scope),
}

impl RunScope {
    /// The canonical ARM id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ManagementGroup(group) => group.as_str(),
            Self::Subscription(_, scope) | Self::ResourceGroup(scope) => scope.as_str(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        const EXPECTED: &str = "the id of a management group, a subscription or a resource group";
        let wrong = |_| IdError::shape(EXPECTED, text);
        let segments = path::segments(text)?;
        match segments.as_slice() {
            [p, ..] if p == "providers" => ManagementGroup::parse(text).map(Self::ManagementGroup).map_err(wrong),
            [s, id] if s == "subscriptions" => {
                let subscription = SubscriptionId::parse(id).map_err(wrong)?;
                Ok(Self::Subscription(subscription.clone(), Scope::subscription_wide(subscription)))
            }
            [s, id, g, name] if s == "subscriptions" && g == "resourcegroups" => {
                let subscription = SubscriptionId::parse(id).map_err(wrong)?;
                Ok(Self::ResourceGroup(Scope::resource_group(subscription, name)))
            }
            _ => Err(IdError::shape(EXPECTED, text)),
        }
    }
}

text_form!(RunScope);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_apart_and_nothing_else_is_taken() {
        const SUB: &str = "/subscriptions/086AECF4-23d6-4dfd-99a8-a5c6299f0322";
        let parse = |text: &str| text.parse::<RunScope>();
        assert!(matches!(parse(SUB), Ok(RunScope::Subscription(..))));
        assert!(matches!(parse(&format!("{SUB}/resourceGroups/RG")), Ok(RunScope::ResourceGroup(_))));
        let group = "/providers/Microsoft.Management/managementGroups/mg";
        assert!(matches!(parse(group), Ok(RunScope::ManagementGroup(_))));
        for text in [SUB, group] {
            assert_eq!(parse(parse(text).unwrap().as_str()).unwrap(), parse(text).unwrap());
        }
        for other in [
            "",
            "mg",
            "086aecf4-23d6-4dfd-99a8-a5c6299f0322",
            "/subscriptions/x",
            &format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a"),
            &format!("{SUB}/resourceGroups"),
            &format!("{group}/providers/Microsoft.Authorization/policyAssignments/a"),
        ] {
            let words = parse(other).unwrap_err().to_string();
            assert!(!words.is_empty(), "{other}");
        }
        let words = parse(&format!("{group}/x")).unwrap_err().to_string();
        assert!(words.contains("a management group, a subscription or a resource group"), "{words}");
    }
}
