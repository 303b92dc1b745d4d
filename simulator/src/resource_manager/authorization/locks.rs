//! Management locks (OpenAPI, locks 2020-05-01): at a scope those of it and of what is below, made and deleted at a subscription,
//! a group or a resource; and what stands against a write or a deletion because of one (Microsoft documentation: "Lock your
//! resources to protect your infrastructure").

use super::{
    super::{error::ArmError, reply::Reply, request::Call, route::Route, world::World},
    Place, refusals,
};
use crate::{
    estate::{ArmId, Failure, Scope},
    rights::{Lock, LockLevel},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Body {
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    level: String,
    notes: Option<String>,
}

/// As long as notes may be.
const LONGEST_NOTES: usize = 512;

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

    pub(super) fn put_lock(&mut self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        let lock = self.asked_lock(id, call)?;
        let shown = body(&lock);
        let locks = &mut self.estate.access.locks;
        let known = locks.len();
        locks.retain(|one| id_of(one) != *id);
        let is_new = locks.len() == known;
        locks.push(lock);
        Ok(Reply::with_status(if is_new { 201 } else { 200 }, shown))
    }

    /// A lock of any level is deleted by whoever may: it does not protect itself.
    pub(super) fn delete_lock(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let known = self.estate.access.locks.len();
        self.estate.access.locks.retain(|one| id_of(one) != *id);
        Ok(Reply::empty(if self.estate.access.locks.len() < known { 200 } else { 204 }))
    }

    fn asked_lock(&self, id: &ArmId, call: &Call) -> Result<Lock, ArmError> {
        let scope = id.parent_scope();
        if matches!(self.check_scope(&scope)?, Scope::Tenant | Scope::ManagementGroup(_)) {
            // Unverified: code and sentence. What can be locked is documented.
            let words = format!("A lock cannot be made at the scope '{scope}'.");
            return Err(ArmError::new(400, "InvalidLockScope", words));
        }
        let read = serde_json::from_slice::<Body>(&call.body);
        let Properties { level, notes } = read.map_err(|error| ArmError::unreadable(&error))?.properties;
        let known = [LockLevel::CanNotDelete, LockLevel::ReadOnly];
        let asked = known.into_iter().find(|one| one.word().eq_ignore_ascii_case(&level));
        let level = asked.ok_or_else(|| ArmError::invalid_content(&format!("'{level}' is no level of a lock")))?;
        if notes.as_ref().is_some_and(|notes| notes.chars().count() > LONGEST_NOTES) {
            let words = format!("notes of a lock have at most {LONGEST_NOTES} characters");
            return Err(ArmError::invalid_content(&words));
        }
        Ok(Lock { name: Some(id.name().to_owned()), notes, scope, level })
    }

    /// Refuses a write or a deletion at a place that is locked. Locks themselves come and go, and a role assignment asks in an
    /// order of its own. Unverified whether one that is read-only stands against the POSTs that are served here: it does not.
    pub(crate) fn check_locks(&self, method: &str, route: &Route, call: &Call) -> Result<(), ArmError> {
        let is_write = matches!(method, "PUT" | "PATCH");
        let asks_itself = matches!(route, Route::Access(Place::Lock(_) | Place::RoleAssignment(_)));
        let is_nowhere = matches!(route, Route::Unknown | Route::UnknownType { .. } | Route::UnknownNamespace(_));
        if asks_itself || is_nowhere || !(is_write || method == "DELETE") {
            return Ok(());
        }
        self.check_lock(&ArmId::new(call.segments.join("/")), !is_write)
    }

    /// Refuses a write or a deletion of what is at a scope.
    pub(super) fn check_lock(&self, scope: &ArmId, deletes: bool) -> Result<(), ArmError> {
        self.lock_against(scope, deletes).map_or(Ok(()), |lock| Err(refusals::locked(scope, deletes, &lock.scope)))
    }

    /// Why a resource cannot be changed by a deployment, or by the `PATCH` of a modify: it, its group or its subscription is
    /// read-only.
    pub(crate) fn locked_out(&self, resource: &ArmId, modifies: bool) -> Option<Failure> {
        let lock = self.lock_against(resource, false)?;
        let words = refusals::locked(resource, false, &lock.scope).message;
        Some(if modifies { Failure::locked_modify(resource.lower(), &words) } else { Failure::locked(words) })
    }

    fn lock_against(&self, scope: &ArmId, deletes: bool) -> Option<&Lock> {
        let mut locks = self.estate.access.locks.iter();
        locks.find(|lock| lock.level.forbids(deletes) && self.estate.covers(&lock.scope, scope))
    }
}

fn id_of(lock: &Lock) -> ArmId {
    let name = lock.name.as_deref().unwrap_or(lock.level.word());
    ArmId::new(format!("{}/providers/Microsoft.Authorization/locks/{name}", lock.scope))
}

fn body(lock: &Lock) -> Value {
    let id = id_of(lock);
    let mut properties = json!({ "level": lock.level.word() });
    if let Some(notes) = &lock.notes {
        properties["notes"] = notes.as_str().into();
    }
    json!({
        "properties": properties,
        "id": id.as_str(),
        "type": "Microsoft.Authorization/locks",
        "name": id.name()
    })
}
