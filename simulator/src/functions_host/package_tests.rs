//! Packages on disk, good and bad.

use super::*;

const HOST: &str = r#"{"version":"2.0","functionTimeout":"00:04:00",
    "customHandler":{"description":{"defaultExecutablePath":"handler","arguments":["serve"]}},
    "extensions":{"serviceBus":{"maxMessageBatchSize":256,"autoCompleteMessages":true}}}"#;

fn package(host: &str, functions: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("host.json"), host).unwrap();
    for (name, text) in functions {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("function.json"), format!(r#"{{"bindings":[{text}]}}"#)).unwrap();
    }
    root
}

fn settings() -> BTreeMap<String, String> {
    [("SWEEP_SCHEDULE", "0 */15 * * * *"), ("AzureFunctionsJobHost__functionTimeout", "00:00:01.5")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn a_package_is_read_with_its_settings_filled_in() {
    let root = package(
        HOST,
        &[
            (
                "collect",
                r#"{"type":"serviceBusTrigger","name":"m","queueName":"noncompliant-resources","connection":"ServiceBus","cardinality":"many","dataType":"string","direction":"in","maxMessageBatchSize":2}"#,
            ),
            (
                "recover",
                r#"{"type":"serviceBusTrigger","name":"m","queueName":"noncompliant-resources/$DeadLetterQueue","connection":"ServiceBus"}"#,
            ),
            ("receive-event", r#"{"type":"eventGridTrigger","name":"event"}"#),
            ("sweep", r#"{"type":"timerTrigger","name":"timer","schedule":"%sweep_schedule%"}"#),
            (
                "status",
                r#"{"type":"httpTrigger","name":"req","methods":["get"],"authLevel":"function"},{"type":"http","direction":"out","name":"res"}"#,
            ),
        ],
    );
    fs::write(root.path().join("handler"), "").unwrap();
    let package = Package::read(root.path(), &settings()).unwrap();
    assert_eq!(package.executable, root.path().join("handler"));
    assert_eq!(package.arguments, ["serve"]);
    assert_eq!(package.function_timeout, Some(Duration::from_millis(1500)), "app settings go before host.json");
    let names: Vec<&str> = package.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["collect", "receive-event", "recover", "status", "sweep"]);
    assert!(matches!(
        &package.functions[0].trigger,
        Trigger::ServiceBus { many: true, data_type: DataType::Text, batch_size: 2, completes: true, .. }
    ));
    assert!(
        matches!(&package.functions[2].trigger, Trigger::ServiceBus { entity, many: false, .. } if entity.is_dead_letter())
    );
    assert!(matches!(&package.functions[3].trigger, Trigger::Http { only_http: true, route, .. } if route == "status"));
}

#[test]
fn what_a_trigger_says_of_batches_counts_and_what_host_json_says_does_not() {
    let bus = |more: &str| {
        format!(
            r#"{{"type":"serviceBusTrigger","name":"m","queueName":"q","connection":"ServiceBus","unheardOf":1{more}}}"#
        )
    };
    let host = HOST.replace("\"autoCompleteMessages\":true", "\"autoCompleteMessages\":false,\"unheardOf\":[]");
    let own = bus(r#","maxMessageBatchSize":7,"autoCompleteMessages":false"#);
    let root = package(&host, &[("own", &own), ("silent", &bus(""))]);
    let functions = Package::read(root.path(), &settings()).unwrap().functions;
    let of = |function: &Function| match function.trigger {
        Trigger::ServiceBus { batch_size, completes, .. } => (batch_size, completes),
        _ => panic!("{function:?}"),
    };
    assert_eq!(functions.iter().map(of).collect::<Vec<_>>(), [(7, false), (1000, true)]);
}

#[test]
fn what_cannot_be_served_is_named_by_file_and_field() {
    let cases = [
        (r#"{"type":"queueTrigger","name":"q"}"#, "bindings[0].type"),
        (r#"{"type":"eventGridTrigger"}"#, "bindings[0].name"),
        (r#"{"type":"eventGridTrigger","name":"e","cardinality":"several"}"#, "bindings[0].cardinality"),
        (r#"{"type":"timerTrigger","name":"t","schedule":"%NOWHERE%"}"#, "bindings[0].schedule"),
        (r#"{"type":"timerTrigger","name":"t","schedule":"every day"}"#, "bindings[0].schedule"),
        (
            r#"{"type":"http","name":"r"},{"type":"serviceBusTrigger","name":"m","connection":"C"}"#,
            "bindings[1].queueName",
        ),
        (r#"{"type":"serviceBusTrigger","name":"m","queueName":"q"}"#, "bindings[0].connection"),
        (
            r#"{"type":"serviceBusTrigger","name":"m","queueName":"q","connection":"C","isSessionsEnabled":true}"#,
            "bindings[0].isSessionsEnabled",
        ),
        (r#"{"type":"http","name":"r"}"#, "bindings"),
    ];
    for (bindings, field) in cases {
        let root = package(HOST, &[("f", bindings)]);
        let error = Package::read(root.path(), &settings()).unwrap_err();
        assert_eq!(
            (error.field.as_str(), error.file),
            (field, root.path().join("f").join("function.json")),
            "{bindings}"
        );
    }
    for (host, field) in [
        ("{", "the file"),
        (r#"{"version":"1.0"}"#, "version"),
        (r#"{"version":"2.0"}"#, "customHandler.description.defaultExecutablePath"),
        (&HOST.replace("256", "0"), "extensions.serviceBus.maxMessageBatchSize"),
        (HOST, "functions"),
    ] {
        let root = package(host, &[]);
        assert!(Package::read(root.path(), &settings()).unwrap_err().to_string().contains(field), "{field}");
    }
}
