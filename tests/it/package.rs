//! One truth about the functions: the folders, the routes of the handler, the package that the binary carries, and the
//! values that the host reads. The public schemas are those of schemastore.org (host.json, function.json).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use policy_remediator::functions::FUNCTIONS;

use crate::stage::{Simulation, Stage, land};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The function folders of the repository.
fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("functions")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Every file below a folder except the worker, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(place) = open.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name != "handler") {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folders_are_the_routes_and_every_other_route_is_unknown() {
    let folders = folders();
    assert_eq!(folders, FUNCTIONS.iter().map(|name| (*name).to_owned()).collect());
    let stage = Stage::with(land(1), &[("INVOCATION_BUDGET", "5s")]).await;
    let served: BTreeSet<String> = stage.host().functions().into_iter().collect();
    assert_eq!(served, folders);
    // An empty call is understood or fails with words, but is known. What fails is held; so they are asked at once.
    let stage_of_all = &stage;
    let asked = folders.iter().map(async |name| (name, stage_of_all.ask("POST", &format!("/{name}"), "{}").await.0));
    for (name, status) in futures::future::join_all(asked).await {
        assert_ne!(status, 404, "{name}");
    }
    for unknown in ["/nothing", "/collect/more", "/Collect", "/admin/functions/sweep"] {
        assert_eq!(stage.ask("POST", unknown, "{}").await.0, 404, "{unknown}");
    }
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_that_the_binary_carries_is_the_repositorys() {
    let simulation = Simulation::start().await;
    let mut carried = files(&simulation.package());
    // By its lock the next one knows whether somebody still has the folder.
    assert_eq!(carried.remove(Path::new(".owner")).as_deref(), Some(""));
    let mut expected: BTreeMap<PathBuf, String> = files(&root().join("functions"));
    expected.insert("host.json".into(), fs::read_to_string(root().join("host.json")).unwrap());
    assert_eq!(carried, expected);
    simulation.terminate().await;
}

#[test]
fn the_hosts_values_are_the_fixed_ones() {
    let read = |path: &str| -> Value { serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap() };
    let host = read("host.json");
    assert_eq!(host["extensionBundle"]["id"], "Microsoft.Azure.Functions.ExtensionBundle");
    assert_eq!(host["extensionBundle"]["version"], "[4.*, 5.0.0)");
    let minutes = remediation::settings::FUNCTION_TIMEOUT.as_secs() / 60;
    assert_eq!(host["functionTimeout"], format!("00:{minutes:02}:00"));
    assert_eq!(minutes, 4);
    assert_eq!(host["extensions"]["serviceBus"], json!({ "maxMessageBatchSize": 256, "autoCompleteMessages": true }));
    assert_eq!(host["customHandler"]["description"]["defaultExecutablePath"], "handler");
    assert_eq!(host["customHandler"]["enableForwardingHttpRequest"], Value::Null, "the envelope is wanted");
    let triggers: BTreeMap<String, String> = folders()
        .into_iter()
        .map(|name| {
            let bindings = read(&format!("functions/{name}/function.json"))["bindings"].as_array().unwrap().clone();
            let trigger = bindings.iter().find(|b| b["type"].as_str().unwrap().ends_with("Trigger")).unwrap().clone();
            if trigger["type"] == "serviceBusTrigger" && name != "run-batch" {
                assert_eq!(
                    (&trigger["cardinality"], &trigger["dataType"]),
                    (&json!("many"), &json!("string")),
                    "{name}"
                );
                assert_eq!(trigger["connection"], "ServiceBus");
            }
            let what = trigger["queueName"].as_str().or(trigger["type"].as_str()).unwrap().to_owned();
            (name, what)
        })
        .collect();
    for (name, what) in [
        ("receive-event", "eventGridTrigger"),
        ("collect", "noncompliant-resources"),
        ("remediate", "wake-ups"),
        ("recover", "timerTrigger"),
        ("sweep", "timerTrigger"),
    ] {
        assert_eq!(triggers[name], what);
    }
}

/// The folder of the public schemas; they are not part of the repository.
fn schemas() -> Option<PathBuf> {
    let named = std::env::var_os("POLICY_REMEDIATOR_REFERENCE").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/reference")).join("schemas");
    folder.join("host.schema.json").is_file().then_some(folder)
}

#[test]
fn the_hosts_files_are_valid_against_the_public_schemas() {
    let Some(folder) = schemas() else {
        println!("skipped: no public schemas; set POLICY_REMEDIATOR_REFERENCE to a folder that holds schemas/");
        return;
    };
    let mut compiler = boon::Compiler::new();
    let mut schemas = boon::Schemas::new();
    let mut compile = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        compiler.add_resource(name, serde_json::from_str(&text).unwrap()).unwrap();
        compiler.compile(name, &mut schemas).unwrap()
    };
    let (host, function) = (compile("host.schema.json"), compile("function.schema.json"));
    let check =
        |schema, text: &str| schemas.validate(&serde_json::from_str(text).unwrap(), schema).map_err(|e| e.to_string());
    assert!(check(host, r#"{"version":"2.0","functionTimeout":"four minutes"}"#).is_err(), "the schema does refuse");
    assert_eq!(check(host, &fs::read_to_string(root().join("host.json")).unwrap()), Ok(()));
    for (path, text) in files(&root().join("functions")) {
        assert_eq!(check(function, &text), Ok(()), "{}", path.display());
    }
}
