//! One's own permissions at a scope: the elements of every role that the caller holds there. They say nothing of conditions
//! and of deny assignments.

use super::super::{error::ArmError, reply::Reply, request::Call, world::World};
use crate::{
    estate::ArmId,
    rights::{Ask, Permission},
};
use serde_json::json;
use time::OffsetDateTime;

impl World {
    pub(super) fn list_permissions(&self, scope: &ArmId, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let found = match call.identity.as_ref().filter(|_| self.estate.access.enforced) {
            Some(caller) => Ask { estate: &self.estate, caller, now }.permissions(scope),
            // Where nobody is refused, everybody may do everything.
            None => vec![Permission::actions(&["*"]).with_data(&["*"])],
        };
        self.page(call, found.into_iter().map(|one| json!(one)).collect())
    }
}
