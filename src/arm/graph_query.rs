//! What a batch run asks of Resource Graph, in its language: which subscriptions it shows, counts of each policy's resources, and the
//! resources themselves. Rows have an order, so that pages fit together.

use remediation::document::RunTarget;
use remediation::id::{ReferenceId, SubscriptionId};
use remediation::run::{CountedRow, Filter, ListedRow};

use super::call::Call;
use super::graph::{GraphPage, query};
use super::lenient::{Item, Members};
use super::run_queries::Row;

const STATES: &str = "policyresources | where type =~ 'microsoft.policyinsights/policystates' \
                      | where properties.complianceState =~ 'NonCompliant'";
const NAMES: &str = "extend policyAssignmentId = tostring(properties.policyAssignmentId), \
                     policyDefinitionReferenceId = tostring(properties.policyDefinitionReferenceId), \
                     policyDefinitionAction = tostring(properties.policyDefinitionAction), \
                     resourceLocation = tostring(properties.resourceLocation)";

/// Which of these subscriptions does it show?
#[must_use]
pub fn visible_in_graph(subscriptions: &[SubscriptionId], from: Option<&str>) -> Call<GraphPage<Row<SubscriptionId>>> {
    let text = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' | project id, subscriptionId \
                | order by id asc";
    query(text.to_owned(), subscriptions, from)
}

/// Counts what does not comply, by policy and subscription.
#[must_use]
pub fn counts_in_graph(
    subscriptions: &[SubscriptionId],
    filter: &Filter,
    from: Option<&str>,
) -> Call<GraphPage<Row<CountedRow>>> {
    let keys = "subscriptionId, policyAssignmentId, policyDefinitionReferenceId, policyDefinitionAction";
    let order = keys.replace(',', " asc,");
    let text =
        format!("{STATES} | {NAMES}{} | summarize n = count() by {keys} | order by {order} asc", conditions(filter));
    query(text, subscriptions, from)
}

/// Lists what does not comply.
#[must_use]
pub fn resources_in_graph(
    subscriptions: &[SubscriptionId],
    filter: &Filter,
    from: Option<&str>,
) -> Call<GraphPage<Row<ListedRow>>> {
    let columns = "id, resourceId = tostring(properties.resourceId), policyAssignmentId, policyDefinitionReferenceId, \
                   policyDefinitionAction, timestamp = tostring(properties.timestamp)";
    let text = format!("{STATES} | {NAMES}{} | project {columns} | order by id asc", conditions(filter));
    query(text, subscriptions, from)
}

fn conditions(filter: &Filter) -> String {
    let among = |column: &str, values: &mut dyn Iterator<Item = &str>| {
        let values: Vec<_> = values.map(quoted).collect();
        (!values.is_empty()).then(|| format!(" | where {column} in~ ({})", values.join(", ")))
    };
    let locations = among("resourceLocation", &mut filter.locations.iter().map(|location| location.as_str()));
    let effects = among("policyDefinitionAction", &mut filter.effects.iter().map(String::as_str));
    let but = filter.but.iter().map(|RunTarget { target, .. }| {
        let reference = target.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
        format!(
            " | where policyAssignmentId !~ {} or subscriptionId !~ {} or policyDefinitionReferenceId !~ {}",
            quoted(target.policy_assignment_id.as_str()),
            quoted(target.subscription().as_str()),
            quoted(reference)
        )
    });
    locations.into_iter().chain(effects).chain(but).collect()
}

/// A text of the language.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

impl Item for Row<SubscriptionId> {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        Some(Self(members.word("subscriptionId").and_then(|id| id.parse().ok())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_query_cannot_end_its_text() {
        let filter = Filter { effects: [r"a' or '1'=='1\".to_owned()].into(), ..Filter::default() };
        assert_eq!(conditions(&filter), r" | where policyDefinitionAction in~ ('a\' or \'1\'==\'1\\')");
        assert_eq!(conditions(&Filter::default()), "");
    }
}
