//! The hook after a deployment names the functions that the host does not know, and connects Event Grid where it is asked to. Played
//! with a stand-in for the Azure CLI; without python3 there is nothing to play.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use policy_remediator::functions::FUNCTIONS;

use crate::snapshot::path;

/// The interpreter itself: hooks are run with a path that has nothing but the stand-in.
fn python() -> Option<PathBuf> {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    Some(String::from_utf8(asked.stdout).unwrap().trim().into())
}

/// How the hook ended: whether well, all that it said, and the calls of the CLI.
struct Ended {
    well: bool,
    words: String,
    calls: String,
}

/// Runs the hook. `known` is what the host knows; none where there is no Azure CLI.
fn after_a_deployment(python: &Path, known: Option<&[&str]>, delivery: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    if let Some(known) = known {
        let lines: String = known.iter().map(|name| format!("func-name/{name}\\n")).collect();
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>'{}'\ncase \"$*\" in *'function list'*) printf '{lines}';; esac\n",
            calls.display()
        );
        let az = folder.path().join("az");
        fs::write(&az, script).unwrap();
        fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let topics = r#"["/subscriptions/s/resourceGroups/g/providers/Microsoft.EventGrid/systemTopics/t1","/subscriptions/s/resourceGroups/h/providers/Microsoft.EventGrid/systemTopics/t2"]"#;
    let ran = Command::new(python)
        .arg(path("scripts/azd/postdeploy.py"))
        .env_clear()
        .env("PATH", folder.path())
        .env("AZURE_RESOURCE_GROUP", "rg-name")
        .env("FUNCTION_APP_NAME", "func-name")
        .env("FUNCTION_APP_ID", "/subscriptions/s/resourceGroups/rg-name/providers/Microsoft.Web/sites/func-name")
        .env("STORAGE_ACCOUNT_ID", "/the/storage")
        .env("EVENT_SUBSCRIPTION_TOKEN", "token")
        .env("EVENT_TOPIC_IDS", topics)
        .env("EVENT_DELIVERY", delivery)
        .env("POSTDEPLOY_PATIENCE", "0")
        .output()
        .unwrap();
    let words = String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap();
    Ended { well: ran.status.success(), words, calls: fs::read_to_string(calls).unwrap_or_default() }
}

#[test]
fn each_function_that_the_host_does_not_know_is_named() {
    let Some(python) = python() else { return println!("skipped: no python3") };
    let all = after_a_deployment(&python, Some(&FUNCTIONS), "queue");
    assert!(all.well && all.calls.lines().count() == 1, "{} {}", all.words, all.calls);
    let without = FUNCTIONS.iter().copied().filter(|name| *name != "sweep").collect::<Vec<_>>();
    let less = after_a_deployment(&python, Some(&without), "function");
    assert!(!less.well && less.words.contains("does not know these functions: sweep."), "{}", less.words);
    assert!(!less.calls.contains("deployment"), "nothing is connected with an app that is not whole: {}", less.calls);
}

#[test]
fn events_are_connected_with_the_function_for_each_topic() {
    let Some(python) = python() else { return println!("skipped: no python3") };
    let ended = after_a_deployment(&python, Some(&FUNCTIONS), "function");
    assert!(ended.well, "{}", ended.words);
    let made: Vec<_> = ended.calls.lines().filter(|call| call.starts_with("deployment group create")).collect();
    assert_eq!(made.len(), 2, "{}", ended.calls);
    assert!(made[0].contains("--resource-group g") && made[0].contains("topicName=t1"), "{}", made[0]);
    assert!(made[1].contains("--resource-group h") && made[1].contains("topicName=t2"), "{}", made[1]);
    let template = path("infra/events/event-subscriptions.bicep");
    let parameters = fs::read_to_string(&template).unwrap();
    for call in made {
        assert!(call.contains(&format!("--template-file {}", template.display())), "{call}");
        assert!(call.contains("functionId=/subscriptions/s/resourceGroups/rg-name/providers/Microsoft.Web/sites/func-name/functions/receive-event"), "{call}");
        for (name, _) in call.split("--parameters ").nth(1).unwrap().split(' ').filter_map(|word| word.split_once('='))
        {
            assert!(parameters.contains(&format!("param {name} ")), "the template has no {name}");
        }
    }
}

#[test]
fn without_the_azure_cli_it_says_what_is_not_done() {
    let Some(python) = python() else { return println!("skipped: no python3") };
    let queue = after_a_deployment(&python, None, "queue");
    assert!(queue.well && queue.words.contains("NOT checked"), "{}", queue.words);
    let function = after_a_deployment(&python, None, "function");
    assert!(!function.well && function.words.contains("no event is delivered"), "{}", function.words);
}
