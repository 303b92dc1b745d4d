//! A function: its folder's name, and what its `function.json` says of its trigger.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{
    BusOptions,
    file::{File, PackageError},
};
use crate::{
    functions_host::{
        options::{Batches, HostOptions},
        schedule::Schedule,
    },
    service_bus::Entity,
};

#[derive(Debug, Clone)]
pub(in super::super) struct Function {
    pub(in super::super) name: String,
    pub(in super::super) binding: String,
    pub(in super::super) trigger: Trigger,
}

#[derive(Debug, Clone)]
pub(in super::super) enum Trigger {
    EventGrid { many: bool },
    ServiceBus { entity: Entity, many: bool, data_type: DataType, batch_size: usize, completes: bool },
    Timer { schedule: Schedule, is_monitored: bool, runs_on_startup: bool },
    Http { route: String, methods: Vec<String>, response: Option<String>, only_http: bool, needs_key: bool },
}

/// How bodies are handed to a Service Bus function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum DataType {
    /// Not said: parsed as JSON for batches, text for one.
    Any,
    Text,
    Binary,
}

/// The extension's own batch size.
const LARGEST_BATCH: usize = 1000;

impl Function {
    /// Reads a function; none when it is disabled.
    pub(super) fn read(folder: &Path, bus: BusOptions, options: &HostOptions) -> Result<Option<Self>, PackageError> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let alone = |error| PackageError { function: Some(name.clone()), ..error };
        let file = File::read(folder.join("function.json")).map_err(alone)?;
        let settings = &options.settings;
        let is_on =
            |switch: String| settings.get(&switch).is_some_and(|on| matches!(on.as_str(), "1" | "true" | "True"));
        let switches = ['.', '_'].map(|between| format!("AzureWebJobs{between}{name}{between}Disabled"));
        if file.flag("disabled")?.unwrap_or(false) || switches.into_iter().any(is_on) {
            return Ok(None);
        }
        if !is_name(&name) {
            return Err(alone(file.error("the folder", &format!("'{name}' is not a valid function name."))));
        }
        if file.root.get("retry").is_some() {
            return Err(file.error("retry", "retries by the host are not served here"));
        }
        let Some(Value::Array(bindings)) = file.root.get("bindings") else {
            return Err(file.error("bindings", "it must be an array of bindings"));
        };
        let kind = |binding: &Value| binding.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let triggers: Vec<usize> = (0..bindings.len())
            .filter(|index| kind(&bindings[*index]).to_ascii_lowercase().ends_with("trigger"))
            .collect();
        let [index] = triggers[..] else {
            return Err(file.error("bindings", &format!("a function has one trigger, not {}", triggers.len())));
        };
        let binding = Binding { file: &file, index, settings };
        let trigger = match kind(&bindings[index]).as_str() {
            "eventGridTrigger" => Trigger::EventGrid { many: binding.is_many()? },
            "serviceBusTrigger" => binding.service_bus(bus, options.batches).map_err(|error| match error {
                Wrong::Here(error) => error,
                Wrong::InAzure(error) => alone(error),
            })?,
            "timerTrigger" => {
                let expression = binding.resolved("schedule").map_err(alone)?;
                let schedule: Schedule = expression.parse().map_err(|problem: String| {
                    let words = format!(
                        "The schedule expression '{expression}' was not recognized as a valid cron expression or timespan \
                         string: {problem}."
                    );
                    alone(file.error(&binding.field("schedule"), &words))
                })?;
                Trigger::Timer {
                    is_monitored: file.flag(&binding.field("useMonitor"))?.unwrap_or(true),
                    runs_on_startup: file.flag(&binding.field("runOnStartup"))?.unwrap_or(false),
                    schedule,
                }
            }
            "httpTrigger" => {
                let outputs = bindings.iter().filter(|binding| kind(binding) == "http");
                let response = outputs.filter_map(|binding| binding.get("name")?.as_str().map(str::to_owned)).next();
                let level = file.text(&binding.field("authLevel"))?;
                Trigger::Http {
                    route: file.text(&binding.field("route"))?.unwrap_or_else(|| name.clone()),
                    methods: file.texts(&binding.field("methods"))?,
                    only_http: bindings.len() == 2 && response.is_some(),
                    response,
                    needs_key: !level.is_some_and(|level| level.eq_ignore_ascii_case("anonymous")),
                }
            }
            other => return Err(file.error(&binding.field("type"), &format!("'{other}' cannot be served here"))),
        };
        let binding = binding.required("name")?;
        Ok(Some(Self { name, binding, trigger }))
    }
}

