//! Versions: what a pin runs, how it is shown, and the lists of them.

use super::*;
use crate::{
    estate::{Assignment, Definition, Initiative},
    rights::{Access, RoleAssignment},
};
use serde_json::json;

/// A built-in definition that was a modify and audits now, in an initiative whose reference was renamed.
fn estate() -> Estate {
    let single = format!("{AUTHORIZATION}/policyDefinitions/built-in");
    let old = Definition::new(single.as_str(), "Modify").with_literal_effect("modify").with_version("1.2.0");
    let new =
        Definition::new(single.as_str(), "Audit").with_literal_effect("audit").with_version("2.0.0").with_older(old);
    let set = format!("{AUTHORIZATION}/policySetDefinitions/set");
    let older = Initiative::new(set.as_str()).with_version("1.4.0").with_member("old", single.as_str()).pinned("1.*.*");
    let initiative =
        Initiative::new(set.as_str()).with_version("2.0.0").with_member("new", single.as_str()).with_older(older);
    land()
        .with_assignment(Assignment::new(SUBSCRIPTION, "pinned", set.as_str()).pinned("1.*.*"))
        .with_assignment(Assignment::new(SUBSCRIPTION, "newest", set.as_str()))
        .with_definition(new)
        .with_initiative(initiative)
        .with_access(Access::enforced().with_grant(RoleAssignment::new(SUBSCRIPTION, READER, WORKER)))
}

#[test]
fn a_pin_runs_the_effect_and_the_references_of_its_version() {
    let estate = estate();
    let assignment = |name: &str| estate.assignments.iter().find(|one| one.id.name() == name).expect("it");
    for (name, reference, effect) in [
        ("pinned", "old", Some("modify")),
        ("pinned", "new", None),
        ("newest", "new", Some("audit")),
        ("newest", "old", None),
    ] {
        let found = estate.effective_effect(assignment(name), Some(reference), None);
        assert_eq!(found.as_deref(), effect, "{name} {reference}");
    }
}

#[tokio::test]
async fn expand_tells_the_effective_and_the_latest_version() {
    let local = Guarded::start(estate()).await;
    let expand = "$expand=LatestDefinitionVersion,%20EffectiveDefinitionVersion";
    let list = format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments");
    let versions = |one: &Value| {
        let text = |name: &str| one["properties"][name].as_str().map(str::to_owned);
        (text("definitionVersion"), text("effectiveDefinitionVersion"), text("latestDefinitionVersion"))
    };
    let some = |text: &str| Some(text.to_owned());
    let expanded = local.get(&worker(), &format!("{list}?{expand}")).await;
    assert_eq!(versions(&expanded.values()[0]), (some("1.*.*"), some("1.4.0"), some("2.0.0")));
    assert_eq!(versions(&expanded.values()[1]), (some("2.*.*"), some("2.0.0"), some("2.0.0")));
    assert_eq!(versions(&local.get(&worker(), &list).await.values()[0]), (some("1.*.*"), None, None));
    let one = local.get(&worker(), &format!("{list}/pinned?$expand=EffectiveDefinitionVersion")).await;
    assert_eq!(versions(&one.body), (some("1.*.*"), some("1.4.0"), None));
    let set = format!("{AUTHORIZATION}/policySetDefinitions/set");
    let shown = local.get(&worker(), &format!("{set}?{expand}")).await.body;
    assert_eq!(shown["properties"]["versions"], json!(["1.4.0", "2.0.0"]));
    assert_eq!(shown["properties"]["policyDefinitions"][0]["effectiveDefinitionVersion"], "2.0.0");
    let wrong = local.get(&worker(), &format!("{list}?$expand=Banana")).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn versions_are_listed_and_read_by_number() {
    let local = Guarded::start(estate()).await;
    let set = format!("{AUTHORIZATION}/policySetDefinitions/set/versions");
    let names = |answer: &Answer| -> Vec<String> {
        answer.values().iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&local.get(&worker(), &set).await), ["1.4.0", "2.0.0"]);
    assert_eq!(names(&local.get(&worker(), &format!("{set}?$top=1")).await), ["1.4.0"]);
    let old = local.get(&worker(), &format!("{set}/1.4.0?$expand=EffectiveDefinitionVersion")).await.body;
    assert_eq!(old["type"], "Microsoft.Authorization/policySetDefinitions/versions");
    assert_eq!(old["id"], format!("{set}/1.4.0"));
    let member = &old["properties"]["policyDefinitions"][0];
    assert_eq!(
        (&member["policyDefinitionReferenceId"], &member["definitionVersion"]),
        (&json!("old"), &json!("1.*.*"))
    );
    assert_eq!(member["effectiveDefinitionVersion"], "1.2.0");
    let single = format!("{AUTHORIZATION}/policyDefinitions/built-in/versions");
    let old = local.get(&worker(), &format!("{single}/1.2.0")).await.body;
    assert_eq!(old["properties"]["policyRule"]["then"]["effect"], "modify");
    assert_eq!(local.get(&worker(), &format!("{single}/1.*.*")).await.status, 404, "a pin is no version");
    assert_eq!(local.get(&worker(), &format!("{SUBSCRIPTION}{single}")).await.values().len(), 2);
}
