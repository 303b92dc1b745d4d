//! The id of a resource that a policy state is about: a resource (also nested or an extension), a resource group, or a
//! whole subscription, since policies on those exist too. Ids outside of a subscription cannot be remediated from here.

use serde::{Deserialize, Serialize};

use crate::id::path;

use super::path::{IdError, text_form};
use super::subscription::SubscriptionId;

/// The type of a resource group, as ids have it.
const GROUP_TYPE: &str = "microsoft.resources/resourcegroups";

/// The folded id of something that can be non-compliant within a subscription.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId {
    text: String,
    subscription: SubscriptionId,
    /// Where the resource group's name ends in `text`, if there is one.
    group_end: Option<usize>,
}

impl ResourceId {
    /// The canonical text: folded, no trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The subscription that holds the resource.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// The name of the resource group that holds the resource, if it lies in one.
    pub(super) fn group_name(&self) -> Option<&str> {
        self.text[..self.group_end?].rsplit('/').next()
    }

    /// The type, such as `microsoft.sql/servers/databases`; that of an extension is the extension's own.
    #[must_use]
    pub fn resource_type(&self) -> String {
        let Some((_, last)) = self.text.rsplit_once("/providers/") else {
            let is_group = self.group_end.is_some();
            return if is_group { GROUP_TYPE } else { "microsoft.resources/subscriptions" }.to_owned();
        };
        type_of(last)
    }

    /// The type in each spelling that policies use for it: that of a resource group has two, and that of an extension can be
    /// written behind the type of what it extends, as templates do (`microsoft.sql/servers/providers/diagnosticsettings`).
    #[must_use]
    pub fn spellings_of_type(&self) -> Vec<String> {
        let own = self.resource_type();
        let mut parts = self.text.rsplit("/providers/");
        let extended = match (parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(parent), Some(_)) => Some(type_of(parent)),
            _ => None,
        };
        let behind = |parent: String| own.split_once('/').map(|(_, kinds)| format!("{parent}/providers/{kinds}"));
        let in_template = extended.and_then(behind);
        let in_policy = own.strip_prefix(GROUP_TYPE).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let in_policy = in_policy.map(|rest| format!("microsoft.resources/subscriptions/resourcegroups{rest}"));
        [Some(own.clone()), in_policy, in_template].into_iter().flatten().collect()
    }

    /// Whether the resource is the scope itself or lies in it. The scope's text is folded.
    #[must_use]
    pub fn is_within(&self, scope: &str) -> bool {
        let rest = self.text.strip_prefix(scope.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        const EXPECTED: &str = "the id of a resource in a subscription";
        let segments = path::segments_of_a_name(text)?;
        let [first, id, rest @ ..] = segments.as_slice() else { return Err(IdError::shape(EXPECTED, text)) };
        if first != "subscriptions" {
            return Err(IdError::shape(EXPECTED, text));
        }
        let subscription = SubscriptionId::parse(id)?;
        let in_group = rest.first().is_some_and(|s| s == "resourcegroups");
        let resource = match rest {
            [group, _, resource @ ..] if group == "resourcegroups" => resource,
            [group] if group == "resourcegroups" => return Err(IdError::shape(EXPECTED, text)),
            resource => resource,
        };
        if !is_provider_path(resource) {
            return Err(IdError::shape(EXPECTED, text));
        }
        let mut canonical = segments.clone();
        subscription.as_str().clone_into(&mut canonical[1]);
        let group_end = in_group.then(|| path::join(&canonical[..4]).len());
        Ok(Self { text: path::join(&canonical), subscription, group_end })
    }
}

text_form!(ResourceId);

/// The type that a part of an id after `/providers/` names.
fn type_of(part: &str) -> String {
    let mut segments = part.split('/');
    let namespace = segments.next().unwrap_or_default();
    segments.step_by(2).fold(namespace.to_owned(), |kind, segment| kind + "/" + segment)
}

/// Whether the segments are any number of `providers/{namespace}/{type}/{name}[/{type}/{name}…]`.
pub(crate) fn is_provider_path(mut segments: &[String]) -> bool {
    while let [first, rest @ ..] = segments {
        let end = rest.iter().position(|s| s == "providers").unwrap_or(rest.len());
        if first != "providers" || end < 3 || end % 2 == 0 {
            return false;
        }
        segments = &rest[end..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::fold;

    const SUB: &str = "/subscriptions/086AECF4-23d6-4dfd-99a8-a5c6299f0322";

    fn parse(rest: &str) -> Result<ResourceId, IdError> {
        format!("{SUB}{rest}").parse()
    }

    #[test]
    fn nested_extension_group_and_subscription_ids_are_accepted() {
        for rest in [
            "",
            "/resourceGroups/Rg",
            "/resourcegroups/rg/providers/Microsoft.Sql/servers/s/databases/d",
            "/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm/providers/Microsoft.Insights/diagnosticSettings/x",
            "/providers/Microsoft.Security/pricings/VirtualMachines",
        ] {
            let id = parse(rest).unwrap();
            assert_eq!(id.as_str(), format!("{SUB}{rest}").to_lowercase());
            assert_eq!(id.resource_group().is_some(), rest.to_lowercase().starts_with("/resourcegroups"));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for rest in
            ["/resourceGroups", "/providers/Microsoft.Sql/servers", "/resourceGroups/rg/vm", "/providers/a/b/c/d"]
        {
            assert!(parse(rest).is_err(), "{rest}");
        }
        assert!("/providers/Microsoft.Management/managementGroups/mg".parse::<ResourceId>().is_err());
        assert!("/subscriptions/not-a-guid/resourceGroups/rg".parse::<ResourceId>().is_err());
    }

    #[test]
    fn a_scope_holds_its_own_but_not_a_namesake() {
        let id = parse("/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/a").unwrap();
        assert!(id.is_within(&fold(&format!("{SUB}/resourceGroups/RG1"))));
        assert!(id.is_within(&fold(SUB)));
        assert!(!id.is_within(&fold(&format!("{SUB}/resourceGroups/rg"))));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_what_is_parsed_stays_itself(text in "\\PC{0,80}", tail in "[/a-zA-Z.]{0,60}") {
            for candidate in [text, format!("{SUB}{tail}")] {
                if let Ok(id) = candidate.parse::<ResourceId>() {
                    assert_eq!(id.as_str().parse::<ResourceId>().as_ref(), Ok(&id));
                }
            }
        }
    }
}