/// The binding of a trigger.
struct Binding<'a> {
    file: &'a File,
    index: usize,
    settings: &'a BTreeMap<String, String>,
}

/// Something is wrong for this host only, or for Azure's too.
enum Wrong {
    Here(PackageError),
    InAzure(PackageError),
}

impl From<PackageError> for Wrong {
    fn from(error: PackageError) -> Self {
        Self::Here(error)
    }
}

impl Binding<'_> {
    fn field(&self, name: &str) -> String {
        format!("bindings[{}].{name}", self.index)
    }

    fn required(&self, name: &str) -> Result<String, PackageError> {
        let text = self.file.text(&self.field(name))?;
        text.ok_or_else(|| self.file.error(&self.field(name), "it is missing"))
    }

    fn resolved(&self, name: &str) -> Result<String, PackageError> {
        let text = self.required(name)?;
        expand(&text, self.settings).map_err(|problem| self.file.error(&self.field(name), &problem))
    }

    fn is_many(&self) -> Result<bool, PackageError> {
        match self.file.text(&self.field("cardinality"))?.as_deref() {
            None => Ok(false),
            Some(word) if word.eq_ignore_ascii_case("one") => Ok(false),
            Some(word) if word.eq_ignore_ascii_case("many") => Ok(true),
            Some(_) => Err(self.file.error(&self.field("cardinality"), "it must be \"one\" or \"many\"")),
        }
    }

    fn service_bus(&self, host: BusOptions, batches: Batches) -> Result<Trigger, Wrong> {
        let file = self.file;
        if file.flag(&self.field("isSessionsEnabled"))?.unwrap_or(false) {
            return Err(file.error(&self.field("isSessionsEnabled"), "sessions are not served here").into());
        }
        let connection = self.required("connection")?;
        if !self.is_connected(&connection) {
            let words = format!(
                "Service Bus account connection string with name '{connection}' does not exist in the settings. Make sure \
                 that it is a defined App Setting."
            );
            return Err(Wrong::InAzure(file.error(&self.field("connection"), &words)));
        }
        let queue = self.resolved("queueName").map_err(Wrong::InAzure)?;
        let entity = queue
            .parse()
            .map_err(|_| file.error(&self.field("queueName"), "it must be a queue, or a queue's $DeadLetterQueue"))?;
        let data_type = match file.text(&self.field("dataType"))?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" => DataType::Any,
            "string" => DataType::Text,
            "binary" => DataType::Binary,
            _ => return Err(file.error(&self.field("dataType"), "it must be \"string\" or \"binary\"").into()),
        };
        // What the trigger says itself counts with every version of the extension.
        let host = match batches {
            Batches::OfTheExtension => BusOptions::default(),
            Batches::OfHostJson => host,
        };
        let batch_size = file.number(&self.field("maxMessageBatchSize"))?.or(host.batch_size).unwrap_or(LARGEST_BATCH);
        let completes = file.flag(&self.field("autoCompleteMessages"))?.or(host.completes).unwrap_or(true);
        Ok(Trigger::ServiceBus { entity, many: self.is_many()?, data_type, batch_size, completes })
    }

    /// A connection is a setting, or a section of settings.
    fn is_connected(&self, connection: &str) -> bool {
        let (connection, section) = (connection.to_ascii_lowercase(), format!("{connection}__").to_ascii_lowercase());
        let mut names = self.settings.keys().map(|name| name.to_ascii_lowercase());
        names.any(|name| name == connection || name.starts_with(&section))
    }
}

/// A letter, then letters, digits, `-` and `_`.
fn is_name(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && name.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'))
}

/// Fills in `%NAME%` from the app settings.
pub(super) fn expand(text: &str, settings: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let (name, after) = after.split_once('%').ok_or_else(|| format!("'{text}' has a % without its partner"))?;
        let known = settings.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = known.ok_or_else(|| format!("'%{name}%' does not resolve to a value."))?;
        expanded.push_str(before);
        expanded.push_str(value);
        rest = after;
    }
    Ok(expanded + rest)
}
