//! An estate made from captured events, so that a user's own events can be replayed: whatever they name exists, every
//! assignment has its identity with the roles that it needs, and each resource is in the state of its latest event. What events
//! do not tell is assumed: location, the tree of groups, the effect and roles of a built-in policy as it is where nobody sets a
//! parameter, and that a custom policy deploys as Contributor. Entries that are no policy events are passed over.

use super::sighting::Sighting;
use super::{
    ArmId, Assignment, BuiltIn, ComplianceRecord, ComplianceState, Definition, Estate, Initiative, RecordKey, Resource,
    Scope,
};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// The tenant when no event names one.
const UNNAMED_TENANT: &str = "00000000-0000-4000-8000-000000000001";
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";

/// Builds an estate from events of either schema; an element may also be an array of events, as deliveries are.
pub fn derive(events: &[Value]) -> Estate {
    let mut derivation = Derivation::default();
    events.iter().for_each(|event| derivation.add(event));
    derivation.estate()
}

/// An estate that is made event by event. It grows with what the events name, and not with their number.
#[derive(Debug, Default)]
pub struct Derivation {
    tenant: Option<String>,
    /// Names of management groups and ids of subscriptions, in the order in which they were seen.
    groups: Ordered<String>,
    subscriptions: Ordered<String>,
    /// The first sighting of each policy where it is assigned.
    policies: Vec<Sighting>,
    known_policies: HashSet<(ArmId, Option<String>, ArmId)>,
    /// Assignments of initiatives.
    initiatives: HashSet<ArmId>,
    resources: Ordered<ArmId>,
    /// How each resource was seen last, and its place in the order of the first sightings.
    latest: HashMap<RecordKey, (usize, Latest)>,
}

#[derive(Debug, Clone)]
struct Latest {
    timestamp: OffsetDateTime,
    /// `None`: the state was deleted.
    state: Option<ComplianceState>,
    reason: String,
}

/// Different things in the order in which they came.
#[derive(Debug)]
struct Ordered<T> {
    all: Vec<T>,
    known: HashSet<T>,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), known: HashSet::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Ordered<T> {
    fn add(&mut self, one: T) {
        if self.known.insert(one.clone()) {
            self.all.push(one);
        }
    }
}

impl Derivation {
    /// Takes in an event, or an array of events.
    pub fn add(&mut self, event: &Value) {
        match event {
            Value::Array(batch) => batch.iter().filter_map(Sighting::read).for_each(|seen| self.see(seen)),
            single => Sighting::read(single).into_iter().for_each(|seen| self.see(seen)),
        }
    }

    fn see(&mut self, mut seen: Sighting) {
        if self.tenant.is_none() {
            self.tenant.clone_from(&seen.tenant);
        }
        let (resource, assignment) = (&seen.key.resource, &seen.key.assignment);
        let ids = [resource, assignment, &seen.definition];
        ids.iter().skip(1).filter_map(|id| id.management_group()).for_each(|name| self.groups.add(name.to_owned()));
        ids.iter().filter_map(|id| id.subscription()).for_each(|id| self.subscriptions.add(id.to_owned()));
        let home = Some(assignment.parent_scope()).filter(|id| matches!(Scope::parse(id), Some(Scope::Resource(_))));
        [resource.clone()].into_iter().chain(home).for_each(|id| self.resources.add(id));
        if seen.key.reference.is_some() {
            self.initiatives.insert(assignment.clone());
        }
        let latest = Latest { timestamp: seen.timestamp, state: seen.state, reason: std::mem::take(&mut seen.reason) };
        let place = self.latest.len();
        let known = self.latest.entry(seen.key.clone()).or_insert_with(|| (place, latest.clone()));
        if known.1.timestamp < latest.timestamp {
            known.1 = latest;
        }
        let policy = (seen.key.assignment.clone(), seen.key.reference.clone(), seen.definition.clone());
        if self.known_policies.insert(policy) {
            self.policies.push(seen);
        }
    }

