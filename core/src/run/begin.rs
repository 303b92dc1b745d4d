//! Where a run looks: from its scopes to its work.

use std::collections::BTreeSet;

use crate::document::{Place, RunDocument, Work};
use crate::id::{ManagementGroup, RunScope, SubscriptionId};
use crate::message::{BatchRun, Discovery};
use crate::time::Timestamp;

/// From so many subscriptions on Resource Graph is asked: one query for all takes the place of one each.
const MANY: usize = 20;
/// From so many subscriptions of one management group on: below, one grouped query of policy states counts them all.
const MANY_OF_A_GROUP: usize = 300;
/// Most subscriptions that a query of Resource Graph may name (see `GraphLimits` of the local Azure for the source).
const NAMED: usize = 1_000;
/// Subscriptions of one place in Resource Graph, so that what is found of it fits into the document.
const OF_A_PLACE: usize = 250;

/// The document of a new run.
#[must_use]
pub fn begin(run: BatchRun, default: Discovery, now: Timestamp) -> RunDocument {
    let discovery = run.discovery.unwrap_or(default);
    let (mut work, mut subscriptions, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for scope in &run.scopes {
        match scope {
            RunScope::ManagementGroup(group) => {
                work.push(Work::Expand { group: group.clone(), next: None, found: BTreeSet::new(), pages: 0 });
            }
            RunScope::Subscription(id, _) => subscriptions.push(id.clone()),
            RunScope::ResourceGroup(scope) => groups.push(count(Place::Scope { scope: scope.clone() })),
        }
    }
    work.extend(of_subscriptions(subscriptions, discovery));
    // The widest first: what is handed over as a whole there is not sent in parts before.
    work.extend(groups);
    RunDocument::new(run, discovery, work, now)
}

/// The work of subscriptions that were named one by one.
fn of_subscriptions(subscriptions: Vec<SubscriptionId>, discovery: Discovery) -> Vec<Work> {
    match discovery {
        Discovery::ResourceGraph => see(&subscriptions),
        Discovery::Auto if subscriptions.len() >= MANY => see(&subscriptions),
        Discovery::Auto | Discovery::PolicyStates => one_by_one(&subscriptions),
    }
}

/// The work of all that is below a management group.
pub(super) fn of_group(group: ManagementGroup, found: BTreeSet<SubscriptionId>, discovery: Discovery) -> Vec<Work> {
    let subscriptions: Vec<_> = found.into_iter().collect();
    let by_graph = match discovery {
        Discovery::ResourceGraph => true,
        Discovery::Auto => subscriptions.len() >= MANY_OF_A_GROUP,
        Discovery::PolicyStates => false,
    };
    match (subscriptions.is_empty(), by_graph) {
        (true, _) => Vec::new(),
        (false, true) => see(&subscriptions),
        (false, false) => vec![count(Place::Group { group, subscriptions })],
    }
}

/// The work of subscriptions that Resource Graph shows.
pub(super) fn by_graph(subscriptions: &[SubscriptionId]) -> Vec<Work> {
    subscriptions.chunks(OF_A_PLACE).map(|some| count(Place::Graph { subscriptions: some.to_vec() })).collect()
}

/// The work of subscriptions that are asked one by one.
pub(super) fn one_by_one(subscriptions: &[SubscriptionId]) -> Vec<Work> {
    let scope = |id: &SubscriptionId| crate::id::Scope::subscription_wide(id.clone());
    subscriptions.iter().map(|id| count(Place::Scope { scope: scope(id) })).collect()
}

fn see(subscriptions: &[SubscriptionId]) -> Vec<Work> {
    subscriptions.chunks(NAMED).map(|some| Work::See { subscriptions: some.to_vec() }).collect()
}

/// The counting of a place, from its beginning.
pub(super) fn count(place: Place) -> Work {
    Work::Count { place, next: None, restarts: 0, found: Default::default() }
}
