//! A role definition: which actions it allows. Its permissions are alternatives; what one of them takes back with
//! `notActions`, another may still allow (Microsoft documentation: "Understand Azure role definitions").

use super::pattern::{covers, overlap};
use crate::estate::ArmId;
use serde::{Deserialize, Serialize};

/// Where an action belongs: Resource Manager, or the data behind a resource's own endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// `actions` and `notActions`.
    Control,
    /// `dataActions` and `notDataActions`.
    Data,
}

/// One element of a role's `permissions`, as it stands in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permission {
    /// Patterns of what it allows.
    pub actions: Vec<String>,
    /// Patterns of what it leaves out of that.
    pub not_actions: Vec<String>,
    /// The same for data.
    pub data_actions: Vec<String>,
    /// The same for data.
    pub not_data_actions: Vec<String>,
}

impl Permission {
    /// One that allows these actions.
    pub fn actions(actions: &[&str]) -> Self {
        Self { actions: owned(actions), ..Self::default() }
    }

    /// The same without these.
    pub fn without(mut self, not_actions: &[&str]) -> Self {
        self.not_actions = owned(not_actions);
        self
    }

    /// The same with these actions on data.
    pub fn with_data(mut self, data_actions: &[&str]) -> Self {
        self.data_actions = owned(data_actions);
        self
    }

    fn patterns(&self, plane: Plane) -> (&[String], &[String]) {
        match plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        }
    }

    /// Whether it allows an action.
    pub fn allows(&self, plane: Plane, action: &str) -> bool {
        let (allowed, excepted) = self.patterns(plane);
        allowed.iter().any(|one| covers(one, action)) && !excepted.iter().any(|one| covers(one, action))
    }

    /// Whether it allows everything that a pattern matches.
    fn allows_all(&self, plane: Plane, pattern: &str) -> bool {
        let (allowed, excepted) = self.patterns(plane);
        allowed.iter().any(|one| covers(one, pattern)) && !excepted.iter().any(|one| overlap(one, pattern))
    }
}

/// A role definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDefinition {
    /// Its name in ids: a GUID.
    pub guid: String,
    /// What people see.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// One of Microsoft's, or somebody's own.
    pub built_in: bool,
    /// Alternatives.
    pub permissions: Vec<Permission>,
    /// Where it may be assigned.
    pub assignable_scopes: Vec<ArmId>,
}

impl RoleDefinition {
    /// A role of one's own, assignable at a scope.
    pub fn custom(guid: &str, name: &str, scope: impl Into<ArmId>) -> Self {
        Self {
            guid: guid.to_lowercase(),
            name: name.to_owned(),
            description: String::new(),
            built_in: false,
            permissions: Vec::new(),
            assignable_scopes: vec![scope.into()],
        }
    }

    /// The same with one more alternative.
    pub fn with_permission(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }

    /// Whether it allows an action.
    pub fn allows(&self, plane: Plane, action: &str) -> bool {
        self.permissions.iter().any(|one| one.allows(plane, action))
    }

    /// Whether it allows everything that another role allows; what that one takes back is not counted.
    pub fn contains(&self, other: &RoleDefinition) -> bool {
        let holds = |plane: Plane, pattern: &String| self.permissions.iter().any(|one| one.allows_all(plane, pattern));
        other.permissions.iter().all(|wanted| {
            wanted.actions.iter().all(|pattern| holds(Plane::Control, pattern))
                && wanted.data_actions.iter().all(|pattern| holds(Plane::Data, pattern))
        })
    }
}

/// The GUID of a role out of any spelling of its id, in lower case.
pub fn role_guid(id: &str) -> String {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_lowercase()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::built_in;

    const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    const LOG_ANALYTICS: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
    const ACCESS: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

    #[test]
    fn what_one_element_takes_back_another_may_allow() {
        let role = RoleDefinition::custom("g", "n", "/subscriptions/s")
            .with_permission(Permission::actions(&["*"]).without(&["a/write"]))
            .with_permission(Permission::actions(&["A/Write"]));
        assert!(role.allows(Plane::Control, "a/write"));
        assert!(!role.allows(Plane::Data, "a/write"));
        let single = RoleDefinition { permissions: role.permissions[..1].to_vec(), ..role };
        assert!(!single.allows(Plane::Control, "a/write"));
    }

    #[test]
    fn wider_roles_contain_narrower_ones() {
        let role = |guid: &str| built_in(guid).expect("a built-in role");
        for (outer, inner, contains) in [
            (OWNER, CONTRIBUTOR, true),
            (CONTRIBUTOR, LOG_ANALYTICS, true),
            (CONTRIBUTOR, READER, true),
            (CONTRIBUTOR, ACCESS, false),
            (LOG_ANALYTICS, READER, true),
            (READER, LOG_ANALYTICS, false),
            (ACCESS, READER, true),
        ] {
            assert_eq!(role(outer).contains(role(inner)), contains, "{outer} over {inner}");
        }
    }

    #[test]
    fn a_roles_guid_is_read_from_every_spelling() {
        for id in [
            "/providers/Microsoft.Authorization/roleDefinitions/B24988AC-6180-42a0-ab88-20f7382dd24c",
            "/subscriptions/s/providers/microsoft.authorization/roledefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
            CONTRIBUTOR,
        ] {
            assert_eq!(role_guid(id), CONTRIBUTOR);
        }
    }
}
