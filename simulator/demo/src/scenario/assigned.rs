//! Changes an estate's assignments to what a scenario says of them, and adds those that are new.

use anyhow::{Context, ensure};
use simulator::estate::Identity as Acting;
use simulator::estate::{ArmId, Assignment, Definition, EnforcementMode, Estate, Initiative, Scope};

use super::format::{Assigned, Identity};

const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const USUAL: &str = "DeployIfNotExists";

/// Makes an assignment what is said.
///
/// # Errors
/// When its id is none of an assignment, or its management group is not there.
pub(super) fn assign(estate: &mut Estate, said: &Assigned) -> anyhow::Result<()> {
    let id = ArmId::new(&said.id);
    if estate.assignment(&id).is_none() {
        add(estate, &id)?;
    }
    if !said.members.is_empty() {
        let initiative = initiative(estate, &id, said);
        change(estate, &id, |one| one.definition = initiative);
    }
    if let Some(effect) = &said.effect {
        for definition in definitions(estate, &id) {
            set_effect(estate, &definition, effect);
        }
    }
    if let Some(roles) = &said.roles {
        for definition in definitions(estate, &id) {
            set_roles(estate, &definition, roles, said.older_roles.as_deref());
        }
    }
    let tenant = estate.home_tenant.clone();
    change(estate, &id, |one| {
        one.parameters.extend(said.parameters.clone());
        one.pin = said.pin.clone().or(one.pin.take());
        match said.identity {
            Some(Identity::None) => one.identity = Acting::None,
            Some(Identity::System) => one.identity = Acting::SystemAssigned { principal: PRINCIPAL.to_owned(), tenant },
            None => {}
        }
        if let Some(resource) = &said.user_identity {
            let (resource, principal) = (ArmId::new(resource), PRINCIPAL.to_owned());
            one.identity = Acting::UserAssigned { resource, principal, client: PRINCIPAL.to_owned() };
        }
        one.has_roles = said.has_roles.unwrap_or(one.has_roles);
        if let Some(scopes) = &said.not_scopes {
            one.not_scopes = scopes.iter().map(ArmId::new).collect();
        }
        match said.is_enforced {
            Some(true) => one.enforcement = EnforcementMode::Default,
            Some(false) => one.enforcement = EnforcementMode::DoNotEnforce,
            None => {}
        }
    });
    Ok(())
}

fn change(estate: &mut Estate, id: &ArmId, change: impl FnOnce(&mut Assignment)) {
    if let Some(one) = estate.assignments.iter_mut().find(|one| one.id == *id) {
        change(one);
    }
}

/// A new one, of a policy of its own.
fn add(estate: &mut Estate, id: &ArmId) -> anyhow::Result<()> {
    const KIND: &str = "Microsoft.Authorization/policyAssignments";
    let is_one = id.resource_type().is_some_and(|kind| kind.eq_ignore_ascii_case(KIND));
    ensure!(is_one, "this is no id of a policy assignment");
    let scope = id.parent_scope();
    match Scope::parse(&scope).context("this is no scope that a policy can be assigned to")? {
        Scope::ManagementGroup(name) => {
            estate.management_group(&name).with_context(|| format!("there is no management group '{name}'"))?;
        }
        Scope::Tenant | Scope::Subscription(_) | Scope::ResourceGroup(..) | Scope::Resource(_) => {}
    }
    if let Some(subscription) = id.subscription().filter(|one| estate.subscription(one).is_none()) {
        let added = std::mem::take(estate).with_subscription(subscription, subscription, None);
        *estate = added;
    }
    let definition = made_up(id, "");
    define(estate, &definition);
    let assignment = Assignment::new(scope.as_str(), id.name(), definition);
    let tenant = estate.home_tenant.clone();
    estate.assignments.push(assignment.with_system_identity(PRINCIPAL, &tenant, "westeurope"));
    Ok(())
}

/// The initiative of the members, as it is from now on; its id.
fn initiative(estate: &mut Estate, assignment: &ArmId, said: &Assigned) -> ArmId {
    let known = estate.assignment(assignment).map(|one| one.definition.clone());
    let known = known.filter(|one| estate.initiative(one).is_some());
    let id = known.unwrap_or_else(|| {
        let name = assignment.name();
        ArmId::new(format!("/providers/Microsoft.Authorization/policySetDefinitions/{name}-initiative"))
    });
    let mut initiative = Initiative::new(id.clone());
    for member in &said.members {
        let before = estate.initiative(&id).and_then(|one| one.member(&member.reference));
        let definition = before.map_or_else(|| made_up(assignment, &member.reference), |one| one.definition.clone());
        define(estate, &definition);
        set_effect(estate, &definition, member.effect.as_deref().unwrap_or(USUAL));
        initiative = initiative.with_member(&member.reference, definition);
    }
    estate.initiatives.retain(|one| one.id != id);
    estate.initiatives.push(initiative);
    id
}

