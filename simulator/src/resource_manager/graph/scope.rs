//! Which subscriptions a query is about, and how much of each the caller may read. What it may not read is left out without
//! a word; management groups do not lead to subscriptions of other tenants.

use super::{
    super::{request::Call, world::World},
    refusal::Told,
    request::Asked,
};
use crate::{
    estate::{ArmId, Subscription, is_same, lower},
    rights::{Ask, Plane, Verdict},
};
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;

/// What a caller must be allowed to see rows of policy states. Which action the service asks for is not known; this one is
/// in every role that reads.
const READ: &str = "Microsoft.PolicyInsights/policyStates/queryResults/read";

/// What of a subscription may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readable {
    All,
    /// These resource groups, in lower case.
    Groups(HashSet<String>),
}

/// The reach of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// By subscription id in lower case.
    pub(super) subscriptions: HashMap<String, Readable>,
    /// Whether there were more subscriptions than one query reaches.
    pub(super) is_cut: bool,
}

impl Reach {
    /// Whether it holds a resource.
    pub(super) fn holds(&self, resource: &ArmId) -> bool {
        let readable = resource.subscription().and_then(|id| self.subscriptions.get(&id.to_ascii_lowercase()));
        match readable {
            None => false,
            Some(Readable::All) => true,
            Some(Readable::Groups(groups)) => {
                resource.resource_group().is_some_and(|name| groups.contains(&lower(name)))
            }
        }
    }
}

impl World {
    /// The reach of a query of a caller.
    pub(super) fn graph_scope(&self, asked: &Asked, call: &Call, now: OffsetDateTime) -> Result<Reach, Told> {
        let limits = self.graph_limits;
        let named = asked.subscriptions.as_deref().unwrap_or_default();
        let groups = asked.management_groups.as_deref().unwrap_or_default();
        if !named.is_empty() && !groups.is_empty() {
            return Err(Told::bad("InvalidScopes", "A query is about subscriptions or about management groups."));
        }
        if named.len() > limits.named || groups.len() > limits.groups {
            let words =
                format!("A query names at most {} subscriptions or {} management groups.", limits.named, limits.groups);
            return Err(Told::bad("TooManyScopes", &words));
        }
        let wanted: HashSet<String> = named.iter().map(|id| id.to_ascii_lowercase()).collect();
        let is_meant = |one: &Subscription| {
            let is_named = wanted.is_empty() || wanted.contains(&one.id.to_ascii_lowercase());
            is_named && (groups.is_empty() || self.lies_in(one, groups, call))
        };
        let mut reach = Reach::default();
        for one in self.estate.subscriptions.iter().filter(|one| is_meant(one)) {
            let Some(readable) = self.readable(one, call, now) else { continue };
            if wanted.is_empty() && reach.subscriptions.len() >= limits.subscriptions {
                reach.is_cut = true;
                break;
            }
            reach.subscriptions.insert(one.id.to_ascii_lowercase(), readable);
        }
        if reach.is_cut && !asked.options.allow_partial_scopes {
            let words = format!("There are more than {} subscriptions in the scope.", limits.subscriptions);
            return Err(Told::bad("TooManySubscriptions", &words));
        }
        match (reach.subscriptions.is_empty(), groups.is_empty()) {
            (false, _) => Ok(reach),
            (true, true) => Err(Told::no_subscription(named)),
            (true, false) => Err(Told::no_access()),
        }
    }

    fn lies_in(&self, subscription: &Subscription, groups: &[String], call: &Call) -> bool {
        let at_home = call.identity.as_ref().map_or(self.estate.home_tenant.as_str(), |caller| &caller.tenant_id);
        let above = self.estate.groups_above(&subscription.id);
        subscription.tenant.eq_ignore_ascii_case(at_home)
            && above.iter().any(|group| groups.iter().any(|name| is_same(name, &group.name)))
    }

    fn readable(&self, subscription: &Subscription, call: &Call, now: OffsetDateTime) -> Option<Readable> {
        let Some(caller) = call.identity.as_ref().filter(|_| self.estate.access.enforced) else {
            return Some(Readable::All);
        };
        let scope = ArmId::new(format!("/subscriptions/{}", subscription.id));
        if !self.sees(call, &scope, now) {
            return None;
        }
        let ask = Ask { estate: &self.estate, caller, now };
        let may = |scope: &ArmId| ask.may(Plane::Control, READ, scope, None) == Verdict::Allowed;
        if may(&scope) {
            return Some(Readable::All);
        }
        let here = self.groups().filter(|group| group.is_within(&scope));
        let groups: HashSet<String> =
            here.filter(|group| may(group)).filter_map(|group| group.resource_group()).map(lower).collect();
        (!groups.is_empty()).then_some(Readable::Groups(groups))
    }
}
