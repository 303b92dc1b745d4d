//! The package as it is deployed: `host.json` and one folder with a `function.json` for every function. Read once, whole;
//! what the host here cannot serve is refused by file and field, never skipped.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};

use super::schedule::Schedule;
use crate::service_bus::Entity;

/// What is wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {field}: {problem}", file.display())]
pub struct PackageError {
    /// The file.
    pub file: PathBuf,
    /// The field in it, as a path of names.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) root: PathBuf,
    pub(super) executable: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) directory: PathBuf,
    /// `None` is without limit.
    pub(super) function_timeout: Option<Duration>,
    pub(super) initialization_timeout: Duration,
    pub(super) concurrent_calls: usize,
    pub(super) lock_renewal: Duration,
    pub(super) route_prefix: String,
    pub(super) forwards_http: bool,
    pub(super) functions: Vec<Function>,
}

#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) binding: String,
    pub(super) trigger: Trigger,
}

#[derive(Debug, Clone)]
pub(super) enum Trigger {
    EventGrid { many: bool },
    ServiceBus { entity: Entity, many: bool, data_type: DataType, batch_size: usize, completes: bool },
    Timer { schedule: Schedule },
    Http { route: String, methods: Vec<String>, response: Option<String>, only_http: bool },
}

/// How bodies are handed to a Service Bus function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataType {
    /// Not said: parsed as JSON for batches, text for one.
    Any,
    Text,
    Binary,
}

/// The extension's own batch size.
const LARGEST_BATCH: usize = 1000;

/// One JSON file and where in it the reader is, for its errors.
struct File {
    path: PathBuf,
    root: Value,
}

impl Package {
    /// Reads a package; `settings` fill in `%NAME%`, and override `host.json` as
    /// `AzureFunctionsJobHost__path__to__setting`.
    pub(super) fn read(root: &Path, settings: &BTreeMap<String, String>) -> Result<Self, PackageError> {
        let mut host = File::read(root.join("host.json"))?;
        host.apply(settings);
        if host.text("version")?.as_deref() != Some("2.0") {
            return Err(host.error("version", "it must be \"2.0\""));
        }
        let place = "customHandler.description.defaultExecutablePath";
        let executable =
            host.text(place)?.ok_or_else(|| host.error(place, "it is missing: this is no custom handler"))?;
        let directory = host.text("customHandler.description.workingDirectory")?;
        // Read so that a wrong value shows; the triggers' own values count, see `Function::read`.
        host.flag("extensions.serviceBus.autoCompleteMessages")?;
        host.number("extensions.serviceBus.maxMessageBatchSize")?;
        let mut functions = Vec::new();
        for folder in folders(root) {
            functions.extend(Function::read(&folder, settings)?);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let concurrent_calls = host.number("extensions.serviceBus.maxConcurrentCalls")?.unwrap_or(16 * cores);
        let package = Self {
            executable: find_executable(root, &executable),
            arguments: host.texts("customHandler.description.arguments")?,
            directory: directory.map_or_else(|| root.to_owned(), |directory| root.join(directory)),
            function_timeout: host.span("functionTimeout")?.unwrap_or(Some(Duration::from_secs(30 * 60))),
            initialization_timeout: host
                .span("customHandler.initializationTimeout")?
                .flatten()
                .unwrap_or(Duration::from_secs(30)),
            concurrent_calls,
            lock_renewal: host
                .span("extensions.serviceBus.maxAutoLockRenewalDuration")?
                .flatten()
                .unwrap_or(Duration::from_secs(300)),
            route_prefix: host.text("extensions.http.routePrefix")?.unwrap_or_else(|| "api".to_owned()),
            forwards_http: host.flag("customHandler.enableForwardingHttpRequest")?.unwrap_or(false)
                || host.flag("customHandler.enableProxyingHttpRequest")?.unwrap_or(false),
            functions,
            root: root.to_owned(),
        };
        if package.functions.is_empty() {
            return Err(host.error("functions", "no folder beside it holds a function.json"));
        }
        Ok(package)
    }
}

impl Function {
    fn read(folder: &Path, settings: &BTreeMap<String, String>) -> Result<Option<Self>, PackageError> {
        let file = File::read(folder.join("function.json"))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let switch = settings.get(&format!("AzureWebJobs.{name}.Disabled"));
        if file.flag("disabled")?.unwrap_or(false)
            || switch.is_some_and(|switch| matches!(switch.as_str(), "1" | "true" | "True"))
        {
            return Ok(None);
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
        let field = |name: &str| format!("bindings[{index}].{name}");
        let required = |name: &str| file.text(&field(name))?.ok_or_else(|| file.error(&field(name), "it is missing"));
        let resolved = |name: &str| {
            let text = required(name)?;
            expand(&text, settings).map_err(|problem| file.error(&field(name), &problem))
        };
        let many = match file.text(&field("cardinality"))?.as_deref() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("one") => false,
            Some(word) if word.eq_ignore_ascii_case("many") => true,
            Some(_) => return Err(file.error(&field("cardinality"), "it must be \"one\" or \"many\"")),
        };
        let trigger = match kind(&bindings[index]).as_str() {
            "eventGridTrigger" => Trigger::EventGrid { many },
            "serviceBusTrigger" => {
                if file.flag(&field("isSessionsEnabled"))?.unwrap_or(false) {
                    return Err(file.error(&field("isSessionsEnabled"), "sessions are not served here"));
                }
                required("connection")?;
                let entity = resolved("queueName")?.parse().map_err(|_| {
                    file.error(&field("queueName"), "it must be a queue, or a queue's $DeadLetterQueue")
                })?;
                let data_type = match file.text(&field("dataType"))?.unwrap_or_default().to_ascii_lowercase().as_str() {
                    "" => DataType::Any,
                    "string" => DataType::Text,
                    "binary" => DataType::Binary,
                    _ => return Err(file.error(&field("dataType"), "it must be \"string\" or \"binary\"")),
                };
                // A host built from its public source takes these from here, else the extension's own defaults, whatever
                // host.json says of them; recorded.
                let batch_size = file.number(&field("maxMessageBatchSize"))?.unwrap_or(LARGEST_BATCH);
                let completes = file.flag(&field("autoCompleteMessages"))?.unwrap_or(true);
                Trigger::ServiceBus { entity, many, data_type, batch_size, completes }
            }
            "timerTrigger" => {
                let schedule = resolved("schedule")?;
                let schedule = schedule.parse().map_err(|problem: String| file.error(&field("schedule"), &problem))?;
                Trigger::Timer { schedule }
            }
            "httpTrigger" => {
                let outputs = bindings.iter().filter(|binding| kind(binding) == "http");
                let response = outputs.filter_map(|binding| binding.get("name")?.as_str().map(str::to_owned)).next();
                Trigger::Http {
                    route: file.text(&field("route"))?.unwrap_or_else(|| name.clone()),
                    methods: file.texts(&field("methods"))?,
                    only_http: bindings.len() == 2 && response.is_some(),
                    response,
                }
            }
            other => return Err(file.error(&field("type"), &format!("'{other}' cannot be served here"))),
        };
        let binding = required("name")?;
        Ok(Some(Self { name, binding, trigger }))
    }
}

/// Fills in `%NAME%` from the app settings.
fn expand(text: &str, settings: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let (name, after) = after.split_once('%').ok_or_else(|| format!("'{text}' has a % without its partner"))?;
        let known = settings.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = known.ok_or_else(|| format!("'%{name}%' does not resolve to a value"))?;
        expanded.push_str(before);
        expanded.push_str(value);
        rest = after;
    }
    Ok(expanded + rest)
}

