//! An estate made from captured events, so that a user's own events can be replayed: whatever they name exists, every
//! assignment has its identity with the roles that it needs, and each resource is in the state of its latest event. What events
//! do not tell is assumed: location, the tree of groups, the effect and roles of a built-in policy as it is where nobody sets a
//! parameter, and that a custom policy deploys as Contributor. Entries that are no policy events are passed over.

use super::{
    ArmId, Assignment, BuiltIn, ComplianceRecord, ComplianceState, Definition, Estate, Initiative, RecordKey, Resource,
    Scope, parse_instant,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// The tenant when no event names one.
const UNNAMED_TENANT: &str = "00000000-0000-4000-8000-000000000001";
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";

/// Builds an estate from events of either schema; an element may also be an array of events, as deliveries are.
/// Where several management groups hold assignments, they are put in one line, all subscriptions below the last.
pub fn derive(events: &[Value]) -> Estate {
    let mut sightings = Vec::new();
    for entry in events {
        match entry {
            Value::Array(batch) => sightings.extend(batch.iter().filter_map(Sighting::read)),
            single => sightings.extend(Sighting::read(single)),
        }
    }
    let tenant = sightings.iter().find_map(|seen| seen.tenant.clone()).unwrap_or_else(|| UNNAMED_TENANT.to_owned());
    let mut estate = Estate::new(&tenant);
    add_hierarchy(&mut estate, &sightings);
    let initiatives: HashSet<&ArmId> =
        sightings.iter().filter(|seen| seen.key.reference.is_some()).map(|seen| &seen.key.assignment).collect();
    for seen in &sightings {
        add_policy(&mut estate, seen, initiatives.contains(&seen.key.assignment));
    }
    let mut latest: HashMap<&RecordKey, &Sighting> = HashMap::new();
    for seen in &sightings {
        let known = latest.entry(&seen.key).or_insert(seen);
        if known.timestamp < seen.timestamp {
            *known = seen;
        }
    }
    let mut resources: HashSet<ArmId> = HashSet::new();
    for seen in &sightings {
        let home = seen.key.assignment.parent_scope();
        let is_resource = |id: &ArmId| matches!(Scope::parse(id), Some(Scope::Resource(_)));
        for id in [seen.key.resource.clone()].into_iter().chain(Some(home).filter(is_resource)) {
            if resources.insert(id.clone()) {
                estate.resources.push(Resource { id, location: "eastus".to_owned() });
            }
        }
        // The first sighting of a key takes its place; later ones find it taken.
        let Some(last) = latest.remove(&seen.key) else { continue };
        let Some(state) = last.state else { continue };
        let record = ComplianceRecord::non_compliant(seen.key.clone(), last.timestamp).in_state(state);
        estate.records.push(ComplianceRecord { reason: last.reason.clone(), ..record });
    }
    estate
}

struct Sighting {
    key: RecordKey,
    definition: ArmId,
    timestamp: OffsetDateTime,
    /// `None`: the state was deleted.
    state: Option<ComplianceState>,
    reason: String,
    tenant: Option<String>,
}

impl Sighting {
    fn read(event: &Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text(event, "eventType").or_else(|| text(event, "type"))?.to_ascii_lowercase();
        let change = kind.strip_prefix("microsoft.policyinsights.policystate")?;
        let data = &data_of(event)?;
        let state = match text(data, "complianceState").unwrap_or_default().to_ascii_lowercase().as_str() {
            _ if change == "deleted" => None,
            "noncompliant" => Some(ComplianceState::NonCompliant),
            "compliant" => Some(ComplianceState::Compliant),
            "exempt" => Some(ComplianceState::Exempt),
            _ => Some(ComplianceState::Unknown),
        };
        let (subject, assignment) = (text(event, "subject")?, text(data, "policyAssignmentId")?);
        let definition = text(data, "policyDefinitionId")?;
        let reference = text(data, "policyDefinitionReferenceId").unwrap_or_default();
        if [&subject, &assignment, &definition, &reference].iter().any(|value| value.contains(['<', '>'])) {
            return None;
        }
        let (resource, assignment) = (ArmId::new(subject), ArmId::new(assignment));
        resource.subscription()?;
        if !matches!(Scope::parse(&resource)?, Scope::Resource(_) | Scope::ResourceGroup(..) | Scope::Subscription(_)) {
            return None;
        }
        if !assignment.resource_type()?.eq_ignore_ascii_case("microsoft.authorization/policyassignments") {
            return None;
        }
        let source = text(event, "topic").or_else(|| text(event, "source")).unwrap_or_default();
        let tenant = source.split('/').skip_while(|s| !s.eq_ignore_ascii_case("tenants")).nth(1);
        Some(Self {
            key: RecordKey::new(resource, assignment, Some(&reference)),
            definition: ArmId::new(definition),
            timestamp: parse_instant(&text(data, "timestamp")?)?,
            state,
            reason: text(data, "complianceReasonCode").unwrap_or_default(),
            tenant: tenant.filter(|name| !name.contains(['<', '>'])).map(str::to_owned),
        })
    }
}

/// The data of an event, which some senders put in as JSON text, or as base64 of it.
fn data_of(event: &Value) -> Option<Value> {
    let coded = event.get("data_base64").and_then(Value::as_str);
    let text = match (coded, event.get("data")) {
        (Some(coded), _) => String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?,
        (None, Some(Value::String(text))) => text.clone(),
        (None, data) => return data.cloned(),
    };
    serde_json::from_str(&text).ok()
}

fn add_hierarchy(estate: &mut Estate, sightings: &[Sighting]) {
    let ids = sightings.iter().flat_map(|seen| [&seen.key.assignment, &seen.definition]);
    for group in ids.filter_map(ArmId::management_group) {
        if estate.management_group(group).is_none() {
            let parent = estate.management_groups.last().map(|last| last.name.clone());
            *estate = std::mem::take(estate).with_management_group(group, parent.as_deref());
        }
    }
    let parent = estate.management_groups.last().map(|last| last.name.clone());
    let ids = sightings.iter().flat_map(|seen| [&seen.key.resource, &seen.key.assignment, &seen.definition]);
    for subscription in ids.filter_map(ArmId::subscription) {
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
    use crate::estate::{EventKind, PolicyEvent, sample};
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
