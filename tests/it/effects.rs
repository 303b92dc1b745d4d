//! What a policy state says of the effect counts, whatever the definition has under the assignment.

use simulator::Service;
use simulator::estate::{ComplianceState, RecordKey};
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, account, assignment, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_later_state_with_another_effect_wins_and_that_is_told_once() {
    let later = |place| record(0, place, "Tag").in_state(ComplianceState::Compliant);
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(later(1)).with_record(later(2));
    let first = events(&estate).remove(0);
    let stage = Stage::with(estate, &[("FACTS_TTL", "60s")]).await;
    stage.deliver(vec![first]).await;
    until("the first is fixed", || stage.count("fixed") == 1).await;
    let audit =
        Kind::Replace { from: r#""policyDefinitionAction":"modify""#, to: r#""policyDefinitionAction":"audit""# };
    let rule = Rule::new("states", Service::ResourceManager, Which::Always, audit);
    stage.azure.faults().add(rule.path_contains("/policyStates/"));
    for place in [1, 2] {
        let key = RecordKey::new(account(0, place), assignment(0, "Tag"), None);
        let found = stage.manager.evaluation_finds(&key, ComplianceState::NonCompliant).unwrap();
        stage.deliver(vec![found.event_grid()]).await;
    }
    until("both are skipped", || stage.count("skipped") == 2).await;
    let told = stage.told("effect_differs", 1).await;
    assert_eq!((&told[0]["found"], &told[0]["expected"]), (&"audit".into(), &"deployIfNotExists or modify".into()));
    assert_eq!(stage.manager.tasks().len(), 1);
    stage.at_rest().await;
}
