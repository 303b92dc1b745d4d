//! The queries of a batch run over policy states: counts of each policy's resources, and the resources themselves.
//! Source: the service's OpenAPI description, policy states 2024-10-01, and its example `PolicyStates_FilterAndMultipleGroups`.

use azure_core::http::Method;

use remediation::document::{Place, RunTarget};
use remediation::fact::CallKind;
use remediation::id::ReferenceId;
use remediation::run::{CountedRow, Filter, ListedRow};
use remediation::time::Timestamp;

use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members};
use super::page::Page;
use super::policy_states::{API_VERSION, OLDEST, from, quoted};

/// A policy in a subscription, and how many resources of it: the inner grouping leaves each resource once.
const BY_TARGET: &str = "groupby((policyAssignmentId,policyDefinitionReferenceId,policyDefinitionAction,subscriptionId,resourceId))\
                         /groupby((policyAssignmentId,policyDefinitionReferenceId,policyDefinitionAction,subscriptionId),aggregate($count as n))";
const COLUMNS: &str = "resourceId,policyAssignmentId,policyDefinitionReferenceId,policyDefinitionAction,timestamp";

/// A row of an answer; none where it cannot be read, so that it can be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<T>(pub Option<T>);

/// Counts what does not comply in a place, by policy and subscription.
#[must_use]
pub fn counts(place: &Place, filter: &Filter, now: Timestamp) -> Call<Page<Row<CountedRow>>> {
    query(place, filter, now).with_query("$apply", BY_TARGET.to_owned())
}

/// Lists what does not comply in a place.
#[must_use]
pub fn resources(place: &Place, filter: &Filter, now: Timestamp) -> Call<Page<Row<ListedRow>>> {
    query(place, filter, now).with_query("$select", COLUMNS.to_owned())
}

fn query<T>(place: &Place, filter: &Filter, now: Timestamp) -> Call<T> {
    let tail = ["providers", "Microsoft.PolicyInsights", "policyStates", "latest", "queryResults"];
    let (id, quota) = match place {
        Place::Group { group, .. } => (group.as_str(), QuotaScope::Groups),
        Place::Scope { scope } => (scope.as_str(), QuotaScope::Subscription(scope.subscription().clone())),
        // Resource Graph is asked otherwise; a subscription of it stands for the one that is asked by itself.
        Place::Graph { .. } => ("", QuotaScope::Graph),
    };
    Call::new(CallKind::QueryStates, quota, Method::Post, id, &tail, API_VERSION)
        .down_to(OLDEST)
        .with_query("$from", from(now))
        .with_query("$filter", text(filter))
}

/// The filter as OData has it.
fn text(filter: &Filter) -> String {
    let any = |column: &str, values: &mut dyn Iterator<Item = &str>| {
        let terms: Vec<_> = values.map(|value| format!("{column} eq {}", quoted(value))).collect();
        (!terms.is_empty()).then(|| format!("({})", terms.join(" or ")))
    };
    let mut terms = vec!["complianceState eq 'NonCompliant'".to_owned()];
    terms.extend(any("resourceLocation", &mut filter.locations.iter().map(|location| location.as_str())));
    terms.extend(any("policyDefinitionAction", &mut filter.effects.iter().map(String::as_str)));
    terms.extend(filter.but.iter().map(|RunTarget { target, .. }| {
        let reference = target.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
        format!(
            "(policyAssignmentId ne {} or subscriptionId ne {} or policyDefinitionReferenceId ne {})",
            quoted(target.policy_assignment_id.as_str()),
            quoted(target.subscription().as_str()),
            quoted(reference)
        )
    }));
    terms.join(" and ")
}

impl Item for Row<CountedRow> {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let (assignment, reference) = (members.id("policyAssignmentId"), members.text("policyDefinitionReferenceId"));
        let effect = members.word("policyDefinitionAction").unwrap_or_default();
        let (subscription, count) = (members.word("subscriptionId"), members.count("n"));
        let row = || {
            Some(CountedRow {
                subscription: subscription?.parse().ok()?,
                assignment: assignment?.parse().ok()?,
                reference: reference.map(|reference| reference.parse().ok()).map_or(Some(None), |it| it.map(Some))?,
                effect,
                count: count?,
            })
        };
        Some(Self(row()))
    }
}

impl Item for Row<ListedRow> {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let (resource, assignment) = (members.id("resourceId"), members.id("policyAssignmentId"));
        let reference = members.text("policyDefinitionReferenceId");
        let (effect, at) = (members.word("policyDefinitionAction").unwrap_or_default(), members.time("timestamp"));
        let row = || {
            Some(ListedRow {
                resource: resource?.parse().ok()?,
                assignment: assignment?.parse().ok()?,
                reference: reference.map(|reference| reference.parse().ok()).map_or(Some(None), |it| it.map(Some))?,
                effect,
                at: at?,
            })
        };
        Some(Self(row()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::read;
    use remediation::fixture::target;
    use serde_json::{Value, json};

    #[test]
    fn a_filter_is_quoted_and_leaves_out_what_was_handed_over() {
        assert_eq!(text(&Filter::default()), "complianceState eq 'NonCompliant'");
        let filter = Filter {
            locations: ["westeurope".parse().unwrap(), "northeurope".parse().unwrap()].into(),
            effects: ["deploy'IfNotExists".to_owned()].into(),
            but: vec![RunTarget { target: target(), count: 400, handed_over: true }],
        };
        let expected = format!(
            "complianceState eq 'NonCompliant' and (resourceLocation eq 'northeurope' or resourceLocation eq 'westeurope') \
             and (policyDefinitionAction eq 'deploy''IfNotExists') and (policyAssignmentId ne '{}' or subscriptionId ne '{}' or \
             policyDefinitionReferenceId ne '')",
            target().policy_assignment_id,
            target().subscription()
        );
        assert_eq!(text(&filter), expected);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_one_all_the_same() {
        let good = json!({
            "policyAssignmentId": target().policy_assignment_id, "policyDefinitionReferenceId": "",
            "policyDefinitionAction": "deployifnotexists", "subscriptionId": target().subscription(), "n": 7,
        });
        let row = |value: Value| read::<Row<CountedRow>>(&value).0.unwrap().0;
        let found = row(good.clone()).unwrap();
        assert_eq!((found.count, found.reference, found.assignment), (7, None, target().policy_assignment_id));
        for (member, odd) in [
            ("policyAssignmentId", json!("x")),
            ("subscriptionId", json!(null)),
            ("n", json!(-1)),
            ("n", json!("many")),
        ] {
            let mut odd_row = good.clone();
            odd_row[member] = odd;
            assert_eq!(row(odd_row), None, "{member}");
        }
        assert_eq!(row(json!(null)), None);
    }
}