/// The folders one level below the root that hold a `function.json`, by name.
fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("function.json").is_file()).collect();
    folders.sort();
    folders
}

/// Beside `host.json` if it is there, else left to the search path.
fn find_executable(root: &Path, executable: &str) -> PathBuf {
    [executable.to_owned(), format!("{executable}{}", std::env::consts::EXE_SUFFIX)]
        .iter()
        .map(|name| root.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(executable))
}

impl File {
    fn read(path: PathBuf) -> Result<Self, PackageError> {
        let whole = |problem: String| PackageError { file: path.clone(), field: "the file".to_owned(), problem };
        let text = fs::read_to_string(&path).map_err(|error| whole(format!("it cannot be read: {error}")))?;
        let root = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| whole(format!("it is not JSON: {error}")))?;
        Ok(Self { path, root })
    }

    fn apply(&mut self, settings: &BTreeMap<String, String>) {
        for (name, value) in settings {
            let Some(path) = name.strip_prefix("AzureFunctionsJobHost__") else { continue };
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            let mut place = &mut self.root;
            for part in path.split("__") {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Value::Object(members) = place else { return };
                let known = members.keys().find(|known| known.eq_ignore_ascii_case(part)).cloned();
                place = members.entry(known.unwrap_or_else(|| part.to_owned())).or_insert(Value::Null);
            }
            *place = value;
        }
    }

    fn error(&self, field: &str, problem: &str) -> PackageError {
        PackageError { file: self.path.clone(), field: field.to_owned(), problem: problem.to_owned() }
    }

    /// The value at a path such as `bindings[0].name`; null counts as absent.
    fn at(&self, field: &str) -> Option<&Value> {
        let pointer = field.replace('[', ".").replace(']', "");
        let mut place = &self.root;
        for part in pointer.split('.') {
            place = match place {
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                other => other.get(part)?,
            };
        }
        Some(place).filter(|value| !value.is_null())
    }

    fn text(&self, field: &str) -> Result<Option<String>, PackageError> {
        match self.at(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.error(field, "it must be text")),
        }
    }

    fn texts(&self, field: &str) -> Result<Vec<String>, PackageError> {
        let Some(value) = self.at(field) else { return Ok(Vec::new()) };
        let items =
            value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        items.ok_or_else(|| self.error(field, "it must be an array of texts"))
    }

    fn flag(&self, field: &str) -> Result<Option<bool>, PackageError> {
        match self.at(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.error(field, "it must be true or false")),
        }
    }

    fn number(&self, field: &str) -> Result<Option<usize>, PackageError> {
        let Some(value) = self.at(field) else { return Ok(None) };
        let number = value.as_u64().filter(|number| *number > 0).and_then(|number| usize::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.error(field, "it must be a number above zero"))
    }

    /// A time span `hh:mm:ss[.f]`; `Some(None)` is `-1`, without limit.
    fn span(&self, field: &str) -> Result<Option<Option<Duration>>, PackageError> {
        match self.at(field) {
            None => Ok(None),
            Some(Value::Number(number)) if number.as_i64() == Some(-1) => Ok(Some(None)),
            Some(Value::String(text)) if text == "-1" => Ok(Some(None)),
            Some(value) => {
                let span = value.as_str().and_then(span).map(|span| Some(Some(span)));
                span.ok_or_else(|| self.error(field, "it must be a time span hh:mm:ss"))
            }
        }
    }
}

fn span(text: &str) -> Option<Duration> {
    let [hours, minutes, seconds] = text.split(':').collect::<Vec<_>>()[..] else { return None };
    let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
    let seconds = seconds.parse::<f64>().ok().filter(|seconds| (0.0..60.0).contains(seconds))?;
    let span =
        Duration::from_secs(u64::from(hours) * 3600 + u64::from(minutes) * 60) + Duration::from_secs_f64(seconds);
    (minutes < 60 && !span.is_zero()).then_some(span)
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
