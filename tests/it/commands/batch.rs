//! A batch run is begun, watched and told of from the command line.

use serde_json::json;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::commands::run_on;
use crate::stage::{GROUP, Stage, account, assignment, land, record, subscription};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_put_on_the_queue_watched_to_its_end_and_told_of_afterwards() {
    let estate = (0..4).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let stage = Stage::start(estate).await;
    let scope = format!("/subscriptions/{}", subscription(0));
    let dry = run_on(&stage, &["run", "--scope", &scope, "--run-id", "Dry", "--dry-run", "--watch", "--json"]).await;
    assert_eq!(dry.code, Some(0), "{} {}", dry.stdout, dry.stderr);
    assert_eq!((&dry.json()["runId"], &dry.json()["run"]["totals"]["resources"]), (&json!("dry"), &json!(4)));
    assert_eq!(stage.documents().len(), 0, "it only reports");

    let run =
        run_on(&stage, &["run", "--scope", &scope, "--run-id", "night", "--resource-count", "3", "--watch"]).await;
    assert_eq!(run.code, Some(0), "{} {}", run.stdout, run.stderr);
    for words in [
        "Run night goes over /subscriptions/",
        "it found 4 resources that do not comply",
        "3 resources of a target at most",
    ] {
        assert!(run.stdout.contains(words), "{words} is missing in {}", run.stdout);
    }
    stage.settled(3).await;
    assert!(
        stage.complies(&assignment(0, "Tag"), &account(0, 0)) || stage.complies(&assignment(0, "Tag"), &account(0, 1))
    );

    let listed = run_on(&stage, &["runs", "list", "--json"]).await.json();
    assert_eq!(listed["count"], 2, "{listed}");
    let table = run_on(&stage, &["runs", "list"]).await;
    assert!(
        table.code == Some(0) && table.stdout.contains("night") && table.stdout.contains("done, dry"),
        "{}",
        table.stdout
    );
    let shown = run_on(&stage, &["runs", "show", "night"]).await;
    assert!(shown.code == Some(0) && shown.stdout.contains("It ended at"), "{}", shown.stdout);

    let again = run_on(&stage, &["run", "--scope", &scope, "--run-id", "Dry", "--dry-run"]).await;
    assert!(again.code == Some(0) && again.stdout.contains("It ended at"), "it is not begun again: {}", again.stdout);

    let other = run_on(&stage, &["run", "--scope", &scope, "--run-id", "night"]).await;
    assert!(other.code == Some(1) && other.stderr.contains("asked for something else"), "{}", other.stderr);
    let wrong = run_on(&stage, &["run", "--scope", &scope, "--resource-count", "0"]).await;
    assert!(wrong.code == Some(1) && wrong.stderr.contains("resourceCount"), "{}", wrong.stderr);
    assert_eq!(run_on(&stage, &["run", "--scope", "corp"]).await.code, Some(2));
    assert_eq!(run_on(&stage, &["runs", "show", "morning"]).await.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_a_run_that_takes_longer_is_told_that_it_goes_on() {
    let stage = Stage::start(land(1).with_record(record(0, 0, "Tag"))).await;
    let busy = Rule::new("busy", Service::ResourceManager, Which::Always, Kind::Throttle { retry_after: 600 });
    stage.azure.faults().add(busy.path_contains("/policyStates/"));
    let scope = format!("/subscriptions/{}", subscription(0));
    let begin = ["run", "--scope", &scope, "--run-id", "long"];
    assert_eq!(run_on(&stage, &begin).await.code, Some(0));
    stage.told("run_rests", 1).await;
    let watched = run_on(&stage, &[&begin[..], &["--watch", "--patience", "1"]].concat()).await;
    assert!(watched.code == Some(3) && watched.stdout.contains("Run long goes over"), "{watched:?}");
    assert!(!watched.stdout.contains("It ended"), "{watched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_deployment_are_enough_for_a_run_over_a_management_group() {
    let estate = (0..2).fold(land(2), |estate, number| estate.with_record(record(number, 0, "Tag")));
    let stage = Stage::with_rights(estate, &[]).await;
    let run = run_on(&stage, &["run", "--scope", GROUP, "--run-id", "all", "--watch", "--json"]).await;
    assert_eq!(run.code, Some(0), "{} {}", run.stdout, run.stderr);
    let totals = &run.json()["run"]["totals"];
    assert_eq!((&totals["resources"], &totals["sent"]), (&json!(2), &json!(2)), "{totals}");
    stage.settled(2).await;
    assert_eq!((stage.count("fixed"), stage.manager.refused_calls().len()), (2, 0));
    stage.at_rest().await;
}
