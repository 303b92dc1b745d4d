//! Management groups over the wire: what is above, what is below, page by page.

use super::local::{INSIGHTS, LANDING, Local, ROOT, SHARED, start, tempo};
use crate::{estate::sample, resource_manager::PageSizes};
use serde_json::{Value, json};

const TENANT: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";

fn names(rows: &Value) -> Vec<&str> {
    rows.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(|one| one["name"].as_str()).collect()
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

#[tokio::test]
async fn descendants_are_nested_and_come_in_pages() {
    let mut estate = sample(start());
    for number in 0..7 {
        estate =
            estate.with_subscription(&format!("00000000-0000-4000-8000-{number:012}"), "One", Some("contoso-landing"));
    }
    let pages = PageSizes { other: 4, ..PageSizes::default() };
    let local = Local::start(estate, tempo(), |manager| manager.with_page_sizes(pages)).await;
    for (option, first) in [("", 4), ("?$top=3", 3), ("?$top=99", 4)] {
        let mut answer = local.get(&format!("{ROOT}/descendants{option}")).await;
        assert_eq!(answer.values().len(), first, "{option}");
        let mut found: Vec<Value> = Vec::new();
        loop {
            found.extend(answer.values().iter().cloned());
            let Some(next) = answer.body["nextLink"].as_str() else { break };
            assert!(next.contains("$skiptoken=") && !next.contains("$top"), "{next}");
            answer = local.get(next.strip_prefix(&format!("https://{}", local.host)).expect("absolute")).await;
        }
        let kind = |wanted: &str| found.iter().filter(|one| one["type"] == wanted).count();
        assert_eq!(kind("Microsoft.Management/managementGroups"), 1, "{option}");
        assert_eq!(kind("Microsoft.Management/managementGroups/subscriptions"), 9, "{option}");
        let of = |path: &str| found.iter().find(|one| one["id"] == path).expect("it is there");
        let parent = |path: &str| of(path)["properties"]["parent"]["id"].as_str().map(id).map(str::to_owned);
        assert_eq!((parent(LANDING).as_deref(), parent(SHARED).as_deref()), (Some("contoso-landing"), Some("contoso")));
    }
    // As the specification says: `$top` wins over the token.
    let first = local.get(&format!("{ROOT}/descendants?$top=3")).await;
    let next = first.body["nextLink"].as_str().and_then(|next| next.split_once("$skiptoken=")).expect("more").1;
    let again = local.get(&format!("{ROOT}/descendants?$top=3&$skiptoken={next}")).await;
    assert_eq!(again.values(), first.values());
    let none = local.get("/providers/Microsoft.Management/managementGroups/none/descendants").await;
    assert_eq!(none.error(), (404, "NotFound"));
}

#[tokio::test]
async fn what_is_above_is_told_everywhere_alike() {
    let local = Local::sample().await;
    let landing = "/providers/Microsoft.Management/managementGroups/contoso-landing";
    let states = format!("{LANDING}{INSIGHTS}/policyStates/latest/queryResults?$top=1");
    let told = local.post(&states).await.values()[0]["managementGroupIds"].as_str().map(str::to_owned);
    assert_eq!(told, Some(format!("contoso-landing,contoso,{TENANT}")));
    let chain = local.get(&format!("{landing}?$expand=ancestors")).await.body;
    let details = &chain["properties"]["details"];
    assert_eq!(names(&details["managementGroupAncestorsChain"]), ["contoso", TENANT]);
    assert_eq!(details["parent"]["name"], "contoso");
    let path = local.get(&format!("{landing}?$expand=path")).await.body;
    assert_eq!(names(&path["properties"]["details"]["path"]), [TENANT, "contoso"]);
    assert_eq!(local.get(ROOT).await.body["properties"]["details"]["parent"]["name"], TENANT);
    let one = local.get(&format!("{landing}/subscriptions/{}", id(LANDING))).await;
    assert_eq!((one.status, &one.body["properties"]["parent"]["id"]), (200, &json!(landing)));
    assert_eq!(local.get(&format!("{landing}/subscriptions/{}", id(SHARED))).await.status, 404);
    let all = local.get(&format!("{ROOT}/subscriptions")).await;
    assert_eq!(names(&all.body["value"]), [id(SHARED)]);
    let groups = local
        .get(&format!("{ROOT}?$expand=children&$recurse=true&$filter=children.childType%20ne%20Subscription"))
        .await;
    assert_eq!(names(&groups.body["properties"]["children"]), ["contoso-landing"]);
    for option in ["$expand=banana", "$recurse=true", "$expand=children&$filter=name%20eq%20'x'"] {
        assert_eq!(local.get(&format!("{ROOT}?{option}")).await.status, 400, "{option}");
    }
}