fn define(estate: &mut Estate, id: &ArmId) {
    if estate.definition(id).is_none() {
        estate.definitions.push(Definition::new(id.clone(), USUAL).with_role(CONTRIBUTOR));
    }
}

/// The definitions behind an assignment.
fn definitions(estate: &Estate, assignment: &ArmId) -> Vec<ArmId> {
    let Some(assigned) = estate.assignment(assignment).map(|one| &one.definition) else { return Vec::new() };
    match estate.initiative(assigned) {
        Some(initiative) => initiative.members.iter().map(|member| member.definition.clone()).collect(),
        None => vec![assigned.clone()],
    }
}

/// Its roles; and those of a version before it, where that asked for others.
fn set_roles(estate: &mut Estate, id: &ArmId, roles: &[String], older: Option<&[String]>) {
    let Some(one) = estate.definitions.iter_mut().find(|one| one.id == *id) else { return };
    let with = |definition: Definition, roles: &[String]| {
        roles.iter().fold(definition, |definition, role| {
            definition.with_role(&format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"))
        })
    };
    let effect = one.effect.clone();
    let mut newest = with(Definition::new(id.clone(), USUAL), roles);
    if let Some(older) = older {
        let mut before = with(Definition::new(id.clone(), USUAL).with_version("1.0.0"), older);
        before.effect = effect.clone();
        newest = newest.with_version("2.0.0").with_older(before);
    }
    newest.effect = effect;
    *one = newest;
}

fn set_effect(estate: &mut Estate, id: &ArmId, effect: &str) {
    if let Some(one) = estate.definitions.iter_mut().find(|one| one.id == *id) {
        one.effect = Definition::new(id.clone(), effect).effect;
    }
}

/// The id of a built-in definition that is named for the assignment.
pub(super) fn made_up(assignment: &ArmId, reference: &str) -> ArmId {
    let dash = if reference.is_empty() { "" } else { "-" };
    ArmId::new(format!("/providers/Microsoft.Authorization/policyDefinitions/{}{dash}{reference}", assignment.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/Tag";

    fn said(text: &str) -> Assigned {
        serde_json::from_str(&format!(r#"{{"id":"{TAG}"{text}}}"#)).unwrap()
    }

    fn effect(estate: &Estate, reference: Option<&str>) -> Option<String> {
        estate.effective_effect(estate.assignment(&ArmId::new(TAG)).unwrap(), reference, None)
    }

    #[test]
    fn a_new_assignment_can_remediate_and_is_then_what_is_said_of_it() {
        let mut estate = Estate::new("t");
        assign(&mut estate, &said("")).unwrap();
        assert_eq!(effect(&estate, None).as_deref(), Some("deployifnotexists"));
        assert!(estate.subscription("s").is_some());
        let more = r#","effect":"Modify","hasRoles":false,"identity":"none","isEnforced":false,"notScopes":["/subscriptions/s/resourceGroups/x"]"#;
        assign(&mut estate, &said(more)).unwrap();
        assert_eq!(effect(&estate, None).as_deref(), Some("modify"));
        let one = estate.assignment(&ArmId::new(TAG)).unwrap();
        assert!(!one.has_roles && matches!(one.identity, Acting::None));
        assert_eq!(
            (one.enforcement, one.not_scopes.len(), estate.assignments.len()),
            (EnforcementMode::DoNotEnforce, 1, 1)
        );
        assign(&mut estate, &said(r#","identity":"system""#)).unwrap();
        assert!(matches!(estate.assignment(&ArmId::new(TAG)).unwrap().identity, Acting::SystemAssigned { .. }));
    }

    #[test]
    fn members_make_an_initiative_and_take_away_what_they_do_not_name() {
        let mut estate = Estate::new("t");
        assign(&mut estate, &said(r#","members":[{"reference":"A"},{"reference":"B","effect":"Audit"}]"#)).unwrap();
        assert_eq!(effect(&estate, Some("a")).as_deref(), Some("deployifnotexists"));
        assert_eq!(effect(&estate, Some("b")).as_deref(), Some("audit"));
        assign(&mut estate, &said(r#","members":[{"reference":"B"}]"#)).unwrap();
        assert_eq!(
            (effect(&estate, Some("a")), effect(&estate, Some("b")).as_deref()),
            (None, Some("deployifnotexists"))
        );
        assert_eq!(estate.initiatives.len(), 1);
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        let wrong = |id: &str| {
            let said: Assigned = serde_json::from_str(&format!(r#"{{"id":"{id}"}}"#)).unwrap();
            assign(&mut Estate::new("t"), &said).is_err()
        };
        assert!(
            wrong("/subscriptions/s")
                && wrong("/subscriptions/s/providers/Microsoft.Authorization/policyDefinitions/d")
        );
        assert!(wrong(
            "/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Authorization/policyAssignments/a"
        ));
    }
}
