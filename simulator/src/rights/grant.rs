//! A role assignment: a role for a principal at a scope. It acts some time after it was made, and for some time after it
//! was deleted.

use super::{Lag, role::role_guid};
use crate::estate::ArmId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// What kind of principal holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A group of principals.
    Group,
    /// An application or managed identity.
    ServicePrincipal,
}

impl PrincipalKind {
    /// Its word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::ServicePrincipal => "ServicePrincipal",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::User, Self::Group, Self::ServicePrincipal].into_iter().find(|one| one.word().eq_ignore_ascii_case(word))
    }
}

/// A role assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAssignment {
    /// Its name: a GUID.
    pub name: String,
    /// Where it holds, and below.
    pub scope: ArmId,
    /// The role's GUID, in lower case.
    pub role: String,
    /// Object id of who holds it.
    pub principal: String,
    /// What kind of principal that is.
    pub kind: PrincipalKind,
    /// When it counts, in the language of conditions.
    #[serde(default)]
    pub condition: Option<String>,
    /// The resource that holds the identity, where it was granted from another tenant.
    #[serde(default)]
    pub delegated_identity: Option<ArmId>,
    /// What its maker says of it.
    #[serde(default)]
    pub description: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub created_by: String,
    /// When it was made; `None` for one that was always there.
    #[serde(skip)]
    pub made_at: Option<OffsetDateTime>,
    /// When it was deleted.
    #[serde(skip)]
    pub gone_at: Option<OffsetDateTime>,
}

impl RoleAssignment {
    /// One that was always there, for a service principal. `role` may be any spelling of the role's id.
    pub fn new(scope: impl Into<ArmId>, role: &str, principal: &str) -> Self {
        let (scope, role) = (scope.into(), role_guid(role));
        let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}|{role}|{principal}", scope.lower()).as_bytes());
        Self {
            name: name.to_string(),
            scope,
            role,
            principal: principal.to_owned(),
            kind: PrincipalKind::ServicePrincipal,
            condition: None,
            delegated_identity: None,
            description: None,
            created_by: String::new(),
            made_at: None,
            gone_at: None,
        }
    }

    /// The same for another kind of principal.
    pub fn of_kind(mut self, kind: PrincipalKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same under a condition.
    pub fn with_condition(mut self, condition: &str) -> Self {
        self.condition = Some(condition.to_owned());
        self
    }

    /// `{scope}/providers/Microsoft.Authorization/roleAssignments/{name}`.
    pub fn id(&self) -> ArmId {
        ArmId::new(format!("{}/providers/Microsoft.Authorization/roleAssignments/{}", self.scope, self.name))
    }

    /// Whether it counts at a time.
    pub(crate) fn acts(&self, now: OffsetDateTime, lag: &Lag) -> bool {
        self.made_at.is_none_or(|at| at + lag.acting <= now) && self.gone_at.is_none_or(|at| now < at + lag.acting)
    }

    /// Whether reads show it at a time.
    pub(crate) fn is_seen(&self, now: OffsetDateTime, lag: &Lag) -> bool {
        self.gone_at.is_none() && self.made_at.is_none_or(|at| at + lag.reading <= now)
    }
}
