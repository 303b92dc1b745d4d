//! A deny assignment: it takes from principals what roles give them. Azure makes them (managed applications, deployment
//! stacks); nobody writes them directly, so the API only reads them.

use super::role::{Permission, Plane};
use crate::estate::ArmId;
use serde::{Deserialize, Serialize};

/// The principal that stands for everyone (Microsoft documentation: "List Azure deny assignments").
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

/// A deny assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DenyAssignment {
    /// Its GUID.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// Where it holds.
    pub scope: ArmId,
    /// Only there, not below.
    #[serde(default)]
    pub not_below: bool,
    /// What it takes away.
    pub permission: Permission,
    /// From whom; none means everyone.
    #[serde(default)]
    pub principals: Vec<String>,
    /// Who keeps it.
    #[serde(default)]
    pub excluded: Vec<String>,
    /// When it counts, in the language of conditions.
    #[serde(default)]
    pub condition: Option<String>,
}

impl DenyAssignment {
    /// One that takes actions from everyone at a scope and below.
    pub fn new(name: &str, display_name: &str, scope: impl Into<ArmId>, permission: Permission) -> Self {
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            scope: scope.into(),
            not_below: false,
            permission,
            principals: Vec::new(),
            excluded: Vec::new(),
            condition: None,
        }
    }

    /// The same, sparing a principal.
    pub fn except(mut self, principal: &str) -> Self {
        self.excluded.push(principal.to_owned());
        self
    }

    /// The same, at its scope only.
    pub fn only_here(mut self) -> Self {
        self.not_below = true;
        self
    }

    /// `{scope}/providers/Microsoft.Authorization/denyAssignments/{name}`.
    pub fn id(&self) -> ArmId {
        ArmId::new(format!("{}/providers/Microsoft.Authorization/denyAssignments/{}", self.scope, self.name))
    }

    /// Ids as the wire shows them: everyone has one, too.
    pub(crate) fn shown_principals(&self) -> Vec<&str> {
        if self.principals.is_empty() { vec![EVERYONE] } else { self.principals.iter().map(String::as_str).collect() }
    }

    /// Whether it takes an action from somebody who is known by any of these ids.
    pub(crate) fn takes(&self, ids: &[&str], plane: Plane, action: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|one| ids.iter().any(|id| one.eq_ignore_ascii_case(id)));
        let is_named = self.principals.is_empty() || among(&self.principals);
        is_named && !among(&self.excluded) && self.permission.allows(plane, action)
    }
}
