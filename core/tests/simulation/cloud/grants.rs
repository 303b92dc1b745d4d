//! The rights of an assignment's identity as the worker may see them, and the roles that it grants: never two role assignments for one grant.

use std::collections::BTreeMap;

use remediation::decide::{Answer, Observed};
use remediation::fact::Found;
use remediation::id::{Target, fold};
use remediation::role::{Grant, GrantAnswer, Home, Permission, Rights, RoleAssignment, RoleDefinition, RoleId};

use crate::tally::Ingredient;
use crate::world::World;

/// The role that all policies ask for.
pub(crate) const ROLE: &str = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";

pub(crate) fn role() -> RoleId {
    RoleId::of(ROLE).expect("a role")
}

impl World {
    /// What is seen of the rights: in a delegated subscription, what is not there is not seen to be missing.
    pub(super) fn rights(&mut self, target: &Target) -> Observed {
        let assigned = self.cloud.assigned.get(target).copied();
        let lacks_roles = assigned.is_some_and(|assigned| assigned.lacks_roles(self.now));
        let is_delegated = assigned.is_some_and(|assigned| assigned.is_delegated);
        if lacks_roles {
            self.meet(if is_delegated { Ingredient::RolesUnseen } else { Ingredient::RolesSeenMissing });
        }
        let principal = format!("p{}", target.hash());
        // One answer spells it otherwise than the next, and it is the same one.
        let spelled = if self.chance(0.5) { principal.to_uppercase() } else { principal.clone() };
        let there = RoleAssignment {
            scope: target.scope.to_string(),
            role: role(),
            principal: principal.clone(),
            has_condition: false,
        };
        let permission = Permission { actions: vec!["Microsoft.Resources/tags/*".to_owned()], ..Permission::default() };
        let known = RoleDefinition {
            id: role(),
            name: "Tag Contributor".to_owned(),
            permissions: vec![permission],
            is_built_in: true,
        };
        Observed::Answer(Answer::Rights(Rights {
            home: match is_delegated {
                true => Home::Delegated { grantable: Found::There(vec![role()]), worker: None },
                false => Home::Ours,
            },
            required: Found::There(vec![role()]),
            principal: Some(spelled),
            holder: target.policy_assignment_id.to_string(),
            assignments: Found::There(if lacks_roles { Vec::new() } else { vec![there] }),
            preauthorised: None,
            denials: Found::There(Vec::new()),
            definitions: BTreeMap::from([(role(), Found::There(known))]),
            read_at: self.now,
        }))
    }

    /// The worker grants a role.
    pub(crate) fn grant(&mut self, instance: usize, target: &Target, grant: &Grant) -> Result<Observed, String> {
        if !self.tuning.grant_roles.contains(&grant.role) {
            return Err(format!("{grant:?} is granted, which no setting allows"));
        }
        let refusal = self.refusal(instance);
        let arrives = match &refusal {
            None => true,
            Some(refusal) => refusal.not_before.is_none() && self.chance(0.5),
        };
        if refusal.is_none() && self.strikes(0.2) {
            self.meet(Ingredient::GrantNotYet);
            return Ok(Observed::Granted(grant.name.clone(), GrantAnswer::NotYet("PrincipalNotFound".to_owned())));
        }
        if arrives {
            // As the service compares them.
            let key = (fold(&grant.scope), grant.role.clone(), fold(&grant.principal));
            if self.cloud.granted.contains_key(&key) {
                self.meet(Ingredient::GrantRepeated);
            }
            let name = self.cloud.granted.entry(key).or_insert_with(|| grant.name.clone());
            if *name != grant.name {
                return Err(format!("{name} and {} are two role assignments for one grant", grant.name));
            }
            let acts = self.now + self.span(0..400);
            if let Some(assigned) = self.cloud.assigned.get_mut(target).filter(|assigned| assigned.lacks_roles) {
                assigned.granted.get_or_insert(acts);
            }
            self.meet(Ingredient::GrantedByWorker);
        }
        self.tell(|| format!("{} is granted to {}: {refusal:?}", grant.role, grant.principal));
        Ok(match refusal {
            Some(unanswered) => {
                self.meet(Ingredient::GrantLost);
                Observed::Unanswered(unanswered)
            }
            None => Observed::Granted(grant.name.clone(), GrantAnswer::Made),
        })
    }
}
