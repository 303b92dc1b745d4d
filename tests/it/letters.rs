//! Letters outside ASCII are letters: guard rails hold for names that have them, references are found, and what is not the same
//! name in Azure is not taken for the same.

use simulator::estate::{ComplianceRecord, Initiative, RecordKey};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, subscription, until};

const BASELINE: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policySetDefinitions/Baseline";

fn store(group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}",
        subscription(0)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_with_other_letters_is_excluded() {
    let group = format!("/subscriptions/{}/resourceGroups/RG-MÜNCHEN", subscription(0));
    let resource = format!("{group}/providers/Microsoft.Storage/storageAccounts/a");
    let key = RecordKey::new(resource.clone(), assignment(0, "Tag"), None);
    let estate = land(1).with_record(ComplianceRecord { key, ..record(0, 0, "Tag") });
    let all = events(&estate);
    let stage = Stage::with(estate, &[("EXCLUDE_SCOPES", &group)]).await;
    stage.deliver(all).await;
    until("it is settled", || stage.entries().len() == 1 && stage.is_settled()).await;
    assert_eq!(stage.entries()[0].2["state"]["reason"], "scopeExcluded", "the excluded group was remediated");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_with_other_letters_is_excluded() {
    let estate = plot(land(1), 0, "Löschen-ÄÖÜ", DEFINITION).with_record(record(0, 0, "Löschen-ÄÖÜ"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("EXCLUDE_ASSIGNMENTS", "Löschen-ÄÖÜ")]).await;
    stage.deliver(all).await;
    until("it is settled", || stage.entries().len() == 1 && stage.is_settled()).await;
    assert_eq!(stage.entries()[0].2["state"]["reason"], "assignmentExcluded", "the excluded assignment was remediated");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_with_other_letters_is_found() {
    let initiative = Initiative::new(BASELINE).with_member("Größe_ÄNDERN", DEFINITION);
    let estate = plot(land(1).with_initiative(initiative), 0, "Baseline", BASELINE);
    let key = RecordKey::new(account(0, 1), assignment(0, "Baseline"), Some("größe_ändern"));
    let estate = estate.with_record(ComplianceRecord { key, ..record(0, 1, "Baseline") });
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(all).await;
    until("it is settled", || stage.entries().len() == 1 && stage.is_settled()).await;
    assert_eq!(stage.entries()[0].2["state"]["is"], "fixed");
    stage.at_rest().await;
}

/// A final sigma is a sigma; a dotted İ, a Kelvin sign and an ß are other letters than those that they look like.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_excluded_is_what_has_the_name_and_nothing_that_looks_like_it() {
    let groups =
        [("RG-ΣΊΣΥΦΟΣ", true), ("rg-strasse", false), ("rg-izmir", false), ("rg-kelvin", false), ("rg-naïve", true)];
    let mut estate = land(1);
    for (group, _) in groups {
        let key = RecordKey::new(store(group, "a"), assignment(0, "Tag"), None);
        estate = estate.with_record(ComplianceRecord { key, ..record(0, 0, "Tag") });
    }
    let all = events(&estate);
    let rails = "*/resourcegroups/rg-σίσυφος, */resourceGroups/rg-straße, */resourceGroups/RG-İZMİR, */resourceGroups/rg-\u{212A}elvin, */resourceGroups/RG-NA?VE/";
    let stage = Stage::with(estate, &[("EXCLUDE_SCOPES", rails)]).await;
    stage.deliver(all).await;
    until("all is settled", || stage.entries().len() == groups.len() && stage.is_settled()).await;
    for (group, is_excluded) in groups {
        let of_group = |id: &str| simulator::estate::is_same(id, &store(group, "a"));
        let entry = stage.entries().into_iter().find(|(_, id, _)| of_group(id)).unwrap().2;
        let expected = if is_excluded { "skipped" } else { "fixed" };
        assert_eq!(entry["state"]["is"], expected, "{group}: {entry:#}");
    }
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_group_is_of_its_type_in_both_spellings() {
    for spelling in ["Microsoft.Resources/subscriptions/resourceGroups", "microsoft.resources/resourcegroups"] {
        let group = format!("/subscriptions/{}/resourceGroups/rg-app", subscription(0));
        let key = RecordKey::new(group, assignment(0, "Tag"), None);
        let estate = land(1).with_record(ComplianceRecord { key, ..record(0, 0, "Tag") });
        let all = events(&estate);
        let stage = Stage::with(estate, &[("EXCLUDE_RESOURCE_TYPES", spelling)]).await;
        stage.deliver(all).await;
        until("it is settled", || stage.entries().len() == 1 && stage.is_settled()).await;
        assert_eq!(stage.entries()[0].2["state"]["reason"], "typeExcluded", "{spelling}");
        assert!(stage.manager.tasks().is_empty());
        stage.at_rest().await;
    }
}
