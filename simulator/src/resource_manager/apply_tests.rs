//! Tests of `$apply` on plain rows.

use super::*;
use serde_json::json;

const COLUMNS: [&str; 3] = ["policyAssignmentId", "resourceId", "resourceGroup"];

fn canonical(name: &str) -> Option<&'static str> {
    COLUMNS.iter().find(|column| column.eq_ignore_ascii_case(name)).copied()
}

fn rows() -> Vec<Row> {
    let row = |(assignment, resource): (&str, &str)| {
        let row = json!({ "policyAssignmentId": assignment, "resourceId": resource, "resourceGroup": "g" });
        row.as_object().cloned().expect("an object")
    };
    [("a", "1"), ("a", "1"), ("a", "2"), ("b", "1")].into_iter().map(row).collect()
}

#[test]
fn rows_are_grouped_and_counted() {
    for (apply, expected) in [
        ("groupby((PolicyAssignmentId))", json!([{ "policyAssignmentId": "a" }, { "policyAssignmentId": "b" }])),
        (
            "groupby((policyassignmentid), aggregate($count as N))",
            json!([{ "policyAssignmentId": "a", "N": 3 }, { "policyAssignmentId": "b", "N": 1 }]),
        ),
        (
            "groupby((PolicyAssignmentId,ResourceId))/groupby((PolicyAssignmentId), aggregate($count as Resources))",
            json!([{ "policyAssignmentId": "a", "Resources": 2 }, { "policyAssignmentId": "b", "Resources": 1 }]),
        ),
        ("aggregate($count as All)", json!([{ "All": 4 }])),
        (
            "groupby((resourceId),aggregate($COUNT AS n))/groupby((n), aggregate($count as m))",
            json!([
                { "n": 3, "m": 1 }, { "n": 1, "m": 1 }
            ]),
        ),
        ("groupby((resourceId)) / aggregate($count as n)", json!([{ "n": 2 }])),
    ] {
        let parsed = Apply::parse(apply, canonical).expect(apply);
        assert_eq!(json!(parsed.over(rows())), expected, "{apply}");
    }
    let none = Apply::parse("aggregate($count as n)", canonical).expect("one");
    assert_eq!(json!(none.over([])), json!([{ "n": 0 }]));
}

#[test]
fn it_knows_what_it_reads_and_what_it_gives() {
    let apply = "groupby((resourceId, resourceGroup))/groupby((resourcegroup), aggregate($count as n))";
    let parsed = Apply::parse(apply, canonical).expect("one");
    assert_eq!(parsed.reads(), ["resourceId", "resourceGroup"]);
    assert_eq!(
        (parsed.column("RESOURCEGROUP"), parsed.column("N"), parsed.column("resourceId")),
        (Some("resourceGroup"), Some("n"), None)
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    for apply in [
        "",
        "groupby",
        "groupby()",
        "groupby(resourceId)",
        "groupby((banana))",
        "groupby((resourceId)",
        "groupby((resourceId)))",
        "groupby((resourceId), sum(n))",
        "groupby((resourceId), aggregate(resourceId with max as m))",
        "groupby((resourceId), aggregate($count))",
        "groupby((resourceId), aggregate($count as resourceGroup))",
        "groupby((resourceId, ResourceID))",
        "groupby((resourceId))/groupby((resourceGroup))",
        "groupby((resourceId), aggregate($count as n), aggregate($count as m))",
        "filter(isCompliant eq false)",
        "groupby((resourceId))/",
    ] {
        let words = Apply::parse(apply, canonical).expect_err(apply);
        assert!(words.ends_with('.') && !words.contains("Some("), "{apply}: {words}");
    }
}
