//! Rights over the wire: roles and their assignments, deny assignments, one's own permissions and Lighthouse registrations;
//! and the guard that stands before every call. The judgement itself is in `rights`.

mod deny_assignments;
mod guard;
mod locks;
mod needs;
mod permissions;
mod place;
mod refusals;
pub(super) mod refused_call;
mod registrations;
mod role_assignments;
mod role_definitions;
mod role_filter;
mod role_grants;

pub(crate) use place::Place;
pub use refused_call::RefusedCall;

use super::{error::ArmError, reply::Reply, request::Call, world::World};
use time::OffsetDateTime;

impl World {
    /// A call to one of these places.
    pub(crate) fn access(
        &mut self,
        method: &str,
        place: &Place,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        match (method, place) {
            ("GET", Place::RoleAssignments(scope)) => self.list_role_assignments(scope, call, now),
            ("GET", Place::RoleAssignment(id)) => self.get_role_assignment(id, call, now),
            ("PUT", Place::RoleAssignment(id)) => self.put_role_assignment(id, call, now),
            ("DELETE", Place::RoleAssignment(id)) => self.delete_role_assignment(id, call, now),
            ("GET", Place::RoleDefinitions(scope)) => self.list_role_definitions(scope, call),
            ("GET", Place::RoleDefinition(id)) => self.get_role_definition(id),
            ("PUT", Place::RoleDefinition(id)) => self.put_role_definition(id, call),
            ("DELETE", Place::RoleDefinition(id)) => self.delete_role_definition(id),
            ("GET", Place::DenyAssignments(scope)) => self.list_deny_assignments(scope, call),
            ("GET", Place::DenyAssignment(id)) => self.get_deny_assignment(id),
            ("GET", Place::Locks(scope)) => self.list_locks(scope, call),
            ("GET", Place::Lock(id)) => self.get_lock(id),
            ("PUT", Place::Lock(id)) => self.put_lock(id, call),
            ("DELETE", Place::Lock(id)) => self.delete_lock(id),
            ("GET", Place::Permissions(scope)) => self.list_permissions(scope, call, now),
            ("GET", Place::RegistrationAssignments(scope)) => self.list_registration_assignments(scope, call),
            ("GET", Place::RegistrationAssignment(id)) => self.get_registration_assignment(id, call),
            ("DELETE", Place::RegistrationAssignment(id)) => self.delete_registration_assignment(id),
            ("GET", Place::RegistrationDefinitions(scope)) => self.list_registration_definitions(scope, call),
            ("GET", Place::RegistrationDefinition(id)) => self.get_registration_definition(id),
            (method, _) => Err(ArmError::method_not_allowed(method)),
        }
    }
}
