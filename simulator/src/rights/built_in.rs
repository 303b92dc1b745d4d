//! Built-in roles with their real actions, read once from the table beside this file. Not all of Azure's: those that act
//! on policy, rights and data here, and those that built-in policies ask for most.

use super::role::{Permission, RoleDefinition};
use crate::estate::ArmId;
use std::sync::LazyLock;

static ROLES: LazyLock<Vec<RoleDefinition>> = LazyLock::new(|| read(include_str!("built_in_roles.txt")));

/// All of them.
pub fn built_in_roles() -> &'static [RoleDefinition] {
    &ROLES
}

/// The one with this GUID.
pub fn built_in(guid: &str) -> Option<&'static RoleDefinition> {
    ROLES.iter().find(|role| role.guid.eq_ignore_ascii_case(guid))
}

fn read(table: &str) -> Vec<RoleDefinition> {
    let mut roles: Vec<RoleDefinition> = Vec::new();
    for line in table.lines() {
        let Some((mark, text)) = line.split_once(' ').filter(|(mark, _)| *mark != "#") else { continue };
        let known = roles.last_mut().and_then(|role| role.permissions.first_mut());
        match (mark, known) {
            ("+", Some(known)) => known.actions.push(text.to_owned()),
            ("-", Some(known)) => known.not_actions.push(text.to_owned()),
            ("d", Some(known)) => known.data_actions.push(text.to_owned()),
            _ => roles.push(RoleDefinition {
                guid: mark.to_owned(),
                name: text.to_owned(),
                description: text.to_owned(),
                built_in: true,
                permissions: vec![Permission::default()],
                assignable_scopes: vec![ArmId::new("")],
            }),
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::Plane;

    #[test]
    fn the_table_is_read_whole() {
        assert!(built_in_roles().len() > 20);
        for role in built_in_roles() {
            assert!(uuid::Uuid::try_parse(&role.guid).is_ok(), "{role:?}");
            assert!(!role.permissions[0].actions.is_empty(), "{role:?}");
        }
        let contributor = built_in("B24988AC-6180-42A0-AB88-20F7382DD24C").expect("Contributor");
        assert_eq!((contributor.name.as_str(), contributor.permissions[0].not_actions.len()), ("Contributor", 11));
        assert!(!contributor.allows(Plane::Control, "Microsoft.Authorization/roleAssignments/write"));
        let sender = built_in("69a216fc-b8fb-44d8-bc22-1f3c2cd27a39").expect("Sender");
        assert!(sender.allows(Plane::Data, "Microsoft.ServiceBus/namespaces/messages/send/action"));
        assert!(!sender.allows(Plane::Data, "Microsoft.ServiceBus/namespaces/messages/receive/action"));
    }
}
