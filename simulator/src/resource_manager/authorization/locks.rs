//! Management locks, read only (OpenAPI, locks 2020-05-01): at a scope those of it and of what is below.

use super::super::{error::ArmError, reply::Reply, request::Call, world::World};
use crate::{
    estate::ArmId,
    rights::{Lock, LockLevel},
};
use serde_json::{Value, json};

impl World {
    pub(super) fn list_locks(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let only_here = match call.query.get("$filter").map(|text| text.trim().to_lowercase()).as_deref() {
            None => false,
            Some("atscope()") => true,
            Some(text) => return Err(ArmError::invalid_query("$filter", &format!("'{text}' is not supported here."))),
        };
        let is_listed = |lock: &&Lock| {
            lock.scope == *scope || if only_here { false } else { self.estate.covers(scope, &lock.scope) }
        };
        self.page(call, self.estate.access.locks.iter().filter(is_listed).map(body).collect())
    }

    pub(super) fn get_lock(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let found = self.estate.access.locks.iter().find(|lock| id_of(lock) == *id);
        let missing = || {
            // Unverified: the sentence.
            let words = format!("The lock '{}' could not be found.", id.name());
            ArmError::new(404, "LockNotFound", words)
        };
        Ok(Reply::ok(body(found.ok_or_else(missing)?)))
    }
}

fn word(lock: &Lock) -> &'static str {
    match lock.level {
        LockLevel::CanNotDelete => "CanNotDelete",
        LockLevel::ReadOnly => "ReadOnly",
    }
}

/// Locks of an estate have no names of their own: each is called what it does.
fn id_of(lock: &Lock) -> ArmId {
    ArmId::new(format!("{}/providers/Microsoft.Authorization/locks/{}", lock.scope, word(lock)))
}

fn body(lock: &Lock) -> Value {
    let id = id_of(lock);
    json!({
        "properties": { "level": word(lock) },
        "id": id.as_str(),
        "type": "Microsoft.Authorization/locks",
        "name": id.name()
    })
}
