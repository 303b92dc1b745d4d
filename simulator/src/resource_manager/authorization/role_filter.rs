//! `$filter` of role assignments and deny assignments (Microsoft documentation: "List Azure role assignments using the REST
//! API" and "List Azure deny assignments").

use super::super::{error::ArmError, request::Call};

/// What a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleFilter {
    /// At the scope and above it, not below.
    pub(crate) not_below: bool,
    /// Of this principal itself.
    pub(crate) principal: Option<String>,
    /// Of this principal and of the groups that it is in.
    pub(crate) assigned_to: Option<String>,
}

impl RoleFilter {
    /// Reads the option of a call.
    pub(crate) fn of(call: &Call) -> Result<Self, ArmError> {
        let Some(text) = call.query.get("$filter") else { return Ok(Self::default()) };
        let refused = || ArmError::invalid_query("$filter", &format!("'{text}' is not supported here."));
        let mut filter = Self::default();
        for part in text.split(" and ").map(str::trim) {
            let lower = part.to_lowercase();
            let compact: String = lower.chars().filter(|one| !one.is_whitespace()).collect();
            if compact == "atscope()" {
                filter.not_below = true;
            } else if let Some(id) = compact.strip_prefix("assignedto('").and_then(|rest| rest.strip_suffix("')")) {
                filter.assigned_to = Some(id.to_owned());
            } else if let Some(id) = compact.strip_prefix("principalideq'").and_then(|rest| rest.strip_suffix('\'')) {
                filter.principal = Some(id.to_owned());
            } else {
                return Err(refused());
            }
        }
        Ok(filter)
    }
}
