//! `demo --scenario` in a person's hands: the example of the document, changed as a person would.

use serde_json::Value;
use tokio::process::Command;

use crate::stage::PATIENCE;

/// An example of docs/scenarios.md, from 0.
fn nth_example(place: usize) -> String {
    let document = include_str!("../../docs/scenarios.md");
    let rest = document.split("```json\n").nth(place + 1).expect("there is such an example");
    rest.split_once("```").expect("it ends").0.to_owned()
}

/// The whole one.
fn example() -> String {
    nth_example(0)
}

/// The whole one with fields added.
fn example_with(more: &str) -> String {
    let mut whole: Value = serde_json::from_str(&example()).unwrap();
    let more: Value = serde_json::from_str(more).unwrap();
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    whole.to_string()
}

/// The verdict about something in a report.
fn verdict<'a>(report: &'a Value, what: &str) -> &'a Value {
    let mut all = report["verdicts"].as_array().unwrap().iter();
    all.find(|one| one["what"] == what).unwrap_or_else(|| panic!("nothing about '{what}': {report}"))
}

/// What the command ends with, prints and complains of.
async fn demo(text: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.json");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["demo", "--scenario"]).arg(&file).args(more).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_document_ends_as_it_says() {
    let (code, printed, complaints) = demo(&example(), &["--json"]).await;
    assert_eq!(code, Some(0), "{printed}{complaints}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    let verdicts = report["verdicts"].as_array().unwrap();
    // Four expectations, one answer, and that no two tasks met.
    assert_eq!(verdicts.len(), 6, "{report}");
    assert!(verdicts.iter().all(|verdict| verdict["holds"] == true), "{report}");
    assert_eq!((&report["fixed"], &report["timedOut"]), (&1.into(), &false.into()), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_otherwise_than_expected_is_told_and_ends_with_3() {
    let text = example().replace("\"atMost\": 4", "\"atMost\": 0").replace("\"/policyAssignments?\"", "\"/nowhere\"");
    let (code, printed, complaints) = demo(&text, &[]).await;
    assert_eq!(code, Some(3), "{printed}{complaints}");
    let wrong: Vec<&str> = printed.lines().filter(|line| line.starts_with("WRONG")).collect();
    assert_eq!(wrong.len(), 2, "{printed}");
    assert!(wrong[0].contains("at most 0 tasks"), "{printed}");
    assert!(wrong[1].contains("the answer 'GET /nowhere' is given"), "{printed}");
    assert!(printed.contains("remediation tasks opened"), "the report of the demo comes first: {printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typo_names_the_file_and_the_place() {
    let (code, printed, complaints) = demo(&example().replacen("\"count\"", "\"cuont\"", 1), &[]).await;
    assert_eq!((code, printed.as_str()), (Some(1), ""), "{complaints}");
    for words in ["mine.json", "`cuont`", "`count`", "line 8"] {
        assert!(complaints.contains(words), "{complaints}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_later_ends_as_the_document_says() {
    let (code, printed, complaints) = demo(&example_with(&nth_example(1)), &["--json"]).await;
    assert_eq!(code, Some(0), "{printed}{complaints}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    for step in ["step 1: register Microsoft.PolicyInsights", "step 2: fire sweep"] {
        assert_eq!(verdict(&report, step)["holds"], true, "{report}");
    }
    assert_eq!(report["fixed"], 1, "only what was registered in time can be fixed: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_finds_nothing_to_do_fails_and_says_what_it_found() {
    let step = r#"{ "later": [{ "do": [{ "register": "Microsoft.PolicyInsights" }] }] }"#;
    let (code, printed, complaints) = demo(&example_with(step), &["--json"]).await;
    assert_eq!(code, Some(3), "{printed}{complaints}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    let told = verdict(&report, "step 1: register Microsoft.PolicyInsights");
    assert_eq!(
        (&told["holds"], &told["found"]),
        (&false.into(), &"every subscription has registered it".into()),
        "{report}"
    );
}
