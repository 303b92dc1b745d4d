//! Who may do what, where the usual is not enough: roles of people's own, who has which role where, and what is delegated by customers.

use serde::Deserialize;

/// Rights beside the usual: the worker has what its deployment gives it, and each identity the roles of its policies unless `hasRoles`
/// says that it has none. Whoever is named in `to`, `members` and `except` is `worker`, the id of an assignment (its identity), or any
/// other id, as of a group.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rights {
    /// Roles of people's own.
    #[serde(default)]
    pub roles: Vec<OwnRole>,
    /// Who has which role where.
    #[serde(default)]
    pub assigned: Vec<Given>,
    /// Groups of principals.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Deny assignments, which take every write from everybody.
    #[serde(default)]
    pub denied: Vec<Denied>,
    /// What customers have delegated to the worker. Their subscriptions are then of another tenant.
    #[serde(default)]
    pub delegated: Vec<Delegated>,
}

/// A role of people's own.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnRole {
    /// Its GUID.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it allows: alternatives.
    pub permissions: Vec<Element>,
}

/// One element of what a role allows.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Element {
    /// Patterns of actions.
    pub actions: Vec<String>,
    /// What is taken away of them.
    #[serde(default)]
    pub not_actions: Vec<String>,
}

/// A role assignment.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    /// Who has it.
    pub to: String,
    /// The GUID of the role.
    pub role: String,
    /// Where, and below; `/` is everywhere.
    pub at: String,
    /// When it counts, in the language of conditions.
    #[serde(default)]
    pub condition: Option<String>,
}

/// A group of principals.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// Its object id.
    pub id: String,
    /// Who is in it.
    pub members: Vec<String>,
}

/// A deny assignment.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Denied {
    /// What people call it.
    pub name: String,
    /// Where, and below.
    pub at: String,
    /// From whom it takes nothing.
    #[serde(default)]
    pub except: Vec<String>,
}

/// A delegation through Azure Lighthouse: the worker may remediate there.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delegated {
    /// The subscription, or one of its resource groups alone.
    pub at: String,
    /// `delegatedRoleDefinitionIds`: the roles that the worker may grant. None for no such authorization.
    #[serde(default)]
    pub grantable: Vec<String>,
}