    /// The estate. Where several management groups hold assignments, they are put in one line, all subscriptions below the last.
    pub fn estate(self) -> Estate {
        let mut estate = Estate::new(self.tenant.as_deref().unwrap_or(UNNAMED_TENANT));
        add_hierarchy(&mut estate, &self.groups.all, &self.subscriptions.all);
        for seen in &self.policies {
            add_policy(&mut estate, seen, self.initiatives.contains(&seen.key.assignment));
        }
        let located = |id| Resource { id, location: "eastus".to_owned() };
        estate.resources = self.resources.all.into_iter().map(located).collect();
        let mut latest: Vec<_> = self.latest.into_iter().collect();
        latest.sort_unstable_by_key(|(_, (place, _))| *place);
        estate.records = latest.into_iter().filter_map(|(key, (_, last))| last.record(key)).collect();
        estate
    }
}

impl Latest {
    fn record(self, key: RecordKey) -> Option<ComplianceRecord> {
        let record = ComplianceRecord::non_compliant(key, self.timestamp).in_state(self.state?);
        Some(ComplianceRecord { reason: self.reason, ..record })
    }
}

fn add_hierarchy(estate: &mut Estate, groups: &[String], subscriptions: &[String]) {
    for group in groups {
        if estate.management_group(group).is_none() {
            let parent = estate.management_groups.last().map(|last| last.name.clone());
            *estate = std::mem::take(estate).with_management_group(group, parent.as_deref());
        }
    }
    let parent = estate.management_groups.last().map(|last| last.name.clone());
    for subscription in subscriptions {
        if estate.subscription(subscription).is_none() {
            *estate = std::mem::take(estate).with_subscription(subscription, subscription, parent.as_deref());
        }
    }
}

