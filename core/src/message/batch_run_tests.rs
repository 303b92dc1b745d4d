use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/Corp";

fn whole() -> Value {
    json!({
        "version": 1, "runId": "Nightly-2026.11", "scopes": [GROUP, SUB, format!("{SUB}/resourceGroups/rg")],
        "assignments": ["tag-*", format!("{GROUP}/providers/Microsoft.Authorization/policyAssignments/base")],
        "references": ["Inherit Tag"], "locations": ["West Europe"], "resourceCount": 1_000, "parallelDeployments": 5,
        "failureThreshold": 0.25, "discovery": "policyStates", "dryRun": true,
    })
}

fn read(message: &Value) -> Result<BatchRun, String> {
    match BatchMessage::read(&message.to_string()) {
        Ok(BatchMessage::Run(run)) => Ok(*run),
        Ok(BatchMessage::Continuation(_)) => panic!("it begins a run"),
        Err(unreadable) => Err(unreadable.to_string()),
    }
}

#[test]
fn a_message_survives_its_own_form_and_is_about_what_it_names() {
    let run = read(&whole()).unwrap();
    assert_eq!(run.run_id.as_str(), "nightly-2026.11");
    assert_eq!(run.scopes.iter().map(RunScope::as_str).collect::<Vec<_>>(), [fold(GROUP).as_str(), SUB], "{run:?}");
    let again = serde_json::to_value(&run).unwrap();
    assert_eq!(read(&again).unwrap(), run);
    let id = |name: &str| format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/{name}").parse().unwrap();
    let reference: ReferenceId = "inherit TAG".parse().unwrap();
    assert!(run.is_about(&id("TAG-a"), Some(&reference)));
    assert!(!run.is_about(&id("TAG-a"), None) && !run.is_about(&id("base"), Some(&reference)));
    let all = read(&json!({"version": 1, "runId": "r", "scopes": [SUB]})).unwrap();
    assert!(all.is_about(&id("x"), None) && all.options.is_default() && !all.dry_run);
    assert_eq!(all, BatchRun::over("R".parse().unwrap(), vec![SUB.parse().unwrap()]));
}

#[test]
fn what_is_wrong_is_told_by_the_name_of_the_member() {
    let many = |text: &str, count: usize| json!(vec![text; count]);
    for (member, value, words) in [
        ("version", json!(2), "version 2"),
        ("version", Value::Null, "version is missing"),
        ("runId", json!(""), "runId: "),
        ("runId", json!("a/b"), "runId: "),
        ("runId", json!("../x"), "runId: "),
        ("runId", json!("Event"), "taken by what events see"),
        ("runId", json!(7), "invalid type"),
        ("scopes", json!([]), "scopes: one is needed"),
        ("scopes", json!([SUB, "/subscriptions/x"]), "scopes[1]: "),
        ("scopes", json!([format!("{SUB}/resourceGroups/a/providers/b/c/d")]), "scopes[0]: "),
        ("scopes", many(SUB, 1_001), "at most 1000"),
        ("assignments", json!(["a'\"b"]), "assignments: "),
        ("assignments", json!(["[a"]), "assignments: "),
        ("assignments", many("a", 101), "at most 100"),
        ("references", json!([" "]), "references[0]: "),
        ("locations", json!(["westeurope", "a' or 1 eq 1"]), "locations[1]: "),
        ("resourceCount", json!(0), "resourceCount: 0"),
        ("resourceCount", json!(50_001), "from 1 to 50000"),
        ("resourceCount", json!(1.5), "invalid type"),
        ("parallelDeployments", json!(31), "from 1 to 30"),
        ("failureThreshold", json!(1.01), "failureThreshold: "),
        ("discovery", json!("guess"), "unknown variant"),
        ("dryRun", json!("yes"), "invalid type"),
        ("scope", json!(SUB), "unknown field `scope`"),
    ] {
        let mut message = whole();
        message[member] = value.clone();
        let words_of = read(&message).unwrap_err();
        assert!(words_of.contains(words), "{member} {value}: {words_of}");
    }
    for broken in ["", "7", "[]", "{", "{}"] {
        assert!(BatchMessage::read(broken).is_err(), "{broken}");
    }
}

#[test]
fn a_continuation_is_told_from_a_beginning() {
    let continuation = Continuation::new("r".parse().unwrap(), 7);
    let body = serde_json::to_string(&continuation).unwrap();
    assert_eq!(BatchMessage::read(&body).unwrap(), BatchMessage::Continuation(continuation));
    let both = json!({"version": 1, "runId": "r", "continues": 1, "scopes": [SUB]});
    assert!(BatchMessage::read(&both.to_string()).is_err());
}

#[test]
fn a_run_that_was_sent_back_is_the_same_run() {
    let run = read(&whole()).unwrap();
    assert!(run.is_same(&run.clone().returned()) && run != run.clone().returned());
    assert!(!run.is_same(&BatchRun { dry_run: false, ..run.clone() }));
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic_and_what_is_read_can_be_written(text in r#"\PC{0,80}"#, number in any::<u32>()) {
        let _ = BatchMessage::read(&text);
        let message = json!({"version": 1, "runId": text, "scopes": [SUB], "resourceCount": number});
        if let Ok(run) = read(&message) {
            prop_assert_eq!(read(&serde_json::to_value(&run).unwrap()).unwrap(), run);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the schema is a file")]
fn the_published_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/batch-run.schema.json");
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Wire)).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "run UPDATE_DOCS=1 cargo test -p remediation schema");
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let named: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    let of_sample: BTreeSet<_> = whole().as_object().unwrap().keys().cloned().chain(["returns".to_owned()]).collect();
    assert_eq!(named, of_sample, "the sample has each member");
    assert_eq!(schema["properties"]["scopes"]["maxItems"], MOST_SCOPES);
    assert_eq!(schema["properties"]["resourceCount"]["maximum"], MOST_RESOURCES);
}
