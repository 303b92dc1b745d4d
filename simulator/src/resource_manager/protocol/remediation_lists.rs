//! Lists of tasks and deployments: which are in, filters, pages, absolute links.

use super::local::{Answer, INSIGHTS, LANDING, Local, ROOT, assignment, start, storage_account, tempo};
use crate::{
    estate::sample,
    resource_manager::{PageSizes, TaskRequest},
};
use serde_json::{Value, json};

async fn pages(local: &Local, method: &str, path: &str) -> Vec<Value> {
    let (mut all, mut path) = (Vec::new(), path.to_owned());
    for _ in 0..50 {
        let answer: Answer = local.call(method, &path, None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        all.extend(answer.values().iter().cloned());
        match answer.body.get("nextLink").and_then(Value::as_str) {
            Some(next) => {
                path = next.strip_prefix(&format!("https://{}", local.host)).expect("absolute, by https").to_owned()
            }
            None => return all,
        }
    }
    panic!("the list does not end");
}

async fn with_tasks(size: usize) -> Local {
    let pages = PageSizes { remediations: size, ..PageSizes::default() };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_page_sizes(pages)).await;
    let group = format!("{LANDING}/resourceGroups/App-Prod");
    let tls = TaskRequest::new(assignment(LANDING, "Enforce-TLS"), None);
    let baseline = TaskRequest::new(assignment(ROOT, "Baseline"), Some("Inherit_Tag"));
    for (scope, name, request) in [
        (LANDING, "sub", &tls),
        (&group, "group", &tls),
        (&storage_account(0), "resource", &tls),
        (&storage_account(2), "elsewhere", &baseline),
        (LANDING, "tags", &baseline),
        (ROOT, "root", &baseline),
    ] {
        local.manager.person_opens(scope, name, request.clone()).expect(name);
        local.pass(100);
    }
    local
}

#[tokio::test]
async fn a_list_holds_what_is_in_its_scope() {
    let local = with_tasks(2).await;
    let by_tls = format!("?$filter=PolicyAssignmentId%20eq%20'{}'", assignment(LANDING, "enforce-TLS"));
    let by_both = format!(
        "?$filter=policyassignmentid+eq+'{}'+AND+PolicyDefinitionReferenceId+eq+'INHERIT_tag'",
        assignment(ROOT, "Baseline")
    );
    for (scope, query, expected) in [
        (LANDING, "", &["tags", "resource", "group", "sub"][..]),
        ("/Subscriptions/35EE058E-5FA0-414c-8145-3ebb8d09b6e2/ResourceGroups/APP-PROD", "", &["resource", "group"]),
        (&storage_account(0), "", &["resource"]),
        (ROOT, "", &["root"]),
        (LANDING, "?$top=3", &["tags", "resource", "group"]),
        (LANDING, "?$top=0", &[]),
        (LANDING, by_tls.as_str(), &["resource", "group", "sub"]),
        (LANDING, by_both.as_str(), &["tags"]),
    ] {
        let found = pages(&local, "GET", &format!("{scope}{INSIGHTS}/remediations{query}")).await;
        let names: Vec<&str> = found.iter().filter_map(|task| task["name"].as_str()).collect();
        assert_eq!(names, expected, "{scope} {query}");
    }
    for query in
        ["$filter=name%20eq%20'x'", "$filter=PolicyAssignmentId%20ne%20'x'", "$filter=(", "$top=x", "$skiptoken=x"]
    {
        assert_eq!(local.get(&format!("{LANDING}{INSIGHTS}/remediations?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_hold_together_while_tasks_are_opened() {
    let local = with_tasks(2).await;
    let path = format!("{LANDING}{INSIGHTS}/remediations");
    let first = local.get(&path).await;
    let next = first.body["nextLink"].as_str().expect("more").replacen(&format!("https://{}", local.host), "", 1);
    local.put(&format!("{path}/new"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    let second = local.get(&next).await;
    let names = |answer: &Answer| answer.values().iter().map(|task| task["name"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&first), names(&second)),
        (vec![json!("tags"), json!("resource")], vec![json!("group"), json!("sub")])
    );
}

#[tokio::test]
async fn deployments_come_in_pages() {
    let local = with_tasks(3).await;
    let path = format!("{LANDING}{INSIGHTS}/remediations/sub/listDeployments");
    let all = pages(&local, "POST", &path).await;
    assert_eq!(all.len(), 8);
    assert_eq!(pages(&local, "POST", &format!("{path}?$top=5")).await, all[..5]);
}
