//! Policy states: how resources stand with an assignment now, and with what effect it was evaluated.
//! Source: the service's OpenAPI description, policy states 2024-10-01 (operations and members as in 2019-10-01).

use azure_core::http::Method;
use time::format_description::well_known::Rfc3339;

use remediation::event::ComplianceState;
use remediation::fact::{CallKind, Effect, PolicyState};
use remediation::id::{ResourceId, Target};
use remediation::time::Timestamp;

use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members};
use super::page::Page;

pub(super) const API_VERSION: &str = "2024-10-01";
/// The oldest with the same operations and members.
pub(super) const OLDEST: &str = "2019-10-01";
/// How far back a latest state may lie.
const WINDOW: time::Duration = time::Duration::days(7);
/// Longest filter, in bytes, so that the address stays well under what gateways take.
const FILTER_LIMIT: usize = 4_000;

/// Query for all resources of the target's scope that are non-compliant with its policy.
#[must_use]
pub fn all_non_compliant(target: &Target, now: Timestamp) -> Call<Page<PolicyState>> {
    let filter = format!("{} and ComplianceState eq 'NonCompliant'", of_policy(target));
    query(target, filter, from(now))
}

/// Query for the latest states of the first of these resources under the target's policy, as many as the length of an address
/// allows, and how many they are.
#[must_use]
pub fn latest_states(target: &Target, resources: &[ResourceId], now: Timestamp) -> (Call<Page<PolicyState>>, usize) {
    let (filter, count) = filter(&of_policy(target), resources);
    (query(target, filter, from(now)), count)
}

fn of_policy(target: &Target) -> String {
    let assignment = format!("PolicyAssignmentId eq {}", quoted(target.policy_assignment_id.as_str()));
    match &target.policy_definition_reference_id {
        Some(reference) => format!("{assignment} and PolicyDefinitionReferenceId eq {}", quoted(reference.as_str())),
        None => assignment,
    }
}

pub(super) fn from(now: Timestamp) -> String {
    (now - WINDOW).format(&Rfc3339).expect("UTC times have an RFC 3339 form")
}

fn query(target: &Target, filter: String, from: String) -> Call<Page<PolicyState>> {
    let tail = ["providers", "Microsoft.PolicyInsights", "policyStates", "latest", "queryResults"];
    let quota = QuotaScope::Subscription(target.subscription().clone());
    // Of a resource's own query nothing says that it tells of what the resource holds.
    let scope = target.scope.container();
    Call::new(CallKind::QueryStates, quota, Method::Post, scope.as_str(), &tail, API_VERSION)
        .down_to(OLDEST)
        .with_query("$from", from)
        .with_query(
            "$select",
            "resourceId,complianceState,timestamp,policyDefinitionAction,resourceLocation".to_owned(),
        )
        .with_query("$filter", filter)
}

/// The filter for the first of the resources, and how many it names: one at least.
fn filter(base: &str, resources: &[ResourceId]) -> (String, usize) {
    let mut terms: Vec<String> = Vec::new();
    let mut length = base.len() + 10;
    for resource in resources {
        let term = format!("ResourceId eq {}", quoted(resource.as_str()));
        length += term.len() + 4;
        if length > FILTER_LIMIT && !terms.is_empty() {
            break;
        }
        terms.push(term);
    }
    (format!("{base} and ({})", terms.join(" or ")), terms.len())
}

/// An OData string literal.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Item for PolicyState {
    /// A state that cannot be read wholly says nothing about compliance or effect. It still stands for a resource that does
    /// not comply, one that nobody knows if need be: so nobody can conclude that all that do not comply are known.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let resource = members.id("resourceId").unwrap_or_default();
        if resource.is_empty() {
            members.miss("resourceId");
        }
        let state = members.word("complianceState");
        if state.is_none() {
            members.miss("complianceState");
        }
        let at = members.time("timestamp");
        let effect = members.word("policyDefinitionAction").map(|effect| Effect::of(&effect));
        let location = members.word("resourceLocation").and_then(|location| location.parse().ok());
        Some(match state {
            Some(state) if members.are_sound() => {
                Self { resource, state: ComplianceState::parse(&state), at, effect, location }
            }
            Some(_) | None => {
                Self { resource, state: ComplianceState::NonCompliant, at: None, effect: None, location: None }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::{read, read_item};
    use serde_json::json;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    #[test]
    fn filters_are_quoted_bounded_and_complete() {
        let ids: Vec<ResourceId> = (0..100)
            .map(|n| format!("{SUB}/resourceGroups/o'neil/providers/Microsoft.Sql/servers/s{n:03}").parse().unwrap())
            .collect();
        let mut named = 0;
        let mut filters = 0;
        while named < ids.len() {
            let (filter, count) = filter("PolicyAssignmentId eq 'a'", &ids[named..]);
            assert!(filter.len() <= FILTER_LIMIT && filter.contains("o''neil"));
            assert!(count > 0 && filter.matches("ResourceId eq ").count() == count);
            (named, filters) = (named + count, filters + 1);
        }
        assert!(filters > 1 && filters < 10, "{filters}");
    }

    #[test]
    fn a_state_is_read_in_any_case() {
        let state: PolicyState = read_item(&json!({"resourceId":"/Subscriptions/X/","complianceState":"NonCompliant","timestamp":"2025-02-05T10:00:00Z","policyDefinitionAction":"DeployIfNotExists","extra":1}))
        .unwrap();
        assert_eq!(
            (state.resource.as_str(), state.state, state.effect),
            ("/subscriptions/x", ComplianceState::NonCompliant, Some(Effect::Remediable))
        );
    }

    #[test]
    fn a_state_that_cannot_be_read_says_nothing_and_is_never_overlooked() {
        let good = json!({
            "resourceId": "/a", "complianceState": "Compliant", "timestamp": "2025-02-05T10:00:00Z", "policyDefinitionAction": "audit",
        });
        for (member, odd) in [
            ("resourceId", json!(null)),
            ("resourceId", json!({})),
            ("complianceState", json!(null)),
            ("complianceState", json!(5)),
            ("timestamp", json!("yesterday")),
            ("timestamp", json!({})),
            ("policyDefinitionAction", json!([])),
        ] {
            let mut state = good.clone();
            state[member] = odd.clone();
            let (state, wrong) = read::<PolicyState>(&state);
            let state = state.unwrap();
            assert_eq!(
                (&state.state, state.at, &state.effect),
                (&ComplianceState::NonCompliant, None, &None),
                "{member} {odd}"
            );
            assert_eq!(
                (state.resource.is_empty(), wrong.len()),
                (member == "resourceId", 1),
                "{member} {odd}: {wrong:?}"
            );
        }
        for (member, odd) in
            [("timestamp", json!(null)), ("policyDefinitionAction", json!(null)), ("policyDefinitionAction", json!(""))]
        {
            let mut state = good.clone();
            state[member] = odd;
            assert_eq!(read::<PolicyState>(&state).1, [""; 0], "absent is absent");
        }
        assert_eq!(read::<PolicyState>(&json!(null)).0.unwrap().resource, "", "there may be one more");
    }
}
