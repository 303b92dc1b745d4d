//! Versions of definitions and initiatives: the lists of them, and one by its number (OpenAPI, policy definition versions 2024-05-01
//! and its amendment).

use super::{
    super::{error::ArmError, reply::Reply, request::Call, world::World},
    bodies::definition_body,
    expands::Expands,
};
use crate::estate::ArmId;
use serde_json::{Value, json};

/// What versions are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionKind {
    /// A policy definition.
    Definition,
    /// A policy set definition.
    Initiative,
}

impl World {
    pub(crate) fn list_versions(&self, kind: VersionKind, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.page(call, self.versions(kind, id, call)?)
    }

    pub(crate) fn get_version(
        &self,
        kind: VersionKind,
        id: &ArmId,
        number: &str,
        call: &Call,
    ) -> Result<Reply, ArmError> {
        let mut all = self.versions(kind, id, call)?.into_iter();
        let found = all.find(|one| one["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(number)));
        found.map(Reply::ok).ok_or_else(|| {
            // Unverified: the code.
            let words = format!("The policy definition version '{number}' of '{}' could not be found.", id.name());
            ArmError::new(404, "PolicyDefinitionVersionNotFound", words)
        })
    }

    /// All versions of one definition, oldest first as they stand in the estate.
    fn versions(&self, kind: VersionKind, id: &ArmId, call: &Call) -> Result<Vec<Value>, ArmError> {
        self.check_definition_scope(&id.parent_scope())?;
        let expands = Expands::of(call)?;
        let mut seen = self.seen_from(id);
        match kind {
            VersionKind::Definition => {
                let found = seen.find_map(|id| self.estate.definition(&id));
                let found = found.ok_or_else(|| ArmError::definition_not_found(id.name()))?;
                let all = found.older.iter().chain([found]);
                Ok(all.map(|one| as_version(definition_body(one), id, &one.version)).collect())
            }
            VersionKind::Initiative => {
                let found = seen.find_map(|id| self.estate.initiative(&id));
                let found = found.ok_or_else(|| ArmError::initiative_not_found(id.name()))?;
                let all = found.older.iter().chain([found]);
                Ok(all.map(|one| as_version(self.initiative_body(one, expands), id, &one.version)).collect())
            }
        }
    }
}

fn as_version(mut body: Value, id: &ArmId, number: &str) -> Value {
    body["id"] = json!(format!("{id}/versions/{number}"));
    body["name"] = json!(number);
    body["type"] = json!(format!("{}/versions", body["type"].as_str().unwrap_or_default()));
    if let Some(properties) = body["properties"].as_object_mut() {
        properties.shift_remove("versions");
    }
    body
}
