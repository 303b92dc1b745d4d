//! The package as it is deployed: `host.json` and one folder with a `function.json` for every function. What is wrong with one
//! function concerns that function alone; what the host here cannot serve is refused by file and field, never skipped.

mod file;
mod function;

pub use file::PackageError;
pub(super) use function::{DataType, Function, Trigger};

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use file::File;

use super::options::{FunctionErrors, HostOptions};

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
    /// Functions that do not run, with the reason.
    pub(super) in_error: Vec<PackageError>,
}

/// What `host.json` says of Service Bus triggers.
#[derive(Debug, Clone, Copy, Default)]
struct BusOptions {
    batch_size: Option<usize>,
    completes: Option<bool>,
}

impl Package {
    /// Reads a package; app settings fill in `%NAME%`, and override `host.json` as
    /// `AzureFunctionsJobHost__path__to__setting`.
    pub(super) fn read(root: &Path, options: &HostOptions) -> Result<Self, PackageError> {
        let settings = &options.settings;
        let mut host = File::read(root.join("host.json"))?;
        host.apply(settings);
        if host.text("version")?.as_deref() != Some("2.0") {
            return Err(host.error("version", "it must be \"2.0\""));
        }
        let place = "customHandler.description.defaultExecutablePath";
        let executable =
            host.text(place)?.ok_or_else(|| host.error(place, "it is missing: this is no custom handler"))?;
        let directory = host.text("customHandler.description.workingDirectory")?;
        let bus = BusOptions {
            batch_size: host.number("extensions.serviceBus.maxMessageBatchSize")?,
            completes: host.flag("extensions.serviceBus.autoCompleteMessages")?,
        };
        let (mut functions, mut in_error) = (Vec::new(), Vec::new());
        for folder in folders(root) {
            match (Function::read(&folder, bus, options), options.function_errors) {
                (Ok(function), _) => functions.extend(function),
                (Err(error), FunctionErrors::Disable) if error.function.is_some() => in_error.push(error),
                (Err(error), FunctionErrors::Disable | FunctionErrors::Refuse) => return Err(error),
            }
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let concurrent_calls = host.number("extensions.serviceBus.maxConcurrentCalls")?.unwrap_or(16 * cores);
        let package = Self {
            executable: find_executable(root, &executable),
            arguments: arguments(&host.texts("customHandler.description.arguments")?, settings),
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
            in_error,
            root: root.to_owned(),
        };
        match options.function_errors {
            FunctionErrors::Refuse if package.functions.is_empty() => {
                Err(host.error("functions", "no folder beside it holds a function.json"))
            }
            FunctionErrors::Refuse | FunctionErrors::Disable => Ok(package),
        }
    }
}

/// The arguments as they arrive: settings filled in, unknown ones dropped, and no quotes around blanks; recorded.
fn arguments(arguments: &[String], settings: &BTreeMap<String, String>) -> Vec<String> {
    let expanded = arguments.iter().filter_map(|argument| function::expand(argument, settings).ok());
    expanded.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
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

#[cfg(test)]
mod tests;
