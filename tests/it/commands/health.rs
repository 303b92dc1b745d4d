//! `doctor` finds what is wrong with an installation, and says how to fix it.

use policy_remediator::functions::FUNCTIONS;
use serde_json::{Value, json};
use simulator::resource_manager::{FunctionApp, Listener, ShownFunction, SystemTopic};

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
        "the topics of 1 subscription cannot be seen",
        "the function app is not known",
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
        ("storage", "container rejected holds 1 item"),
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

const GROUP: &str = "/subscriptions/35ee058e-5fa0-414c-8145-000000000000/resourceGroups/remediator";

/// A topic of the first subscription, with listeners of these types, made or not.
fn topic(listeners: &[(&str, bool)]) -> SystemTopic {
    let queue = format!("{GROUP}/providers/Microsoft.ServiceBus/namespaces/bus/queues/policy-events");
    let listener = |(kind, is_made): &(&str, bool)| Listener {
        name: format!("evgs-{kind}"),
        destination: queue.clone(),
        types: vec![format!("Microsoft.PolicyInsights.{kind}")],
        dead_letters: Some(format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/st")),
        is_made: *is_made,
    };
    SystemTopic {
        id: format!("{GROUP}/providers/Microsoft.EventGrid/systemTopics/states"),
        source: format!("/subscriptions/{}", crate::stage::subscription(0)),
        listeners: listeners.iter().map(listener).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_brings_no_events_and_what_does_not_run_is_found() {
    let stage = Stage::with(land(2), &[]).await;
    let app = format!("{GROUP}/providers/Microsoft.Web/sites/app");
    let namespace = format!("{GROUP}/providers/Microsoft.ServiceBus/namespaces/bus");
    stage.manager.shows_queues(&namespace, stage.azure.broker());
    let [first, second] = [0, 1].map(crate::stage::subscription);
    let command = [
        "doctor",
        "--json",
        "--app",
        app.as_str(),
        "--subscription",
        first.as_str(),
        "--subscription",
        second.as_str(),
    ];
    let settings = [("SERVICEBUS_RESOURCE_ID", namespace.as_str())];
    let platform = |ended: &Ended| -> Vec<(String, String)> {
        bad(ended).into_iter().filter(|(check, _)| check == "functions" || check == "events").collect()
    };
    let found = platform(&run_with(&stage, &command, &settings).await);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].1.contains("cannot be listed") && found[1].1.contains("of 2 subscriptions"), "{found:#?}");

    let function = |name: &&str| ShownFunction {
        name: (*name).to_owned(),
        is_disabled: *name == "sweep",
        errors: if *name == "collect" { vec!["the queue is not there".to_owned()] } else { Vec::new() },
    };
    let functions = FUNCTIONS.iter().filter(|name| **name != "recover").map(function).collect();
    stage.manager.shows_app(FunctionApp { id: app.clone(), functions, errors: vec!["no storage".to_owned()] });
    stage.manager.shows_topics(vec![topic(&[("PolicyStateCreated", false)])]);
    let found = platform(&run_with(&stage, &command, &settings).await);
    for (check, words) in [
        ("functions", "lacks the functions recover"),
        ("functions", "switched off are the functions sweep"),
        ("functions", "the host of the app is Error: no storage"),
        ("functions", "function collect is in error: the queue is not there"),
        ("events", "not in order are the event subscriptions evgs-PolicyStateCreated"),
        ("events", "PolicyStateCreated or PolicyStateChanged does not come"),
        ("events", second.as_str()),
    ] {
        assert!(found.iter().any(|(of, what)| of == check && what.contains(words)), "{words}: {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");

    let functions =
        FUNCTIONS.iter().map(|name| ShownFunction { name: (*name).to_owned(), is_disabled: false, errors: Vec::new() });
    stage.manager.shows_app(FunctionApp { id: app.clone(), functions: functions.collect(), errors: Vec::new() });
    let whole = ["PolicyStateCreated", "PolicyStateChanged", "PolicyStateDeleted"].map(|kind| (kind, true));
    stage.manager.shows_topics(vec![topic(&whole)]);
    let scanned = format!("/subscriptions/{second}");
    let settings = [settings[0], ("SWEEP_SCOPES", scanned.as_str())];
    let healthy = run_with(&stage, &command, &settings).await;
    assert_eq!(platform(&healthy), [], "{}", healthy.stdout);
    let group = "/providers/Microsoft.Management/managementGroups/other";
    let noted = run_with(&stage, &command, &[settings[0], ("SWEEP_SCOPES", group)]).await;
    assert_eq!(platform(&noted), [], "{}", noted.stdout);
    assert!(noted.stdout.contains(&format!("{second}; nothing comes from there unless")), "{}", noted.stdout);
    for words in ["3 event subscriptions send the events of", "the app has all 7 functions, and its host runs"] {
        assert!(healthy.stdout.contains(words), "{words}: {}", healthy.stdout);
    }
}
