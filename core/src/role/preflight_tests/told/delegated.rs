//! In a customer's subscription.

use super::*;

fn not_delegated(rights: &mut Rights) {
    rights.home = Home::Delegated { grantable: Found::There(vec![id(LOGS)]), worker: Some("w".to_owned()) };
}

pub(super) fn in_delegated() -> Vec<Told> {
    let holder = format!("{SUB}/providers/microsoft.authorization/policyassignments/tags");
    let unseen = |role: &str| {
        format!(" (what could not be told before: role {role} is not seen, and not all can be seen there)")
    };
    let line = |roles: &str| {
        format!(
            r#" (the line that the template needs: {{ "principalId": "w", "roleDefinitionId": "{ACCESS}", "delegatedRoleDefinitionIds": [{roles}] }})"#
        )
    };
    let rest = {
        let grant = format!("{SUB}/providers/Microsoft.Authorization/roleAssignments/");
        move |text: &str| text.contains(&format!("Run: az rest --method put --url '{grant}"))
    };
    let offered = told("delegated, unseen and not listed", &[TAGS], vec![], delegated, &[], "");
    assert!(
        rest(&said(&offered)) && said(&offered).contains("delegatedManagedIdentityResourceId"),
        "{}",
        said(&offered)
    );
    vec![
        told(
            "delegated, unseen and listed",
            &[TAGS],
            vec![],
            delegated,
            &[TAGS],
            format!("grant {TAGS} at {SUB} through {holder}"),
        ),
        told(
            "delegated, a user-assigned identity",
            &[TAGS],
            vec![],
            |rights| {
                delegated(rights);
                SHARED.clone_into(&mut rights.holder);
            },
            &[TAGS],
            format!("grant {TAGS} at {SUB} through {SHARED}"),
        ),
        told(
            "delegated, and the template does not have it",
            &[TAGS],
            vec![],
            not_delegated,
            &[TAGS],
            format!(
                "one ahead: Have the customer run: {} (the customer's Lighthouse template does not let the worker grant Tag Contributor ({TAGS}): add {TAGS} to delegatedRoleDefinitionIds of the authorization with User Access Administrator){}{}",
                command(TAGS, SUB),
                line(&format!(r#""{LOGS}","{TAGS}""#)),
                unseen(TAGS)
            ),
        ),
        told(
            "delegated, and neither template nor settings have it",
            &[TAGS],
            vec![],
            not_delegated,
            &[],
            format!(
                "one ahead: Have the customer run: {} (the customer's Lighthouse template does not let the worker grant Tag Contributor ({TAGS}): add {TAGS} to delegatedRoleDefinitionIds of the authorization with User Access Administrator, and name it in GRANT_ROLES){}{}",
                command(TAGS, SUB),
                line(&format!(r#""{LOGS}","{TAGS}""#)),
                unseen(TAGS)
            ),
        ),
        told(
            "delegated, registrations that cannot be read",
            &[TAGS],
            vec![],
            |rights| rights.home = Home::Delegated { grantable: Found::Unreadable("no".to_owned()), worker: None },
            &[TAGS],
            format!("grant {TAGS} at {SUB} through {holder}"),
        ),
        told(
            "delegated, a custom role",
            &[CUSTOM],
            vec![],
            |rights| {
                delegated(rights);
                custom(rights, vec![element(&["Microsoft.Resources/tags/*"], &[])]);
            },
            &[CUSTOM],
            format!(
                "one ahead: Have the customer run: {} (Custom ({CUSTOM}) is a custom role, which Lighthouse cannot let the worker grant){}",
                command(CUSTOM, SUB),
                unseen(CUSTOM)
            ),
        ),
        told(
            "delegated, one that can give rights",
            &[OWNER],
            vec![],
            delegated,
            &[OWNER],
            format!(
                "one ahead: Have the customer run: {} (Owner ({OWNER}) can give rights, or cannot be read: Lighthouse delegates no such role, and the worker never grants one){}",
                command(OWNER, SUB),
                unseen(OWNER)
            ),
        ),
    ]
}