fn add_policy(estate: &mut Estate, seen: &Sighting, is_initiative: bool) {
    if estate.definition(&seen.definition).is_none() {
        let target =
            seen.key.resource.resource_type().unwrap_or_else(|| "Microsoft.Resources/subscriptions".to_owned());
        let id = seen.definition.clone();
        let definition = match BuiltIn::of(&id) {
            Some(policy) => {
                let definition = Definition::new(id, policy.acting_effect());
                policy.roles().fold(definition, |definition, role| definition.with_role(&role))
            }
            None => Definition::new(id, "DeployIfNotExists").with_role(CONTRIBUTOR),
        };
        estate.definitions.push(definition.with_target_type(&target));
    }
    let assigned = if is_initiative {
        // Initiatives stand in subscriptions and management groups, and nowhere below.
        let id = &seen.key.assignment;
        let scope =
            id.subscription().map_or_else(|| id.parent_scope(), |one| ArmId::new(format!("/subscriptions/{one}")));
        ArmId::new(format!(
            "{scope}/providers/Microsoft.Authorization/policySetDefinitions/{}-initiative",
            seen.key.assignment.name()
        ))
    } else {
        seen.definition.clone()
    };
    if is_initiative {
        if estate.initiative(&assigned).is_none() {
            estate.initiatives.push(Initiative::new(assigned.clone()));
        }
        let initiative = estate.initiatives.iter_mut().find(|one| one.id == assigned);
        if let (Some(initiative), Some(reference)) = (initiative, seen.key.reference.as_deref())
            && initiative.member(reference).is_none()
        {
            *initiative = initiative.clone().with_member(reference, seen.definition.clone());
        }
    }
    if estate.assignment(&seen.key.assignment).is_none() {
        let id = &seen.key.assignment;
        let principal = Uuid::new_v5(&Uuid::NAMESPACE_URL, id.lower().as_bytes()).to_string();
        let assignment = Assignment::new(id.parent_scope().as_str(), id.name(), assigned);
        estate.assignments.push(assignment.with_system_identity(&principal, &estate.home_tenant, "eastus"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{EventKind, PolicyEvent, parse_instant, sample};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    #[test]
    fn data_that_are_text_or_base64_of_it_tell_the_same() {
        let original = sample(parse_instant("2024-01-01T00:00:00Z").expect("an instant"));
        let event = PolicyEvent::of(&original, &original.records[0], EventKind::Changed).cloud_event();
        let text = event["data"].to_string();
        let mut as_text = event.clone();
        as_text["data"] = json!(text);
        let mut coded = event.clone();
        coded.as_object_mut().expect("an event is an object").remove("data");
        coded["data_base64"] = json!(STANDARD.encode(&text));
        let keys = |event: Value| derive(&[event]).records.into_iter().map(|record| record.key).collect::<Vec<_>>();
        let wanted = keys(event);
        assert_eq!(wanted.len(), 1);
        assert_eq!((keys(as_text), keys(coded)), (wanted.clone(), wanted));
    }

    #[test]
    fn everything_that_events_name_exists_and_can_be_remediated() {
        let now = parse_instant("2024-01-01T00:00:00Z").expect("an instant");
        let original = sample(now);
        let events: Vec<Value> = original
            .records
            .iter()
            .enumerate()
            .map(|(n, record)| {
                let event = PolicyEvent::of(&original, record, EventKind::Changed).from_management_group("t9", "root");
                if n % 2 == 0 { event.event_grid() } else { json!([event.cloud_event()]) }
            })
            .collect();
        let derived = derive(&events);
        assert_eq!(derived.home_tenant, "t9");
        assert_eq!(derived.records.len(), original.records.len());
        for record in &original.records {
            let known = derived.record(&record.key).expect("the record");
            assert_eq!((known.state, known.evaluated_at), (record.state, record.evaluated_at));
            let assignment = derived.assignment(&record.key.assignment).expect("its assignment");
            let reference = record.key.reference.as_deref();
            let own = original.assignment(&record.key.assignment).expect("it comes from there");
            let policy = original.definition_of(own, reference).expect("its policy");
            // A built-in policy that only audits does so here, too.
            let acts = BuiltIn::of(&policy.id).is_none() || original.is_remediable(own, reference, None);
            assert_eq!(derived.is_remediable(assignment, reference, None), acts, "{}", assignment.id);
            assert!(derived.applies(assignment, &record.key.resource), "{}", assignment.id);
            let is_initiative = derived.initiative(&assignment.definition).is_some();
            assert_eq!(is_initiative, record.key.reference.is_some());
            assert!(derived.subscription(record.key.resource.subscription().expect("one")).is_some());
        }
    }

    #[test]
    fn the_latest_event_of_a_resource_decides() {
        let event = |state: &str, kind: &str, at: &str| {
            json!({
                "eventType": format!("Microsoft.PolicyInsights.PolicyState{kind}"),
                "subject": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
                "data": {
                    "timestamp": at,
                    "policyAssignmentId": "/subscriptions/s/providers/microsoft.authorization/policyassignments/a",
                    "policyDefinitionId": "/providers/microsoft.authorization/policydefinitions/d",
                    "policyDefinitionReferenceId": "",
                    "complianceState": state
                }
            })
        };
        let late = event("NonCompliant", "Changed", "2024-01-02T00:00:00Z");
        let early = event("Compliant", "Created", "2024-01-01T00:00:00Z");
        let estate = derive(&[late.clone(), early.clone()]);
        assert_eq!(estate.records.len(), 1);
        assert_eq!(estate.records[0].state, ComplianceState::NonCompliant);
        let gone = derive(&[late, early, event("NonCompliant", "Deleted", "2024-01-03T00:00:00Z")]);
        assert!(gone.records.is_empty() && gone.resources.len() == 1);
    }

    #[test]
    fn placeholders_and_junk_are_passed_over() {
        let placeholder = json!({
            "type": "Microsoft.PolicyInsights.PolicyStateCreated",
            "subject": "/subscriptions/<SubscriptionID>/resourceGroups/<ResourceGroup>/providers/<a>/<b>/<c>",
            "data": { "timestamp": "2021-03-27T18:37:42.4496956Z", "policyAssignmentId": "<x>/providers/microsoft.authorization/policyassignments/<y>", "policyDefinitionId": "<z>" }
        });
        let other = json!({ "eventType": "Microsoft.Storage.BlobCreated", "subject": "/x", "data": {} });
        let estate = derive(&[placeholder, other, json!(null), json!(17), json!([[]]), json!({"type": 3})]);
        assert!(estate.records.is_empty() && estate.resources.is_empty() && estate.assignments.is_empty());
    }
}
