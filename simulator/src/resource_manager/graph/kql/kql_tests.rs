//! Tests of queries over plain rows.

use super::*;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2026-05-02 00:00 UTC);

fn table() -> (Schema, Vec<Map<String, Value>>) {
    let columns = [("id", Type::Text), ("type", Type::Text), ("size", Type::Long), ("properties", Type::Dynamic)];
    let schema = Schema(columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec());
    let row = |id: &str, size: i64, state: &str, assignment: &str, at: &str| {
        let row = json!({ "id": id, "type": "microsoft.policyinsights/policystates", "size": size, "properties": {
            "complianceState": state, "policyAssignmentId": assignment, "timestamp": at, "isCompliant": state == "Compliant",
            "nested": { "a b": "it's" }
        } });
        row.as_object().cloned().expect("an object")
    };
    let rows = vec![
        row("/s/3", 3, "NonCompliant", "/a/One", "2026-05-01T00:00:00Z"),
        row("/s/1", 1, "NonCompliant", "/a/one", "2026-05-01T12:00:00Z"),
        row("/s/2", 2, "Compliant", "/a/two", "2026-04-01T00:00:00Z"),
    ];
    (schema, rows)
}

fn ask(query: &str) -> Result<Value, Wrong> {
    let (schema, rows) = table();
    run(&Query::parse(query)?, &schema, rows, NOW, 7).map(|output| json!(output.rows))
}

#[test]
fn rows_are_chosen() {
    for (asked, ids) in [
        ("type =~ 'Microsoft.PolicyInsights/PolicyStates'", "123"),
        ("type == 'Microsoft.PolicyInsights/PolicyStates'", ""),
        ("properties.complianceState == 'NonCompliant'", "13"),
        ("properties.complianceState == \"noncompliant\"", ""),
        ("properties['complianceState'] !~ 'noncompliant'", "2"),
        ("properties.ComplianceState == 'NonCompliant'", ""),
        ("properties.policyAssignmentId =~ '/A/ONE' and size > 1", "3"),
        ("properties.policyAssignmentId in~ ('/a/ONE', '/a/x')", "13"),
        ("tostring(properties.policyAssignmentId) !in ('/a/one')", "23"),
        ("size in (1, 2) or size == 3 and not(size == 3)", "12"),
        ("properties.isCompliant == true", "2"),
        ("properties.nested['a b'] == 'it\\'s'", "123"),
        ("properties.nested[\"a b\"] == @'it''s'", "123"),
        ("todatetime(properties.timestamp) >= ago(1d)", "13"),
        ("todatetime(properties.timestamp) < todatetime('2026-04-15T00:00:00Z')", "2"),
        ("id has '1' and id contains '/S/'", "1"),
        ("id startswith '/s' and id !endswith '3'", "12"),
        ("type has 'policy'", ""),
        ("isempty(properties.absent) and isnotempty(id) and isnull(properties.absent)", "123"),
        ("iff(size == 1, 'x', 'y') == 'x'", "1"),
        ("strcat(id, '#', tostring(size)) == '/s/2#2'", "2"),
        ("coalesce(tostring(properties.absent), tolower('ZZ')) == 'zz'", "123"),
    ] {
        let found = ask(&format!("Table // a comment\n| where {asked}\n| project id")).expect(asked);
        let found: Vec<&str> = found.as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
        let expected: Vec<String> = ids.chars().map(|id| format!("/s/{id}")).collect();
        assert_eq!(found, expected, "{asked}");
    }
}

