//! What stands in host.json may not count, what stands in a `function.json` does: both say the same of batches. No trigger stands
//! on a dead-letter queue: one that fails there is called again and again without a limit.

use std::fs;
use std::path::Path;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The triggers of all functions, by their folder's name.
fn triggers() -> Vec<(String, Value)> {
    let folders = fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().path());
    folders
        .map(|folder| {
            let bindings = read(&folder.join("function.json"))["bindings"].as_array().unwrap().clone();
            let trigger = bindings.into_iter().find(|b| b["type"].as_str().unwrap().ends_with("Trigger")).unwrap();
            (folder.file_name().unwrap().to_str().unwrap().to_owned(), trigger)
        })
        .collect()
}

#[test]
fn every_service_bus_trigger_says_of_batches_what_host_json_says() {
    let host = read(&root().join("host.json"))["extensions"]["serviceBus"].as_object().unwrap().clone();
    assert_eq!(host.keys().collect::<Vec<_>>(), ["maxMessageBatchSize", "autoCompleteMessages"]);
    let on_queues: Vec<_> =
        triggers().into_iter().filter(|(_, trigger)| trigger["type"] == "serviceBusTrigger").collect();
    assert!(on_queues.len() >= 2, "{on_queues:?}");
    for (function, trigger) in on_queues {
        for (name, value) in &host {
            assert_eq!(&trigger[name], value, "{function}: {name}");
        }
    }
}

#[test]
fn no_trigger_stands_on_a_dead_letter_queue_and_recover_comes_every_five_minutes() {
    for (function, trigger) in triggers() {
        let queue = trigger["queueName"].as_str().unwrap_or_default().to_lowercase();
        assert!(!queue.contains("deadletter"), "{function}: {queue}");
        if function == "recover" {
            assert_eq!((&trigger["type"], &trigger["schedule"]), (&"timerTrigger".into(), &"0 */5 * * * *".into()));
        }
    }
}
