//! Exemptions: which resources an assignment does not count against, until when.

use super::ArmId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Category {
    /// The risk is taken.
    Waiver,
    /// It is met in another way.
    Mitigated,
}

/// A policy exemption.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exemption {
    /// `{scope}/providers/Microsoft.Authorization/policyExemptions/{name}`.
    pub id: ArmId,
    /// What people see.
    pub display_name: String,
    /// The assignment that it exempts from.
    pub assignment: ArmId,
    /// Reference ids of an initiative's policies; none means all.
    pub references: Vec<String>,
    /// Why.
    pub category: Category,
    /// When it ends.
    #[serde(skip)]
    pub expires_on: Option<OffsetDateTime>,
}

impl Exemption {
    /// A waiver from an assignment at a scope, for good.
    pub fn new(scope: &str, name: &str, assignment: impl Into<ArmId>) -> Self {
        Self {
            id: ArmId::new(format!("{scope}/providers/Microsoft.Authorization/policyExemptions/{name}")),
            display_name: name.to_owned(),
            assignment: assignment.into(),
            references: Vec::new(),
            category: Category::Waiver,
            expires_on: None,
        }
    }

    /// Whether it is over.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        self.expires_on.is_some_and(|end| end <= now)
    }
}
