//! `doctor` finds what is wrong with an installation, and says how to fix it.

use serde_json::{Value, json};

use crate::commands::{Ended, run_on, run_with};
use crate::stage::{Stage, event, land, record};

fn bad(doctor: &Ended) -> Vec<(String, String)> {
    let all = doctor.json()["findings"].as_array().unwrap().clone();
    let is_bad = |finding: &&Value| finding["level"] == "warning" || finding["level"] == "error";
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let bad: Vec<_> = all.iter().filter(is_bad).map(|one| (text(one, "check"), text(one, "what"))).collect();
    assert!(all.iter().filter(is_bad).all(|one| one["fix"].is_string()), "each says how to fix it: {all:#?}");
    bad
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_nothing_is_to_be_fixed_and_the_worker_has_its_rights() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let burst = vec![event(&estate, &estate.records[0])];
    let stage = Stage::with_rights(estate, &[]).await;
    stage.deliver(burst).await;
    stage.settled(1).await;
    let doctor = run_on(&stage, &["doctor", "--json", "--package", "."]).await;
    let wrong = bad(&doctor);
    // The sources are no package: its folders lie in `functions/` there.
    assert_eq!((doctor.code, wrong.len()), (Some(3), 1), "{wrong:#?} {}", doctor.stderr);
    assert!(wrong[0].1.contains("lacks the functions receive-event"), "{wrong:?}");
    let healthy = run_on(&stage, &["doctor"]).await;
    assert_eq!(healthy.code, Some(0), "{}", healthy.stdout);
    for words in [
        "asking as",
        "all that the worker asks and does is allowed",
        "queue wake-ups is there",
        "Nothing is to be fixed",
    ] {
        assert!(healthy.stdout.contains(words), "{words} is missing in {}", healthy.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_wrong_is_a_finding() {
    let stage = Stage::with_rights(land(1), &[]).await;
    // The worker's role loses what opens tasks.
    stage.manager.amends(|estate| {
        for permission in estate.access.roles.iter_mut().flat_map(|role| &mut role.permissions) {
            permission.actions.retain(|action| !action.contains("remediations/write"));
        }
    });
    stage.azure.blobs().put("rejected", "collect/x.json", "{}").unwrap();
    let newer = format!("targets/{}/0123456789abcdef0123.json", crate::stage::subscription(0));
    stage.azure.blobs().put_with_metadata("state", &newer, "{}", &[("version", "9")]).unwrap();
    let elsewhere = json!({ "version": 1, "id": "other", "endpoint": "elsewhere.example:443" });
    stage.azure.blobs().put("state", "installation.json", elsewhere.to_string()).unwrap();
    let id = crate::stage::subscription(0);
    let doctor = run_on(&stage, &["doctor", "--json", "--subscription", &id]).await;
    assert_eq!(doctor.code, Some(3), "{}", doctor.stderr);
    let found = bad(&doctor);
    for (check, words) in [
        ("storage", "container rejected holds 1 items"),
        ("installation", "another installation's"),
        ("state", "newer worker"),
        ("rights", "not allowed is Microsoft.PolicyInsights/remediations/write"),
    ] {
        assert!(found.iter().any(|(of, what)| of == check && what.contains(words)), "{check}: {words}: {found:#?}");
    }
    stage.manager.amends(|estate| estate.access.roles.clear());
    let without = bad(&run_on(&stage, &["doctor", "--json", "--subscription", &id]).await);
    assert!(without.iter().any(|(of, what)| of == "rights" && what.contains("cannot be asked")), "{without:#?}");
    let wrong = run_with(&stage, &["doctor", "--json"], &[("MAX_ATTEMPTS", "many")]).await;
    let found = bad(&wrong);
    assert!(wrong.code == Some(3) && found[0].1.contains("MAX_ATTEMPTS"), "{found:?}");
}
