//! A JSON file of a package, read field by field, and what is wrong with one, by file and field.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use serde_json::{Map, Value};

/// What is wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {field}: {problem}{}", file.display(), told(.function))]
pub struct PackageError {
    /// The file.
    pub file: PathBuf,
    /// The field in it, as a path of names.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// Azure's host would leave out this function alone, and run the others.
    pub function: Option<String>,
}

fn told(function: &Option<String>) -> String {
    let words = |name| format!(" (in Azure the host would start, and only the function '{name}' would not run)");
    function.as_ref().map(words).unwrap_or_default()
}

/// One JSON file and where in it the reader is, for its errors.
pub(super) struct File {
    path: PathBuf,
    pub(super) root: Value,
}

impl File {
    pub(super) fn read(path: PathBuf) -> Result<Self, PackageError> {
        let whole = |problem: String| PackageError {
            file: path.clone(),
            field: "the file".to_owned(),
            problem,
            function: None,
        };
        let text = fs::read_to_string(&path).map_err(|error| whole(format!("it cannot be read: {error}")))?;
        let root = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| whole(format!("it is not JSON: {error}")))?;
        Ok(Self { path, root })
    }

    pub(super) fn apply(&mut self, settings: &BTreeMap<String, String>) {
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

    pub(super) fn error(&self, field: &str, problem: &str) -> PackageError {
        PackageError { file: self.path.clone(), field: field.to_owned(), problem: problem.to_owned(), function: None }
    }

    /// The value at a path such as `bindings[0].name`; null counts as absent.
    pub(super) fn at(&self, field: &str) -> Option<&Value> {
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

    pub(super) fn text(&self, field: &str) -> Result<Option<String>, PackageError> {
        match self.at(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.error(field, "it must be text")),
        }
    }

    pub(super) fn texts(&self, field: &str) -> Result<Vec<String>, PackageError> {
        let Some(value) = self.at(field) else { return Ok(Vec::new()) };
        let items =
            value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        items.ok_or_else(|| self.error(field, "it must be an array of texts"))
    }

    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, PackageError> {
        match self.at(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.error(field, "it must be true or false")),
        }
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<usize>, PackageError> {
        let Some(value) = self.at(field) else { return Ok(None) };
        let number = value.as_u64().filter(|number| *number > 0).and_then(|number| usize::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.error(field, "it must be a number above zero"))
    }

    /// A time span `hh:mm:ss[.f]`; `Some(None)` is `-1`, without limit.
    pub(super) fn span(&self, field: &str) -> Result<Option<Option<Duration>>, PackageError> {
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
