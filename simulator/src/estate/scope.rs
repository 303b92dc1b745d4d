//! The kinds of scope that policy works on, told apart once so that rules match on them instead of on text.
//! It must not know which scopes exist.

use super::ArmId;

/// Where something is attached: the tenant, a management group, a subscription, a resource group or a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The tenant root: the empty scope.
    Tenant,
    /// A management group, by name.
    ManagementGroup(String),
    /// A subscription, by id.
    Subscription(String),
    /// A resource group, by subscription id and name.
    ResourceGroup(String, String),
    /// Any resource below a subscription.
    Resource(ArmId),
}

impl Scope {
    /// Reads a scope; `None` when the text is none of the kinds.
    pub fn parse(id: &ArmId) -> Option<Scope> {
        let segments: Vec<&str> = id.segments().collect();
        match segments.as_slice() {
            [] => Some(Scope::Tenant),
            [first, subscription] if first.eq_ignore_ascii_case("subscriptions") => {
                Some(Scope::Subscription((*subscription).to_owned()))
            }
            [first, subscription, groups, group]
                if first.eq_ignore_ascii_case("subscriptions") && groups.eq_ignore_ascii_case("resourcegroups") =>
            {
                Some(Scope::ResourceGroup((*subscription).to_owned(), (*group).to_owned()))
            }
            [_, _, _, name] if id.management_group().is_some() => Some(Scope::ManagementGroup((*name).to_owned())),
            _ if id.subscription().is_some() && id.resource_type().is_some() => Some(Scope::Resource(id.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_scope_is_told_apart() {
        let vm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v";
        for (text, scope) in [
            ("", Some(Scope::Tenant)),
            ("/subscriptions/s", Some(Scope::Subscription("s".into()))),
            ("/Subscriptions/s/ResourceGroups/g", Some(Scope::ResourceGroup("s".into(), "g".into()))),
            ("/providers/microsoft.management/managementgroups/m", Some(Scope::ManagementGroup("m".into()))),
            (vm, Some(Scope::Resource(vm.into()))),
            ("/subscriptions", None),
            ("/subscriptions/s/resourceGroups", None),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute", None),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines", None),
            ("/banana/s", None),
        ] {
            assert_eq!(Scope::parse(&ArmId::new(text)), scope, "{text}");
        }
    }
}