#[test]
fn rows_become_others() {
    for (query, expected) in [
        (
            "summarize count() by state = tostring(properties.complianceState) | order by count_",
            json!([
                { "state": "NonCompliant", "count_": 2 }, { "state": "Compliant", "count_": 1 }
            ]),
        ),
        (
            "summarize n = count() by tostring(properties.policyAssignmentId) | order by properties_policyAssignmentId asc",
            json!([
                { "properties_policyAssignmentId": "/a/One", "n": 1 },
                { "properties_policyAssignmentId": "/a/one", "n": 1 },
                { "properties_policyAssignmentId": "/a/two", "n": 1 }
            ]),
        ),
        (
            "extend a = tolower(tostring(properties.policyAssignmentId)) | summarize max(size), min(size), sum(size), dcount(id), \
          countif(size > 1), sumif(size, size > 1) by a | where a == '/a/one'",
            json!([
                { "a": "/a/one", "max_size": 3, "min_size": 1, "sum_size": 4, "dcount_id": 2, "countif_": 1, "sumif_size": 3 }
            ]),
        ),
        (
            "top 2 by size asc | project size, double = toreal(size)",
            json!([
                { "size": 1, "double": 1.0 }, { "size": 2, "double": 2.0 }
            ]),
        ),
        ("order by size | limit 1 | project-away properties, type", json!([{ "id": "/s/3", "size": 3 }])),
        ("count", json!([{ "Count": 3 }])),
        ("where size > 9 | summarize count()", json!([{ "count_": 0 }])),
        (
            "project a = id, properties.complianceState | where a == '/s/2'",
            json!([
                { "a": "/s/2", "properties_complianceState": "Compliant" }
            ]),
        ),
        ("distinct type", json!([{ "type": "microsoft.policyinsights/policystates" }])),
    ] {
        assert_eq!(ask(&format!("table | {query}")).expect(query), expected, "{query}");
    }
}

#[test]
fn what_is_not_the_language_or_cannot_be_meant_is_refused() {
    for query in [
        "",
        "| count",
        "table |",
        "table count",
        "table | where",
        "table | where size >",
        "table | where (size > 1",
        "table | where id == 'x",
        "table | where size ? 1",
        "table | limit x",
        "table | order size",
        "table | where size in 1",
        "table | where size > 1x",
    ] {
        assert!(matches!(ask(query), Err(Wrong::Syntax { .. })), "{query}: {:?}", ask(query));
    }
    for (query, word) in [
        ("table | join kind=inner (table) on id", "join"),
        ("table | mv-expand x", "mv"),
        ("table | project-rename a = id", "project-rename"),
        ("table | where parse_json(id) == 1", "parse_json"),
        ("table | summarize make_set(id)", "make_set"),
    ] {
        assert_eq!(ask(query), Err(Wrong::Language { token: word.to_owned() }), "{query}");
    }
    for query in [
        "table | where banana == 1",
        "table | where ID == '/s/1'",
        "table | where size == 'x'",
        "table | where id > 'x'",
        "table | where properties.size > 1",
        "table | where size",
        "table | where id.x == 1",
        "table | summarize count() by properties.complianceState",
        "table | order by properties.timestamp",
        "table | distinct properties",
        "table | summarize sum(id)",
        "table | project id, id",
        "table | extend x = iff(size == 1, 'x', 2)",
        "table | where ago('1d') < now()",
        "table | project id | where size == 1",
    ] {
        assert!(matches!(ask(query), Err(Wrong::Meaning(_))), "{query}: {:?}", ask(query));
    }
    let deep = format!("table | where {}size == 1{}", "(".repeat(200), ")".repeat(200));
    assert!(ask(&deep).is_err());
}

#[test]
fn nobody_may_count_on_an_order_that_was_not_asked_for() {
    let (schema, rows) = table();
    let query = Query::parse("table | summarize by size").expect("a query");
    let orders: std::collections::HashSet<String> = (0..50)
        .map(|chance| json!(run(&query, &schema, rows.clone(), NOW, chance).expect("rows").rows).to_string())
        .collect();
    assert!(orders.len() > 1);
}

#[test]
fn it_is_known_which_members_a_query_looks_at() {
    for (query, members) in [
        ("t | where properties.a == 'x' | summarize count() by tostring(properties['b'])", Some(vec!["a", "b"])),
        ("t | extend c = tostring(properties.c) | summarize max(size) by c | where c == properties.d", Some(vec!["c"])),
        ("t | where properties.a == 'x'", None),
        ("t | project id, properties", None),
        ("t | order by tostring(properties.a) | project id", Some(vec!["a"])),
        ("t | count", Some(vec![])),
    ] {
        assert_eq!(Query::parse(query).expect(query).members("properties"), members, "{query}");
    }
}
