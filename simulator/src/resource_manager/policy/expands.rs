//! What `$expand` adds to definitions, initiatives and assignments (OpenAPI, policy definition versions 2024-05-01 and its amendment).

use super::super::{error::ArmError, request::Call};
use serde_json::Value;

/// What `$expand` asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Expands {
    latest: bool,
    effective: bool,
}

impl Expands {
    /// Reads the option.
    pub(crate) fn of(call: &Call) -> Result<Self, ArmError> {
        let mut expands = Self::default();
        for word in call.query.get("$expand").unwrap_or_default().split(',').map(str::trim) {
            match word.to_lowercase().as_str() {
                "" => {}
                "latestdefinitionversion" => expands.latest = true,
                "effectivedefinitionversion" => expands.effective = true,
                // Unverified: whether others are refused.
                _ => return Err(ArmError::invalid_query("$expand", &format!("'{word}' cannot be expanded here."))),
            }
        }
        Ok(expands)
    }

    /// Adds what was asked for.
    pub(super) fn show(self, body: &mut Value, latest: Option<String>, effective: Option<String>) {
        if let Some(version) = latest.filter(|_| self.latest) {
            body["latestDefinitionVersion"] = version.into();
        }
        if let Some(version) = effective.filter(|_| self.effective) {
            body["effectiveDefinitionVersion"] = version.into();
        }
    }
}
