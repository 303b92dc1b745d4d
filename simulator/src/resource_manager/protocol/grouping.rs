//! Groups of policy states: `$apply` at every scope, with filter, order, columns and pages.

use super::local::{Answer, LANDING, Local, ROOT, assignment, start, tempo};
use crate::{estate::sample, resource_manager::PageSizes};
use serde_json::{Value, json};

/// The double grouping of the official example `PolicyStates_FilterAndMultipleGroups`, in what a client needs of it.
const BY_TARGET: &str = "groupby((policyAssignmentId,policyDefinitionReferenceId,subscriptionId,resourceGroup,resourceId))\
                         /groupby((policyAssignmentId,policyDefinitionReferenceId,subscriptionId,resourceGroup), aggregate($count as n))";

async fn query(local: &Local, scope: &str, options: &[(&str, &str)]) -> Answer {
    local.query_states("2024-10-01", scope, options).await
}

#[tokio::test]
async fn targets_are_counted_at_every_scope() {
    let local = Local::sample().await;
    let baseline = assignment(ROOT, "Baseline").to_lowercase();
    for (scope, groups, resources) in [
        (ROOT.to_owned(), 5, 20),
        (LANDING.to_owned(), 4, 16),
        (format!("{LANDING}/resourceGroups/App-Prod"), 4, 16),
        (assignment(LANDING, "Enforce-TLS"), 1, 8),
    ] {
        let options = [("$filter", "complianceState eq 'NonCompliant'"), ("$apply", BY_TARGET)];
        let answer = query(&local, &scope, &options).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let counts: Vec<u64> = answer.values().iter().filter_map(|row| row["n"].as_u64()).collect();
        assert_eq!((counts.len(), counts.iter().sum::<u64>()), (groups, resources), "{scope}: {}", answer.body);
        assert_eq!((&answer.body["@odata.count"], &answer.body["@odata.nextLink"]), (&json!(groups), &Value::Null));
        let listed = query(&local, &scope, &options[..1]).await;
        assert_eq!(listed.values().len() as u64, resources, "as many as the states themselves");
    }
    let options =
        [("$apply", BY_TARGET), ("$filter", "policyDefinitionReferenceId eq 'Deploy_Diagnostics'"), ("$orderby", "n")];
    let answer = query(&local, ROOT, &options).await;
    let keys: Vec<&String> = answer.values()[0].as_object().expect("a row").keys().collect();
    assert_eq!(
        keys,
        [
            "@odata.id",
            "@odata.context",
            "policyAssignmentId",
            "policyDefinitionReferenceId",
            "subscriptionId",
            "resourceGroup",
            "n"
        ]
    );
    assert_eq!((&answer.values()[0]["policyAssignmentId"], &answer.values()[0]["n"]), (&json!(baseline), &json!(8)));
    assert_eq!(answer.values()[1]["n"], 4);
}

#[tokio::test]
async fn groups_are_ordered_chosen_and_paged() {
    let pages = PageSizes { policy_states: 3, ..PageSizes::default() };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_page_sizes(pages)).await;
    // Numbers are ordered as numbers: 12 is more than 8.
    let apply = ("$apply", "groupby((policyAssignmentName), aggregate($count as N))");
    let answer = query(&local, ROOT, &[apply, ("$orderby", "n desc"), ("$top", "2"), ("$select", "N")]).await;
    let keys: Vec<&String> = answer.values()[0].as_object().expect("a row").keys().collect();
    assert_eq!(keys, ["@odata.id", "@odata.context", "N"]);
    assert_eq!(answer.values().iter().filter_map(|row| row["N"].as_u64()).collect::<Vec<_>>(), [12, 8]);
    let apply = ("$apply", "groupby((resourceId))");
    let mut answer = query(&local, ROOT, &[apply, ("$orderby", "resourceId asc")]).await;
    let mut found = Vec::new();
    loop {
        assert!(answer.values().len() <= 3);
        found.extend(answer.values().iter().filter_map(|row| row["resourceId"].as_str().map(str::to_owned)));
        let Some(next) = answer.body["@odata.nextLink"].as_str() else { break };
        answer = local.post(next.strip_prefix(&format!("https://{}", local.host)).expect("absolute")).await;
    }
    assert!(found.len() == 12 && found.is_sorted(), "{found:?}");
    let all = query(&local, ROOT, &[("$apply", "aggregate($count as All)"), ("$filter", "isCompliant eq true")]).await;
    assert_eq!((all.values().len(), &all.values()[0]["All"]), (1, &json!(2)));
    let before = query(&local, ROOT, &[apply, ("$from", "2020-01-01"), ("$to", "2020-02-01")]).await;
    assert!(before.status == 200 && before.values().is_empty());
}

#[tokio::test]
async fn a_grouping_that_is_not_understood_is_refused() {
    let local = Local::sample().await;
    let good = "groupby((resourceId), aggregate($count as n))";
    for (option, value) in [
        ("$apply", "groupby((banana))"),
        ("$apply", "groupby(resourceId)"),
        ("$apply", "aggregate(timestamp with max as latest)"),
        ("$apply", "filter(isCompliant eq false)/groupby((resourceId))"),
        ("$orderby", "policyAssignmentId"),
        ("$select", "timestamp"),
    ] {
        let answer =
            query(&local, LANDING, &[("$apply", good), (option, value)][usize::from(option == "$apply")..]).await;
        assert_eq!(answer.error(), (400, "InvalidQueryParameter"), "{option}={value}");
    }
}
