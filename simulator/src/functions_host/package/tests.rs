//! Packages on disk, good and bad.

use std::collections::BTreeMap;

use super::*;
use crate::functions_host::options::Batches;

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

fn options() -> HostOptions {
    let settings: BTreeMap<String, String> = [
        ("SWEEP_SCHEDULE", "0 */15 * * * *"),
        ("EMPTY", ""),
        ("ARG_VALUE", "from-setting"),
        ("ServiceBus__fullyQualifiedNamespace", "ns.example"),
        ("AzureFunctionsJobHost__functionTimeout", "00:00:01.5"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    HostOptions { settings, ..HostOptions::default() }
}

fn disabling() -> HostOptions {
    HostOptions { function_errors: FunctionErrors::Disable, ..options() }
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
    let package = Package::read(root.path(), &options()).unwrap();
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
fn what_a_trigger_says_of_batches_counts_and_else_it_is_the_extension_or_host_json() {
    let bus = |more: &str| {
        format!(
            r#"{{"type":"serviceBusTrigger","name":"m","queueName":"q","connection":"ServiceBus","unheardOf":1{more}}}"#
        )
    };
    let host = HOST.replace("\"autoCompleteMessages\":true", "\"autoCompleteMessages\":false,\"unheardOf\":[]");
    let own = bus(r#","maxMessageBatchSize":7,"autoCompleteMessages":false"#);
    let root = package(&host, &[("own", &own), ("silent", &bus(""))]);
    let of = |function: &Function| match function.trigger {
        Trigger::ServiceBus { batch_size, completes, .. } => (batch_size, completes),
        _ => panic!("{function:?}"),
    };
    for (batches, silent) in [(Batches::OfTheExtension, (1000, true)), (Batches::OfHostJson, (256, false))] {
        let functions = Package::read(root.path(), &HostOptions { batches, ..options() }).unwrap().functions;
        assert_eq!(functions.iter().map(of).collect::<Vec<_>>(), [(7, false), silent], "{batches:?}");
    }
}

/// The words and the cases are those of the recording `names-and-settings`, the connection's of `servicebus-no-connection`.
#[test]
fn what_is_wrong_with_one_function_leaves_the_others_alone_as_in_azure_or_is_refused() {
    let timer = |schedule: &str| format!(r#"{{"type":"timerTrigger","name":"timer","schedule":"{schedule}"}}"#);
    let (unset, empty, none) = (timer("%NOWHERE%"), timer("%EMPTY%"), timer("every day"));
    let lost = r#"{"type":"serviceBusTrigger","name":"m","queueName":"q","connection":"Elsewhere"}"#;
    let good = r#"{"type":"eventGridTrigger","name":"event"}"#;
    let cases = [
        ("sweep", unset.as_str(), "'%NOWHERE%' does not resolve to a value."),
        (
            "sweep",
            &empty,
            "The schedule expression '' was not recognized as a valid cron expression or timespan string",
        ),
        ("sweep", &none, "The schedule expression 'every day' was not recognized as a valid cron expression"),
        ("sweep", "{", "it is not JSON"),
        ("a.b", good, "'a.b' is not a valid function name."),
        ("1x", good, "'1x' is not a valid function name."),
        ("-x", good, "'-x' is not a valid function name."),
        (
            "collect",
            lost,
            "Service Bus account connection string with name 'Elsewhere' does not exist in the settings.",
        ),
    ];
    for (name, bindings, words) in cases {
        let root = package(HOST, &[("receive-event", good), (name, bindings)]);
        let read = Package::read(root.path(), &disabling()).unwrap();
        let served: Vec<&str> = read.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(served, ["receive-event"], "{name}");
        let [error] = &read.in_error[..] else { panic!("{:?}", read.in_error) };
        assert_eq!(error.function.as_deref(), Some(name));
        assert!(error.problem.contains(words), "{error}");
        let refused = Package::read(root.path(), &options()).unwrap_err().to_string();
        assert!(refused.contains(words) && refused.contains("in Azure the host would start"), "{refused}");
    }
    assert!(Package::read(package(HOST, &[]).path(), &disabling()).unwrap().functions.is_empty());
    for schedule in ["*/15 * * * *", "00:15:00"] {
        let root = package(HOST, &[("sweep", &timer(schedule))]);
        assert_eq!(Package::read(root.path(), &options()).unwrap().functions.len(), 1, "{schedule}");
    }
}

#[test]
fn a_function_is_switched_off_with_points_or_single_underscores() {
    let good = r#"{"type":"eventGridTrigger","name":"event"}"#;
    for (switch, runs) in [
        ("AzureWebJobs.receive-event.Disabled", false),
        ("AzureWebJobs_receive-event_Disabled", false),
        ("AzureWebJobs__receive-event__Disabled", true),
    ] {
        let mut options = disabling();
        options.settings.insert(switch.to_owned(), "true".to_owned());
        let root = package(HOST, &[("receive-event", good)]);
        assert_eq!(!Package::read(root.path(), &options).unwrap().functions.is_empty(), runs, "{switch}");
    }
}

#[test]
fn arguments_are_filled_in_from_the_settings_and_blanks_part_them() {
    let arguments = r#""arguments":["--one","%ARG_VALUE%","a b","%MISSING%"]"#;
    let host = HOST.replace(r#""arguments":["serve"]"#, arguments);
    let root = package(&host, &[("f", r#"{"type":"eventGridTrigger","name":"event"}"#)]);
    assert_eq!(Package::read(root.path(), &options()).unwrap().arguments, ["--one", "from-setting", "a", "b"]);
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
            r#"{"type":"http","name":"r"},{"type":"serviceBusTrigger","name":"m","connection":"ServiceBus"}"#,
            "bindings[1].queueName",
        ),
        (r#"{"type":"serviceBusTrigger","name":"m","queueName":"q"}"#, "bindings[0].connection"),
        (
            r#"{"type":"serviceBusTrigger","name":"m","queueName":"q","connection":"ServiceBus","isSessionsEnabled":true}"#,
            "bindings[0].isSessionsEnabled",
        ),
        (r#"{"type":"http","name":"r"}"#, "bindings"),
    ];
    for (bindings, field) in cases {
        let root = package(HOST, &[("f", bindings)]);
        let error = Package::read(root.path(), &options()).unwrap_err();
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
        assert!(Package::read(root.path(), &options()).unwrap_err().to_string().contains(field), "{field}");
    }
}
