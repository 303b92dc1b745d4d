//! What the built-in policies of Azure do where nobody sets a parameter, and which roles they need: a table made of the public
//! repository Azure/azure-policy (`scripts/built-in-policies`). It is for estates that are made of events, which tell neither.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::ArmId;

/// The lines of the table; the first ones are comments.
const TABLE: &str = include_str!("../../data/built-in-policies.tsv");
const ROLES: &str = "/providers/Microsoft.Authorization/roleDefinitions/";
const DEFINITIONS: &str = "/providers/microsoft.authorization/policydefinitions/";

/// A built-in policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltIn {
    /// The effect that it has where nobody sets one, in lower case.
    pub effect: &'static str,
    roles: &'static str,
}

impl BuiltIn {
    /// The built-in policy of this id, if it is one that the table knows.
    pub fn of(definition: &ArmId) -> Option<&'static Self> {
        static ALL: LazyLock<HashMap<&'static str, BuiltIn>> =
            LazyLock::new(|| TABLE.lines().filter_map(row).collect());
        ALL.get(definition.lower().strip_prefix(DEFINITIONS)?)
    }

    /// What it does to a resource that an event calls non-compliant. A policy that is off says nothing of any, so somebody has set
    /// another effect: the one that remediates, where there is one.
    pub fn acting_effect(&self) -> &'static str {
        match (self.effect, self.roles.is_empty()) {
            ("disabled", false) => "deployifnotexists",
            ("disabled", true) => "audit",
            (effect, _) => effect,
        }
    }

    /// Ids of the roles that its identity needs.
    pub fn roles(&self) -> impl Iterator<Item = String> {
        self.roles.split(',').filter(|role| !role.is_empty()).map(|role| format!("{ROLES}{role}"))
    }
}

/// When the table was made, as its first line says: a date.
pub fn built_in_date() -> &'static str {
    TABLE.lines().next().and_then(|line| line.split(", ").nth(3)).unwrap_or_default()
}

fn row(line: &'static str) -> Option<(&'static str, BuiltIn)> {
    let mut columns = line.split('\t');
    Some((columns.next()?, BuiltIn { effect: columns.next()?, roles: columns.next()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<&'static BuiltIn> {
        BuiltIn::of(&ArmId::new(format!("/providers/Microsoft.Authorization/policyDefinitions/{name}")))
    }

    #[test]
    fn the_table_has_every_built_in_policy_and_what_remediates_has_its_roles() {
        let all: Vec<_> = TABLE.lines().filter_map(row).collect();
        assert!(all.len() > 3_500, "{}", all.len());
        let lacking = all.iter().filter(|(_, policy)| {
            matches!(policy.effect, "deployifnotexists" | "modify") && policy.roles().next().is_none()
        });
        assert_eq!(lacking.count(), 0);
        assert!(all.iter().all(|(name, policy)| name.len() == 36 && !policy.effect.is_empty()));
        assert!(built_in_date().starts_with("20"), "{}", built_in_date());
    }

    #[test]
    fn a_policy_is_found_by_its_id_in_any_case_and_only_at_the_tenant() {
        // "Deploy Diagnostic Settings for Key Vault to Log Analytics workspace": Monitoring and Log Analytics Contributor.
        let vault = of("951AF2FA-529B-416E-AB6E-066FD85AC459").expect("a built-in policy");
        assert_eq!(vault.acting_effect(), "deployifnotexists");
        assert_eq!(vault.roles().count(), 2);
        // "Allowed locations".
        assert_eq!(of("e56962a6-4747-49cd-b67b-bf8b01975c4c").map(BuiltIn::acting_effect), Some("deny"));
        assert_eq!(of("mine"), None);
        let custom =
            "/subscriptions/s/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c";
        assert_eq!(BuiltIn::of(&ArmId::new(custom)), None);
    }
}
