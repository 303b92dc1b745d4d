//! A snapshot: the resources that a deployment of a parameter file would create.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The parameter files of `infra/main.bicep`.
pub(crate) const WORKERS: [&str; 4] = ["default", "all-options", "private-network", "to-function"];

/// A path of the repository.
pub(crate) fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

thread_local! {
    /// A mistake that is planted in a file: what becomes what.
    static PLANTED: RefCell<Option<[String; 3]>> = const { RefCell::new(None) };
}

/// Does something on this thread with a mistake in what a file is read as.
pub(crate) fn planted<T>(file: &str, from: &str, to: &str, act: impl FnOnce() -> T) -> T {
    PLANTED.set(Some([file, from, to].map(str::to_owned)));
    let done = act();
    PLANTED.set(None);
    done
}

/// The text of a file of the repository.
pub(crate) fn text(file: &str) -> String {
    let text = fs::read_to_string(path(file)).unwrap();
    PLANTED.with_borrow(|planted| match planted {
        Some([of, from, to]) if of == file => text.replace(from, to),
        Some(_) | None => text,
    })
}

/// The resources of a snapshot.
pub(crate) fn resources(name: &str) -> Vec<Value> {
    let file = text(&format!("tests/infra/{name}.snapshot.json"));
    let mut snapshot: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(snapshot["diagnostics"], Value::Array(Vec::new()), "{name}");
    match snapshot["predictedResources"].take() {
        Value::Array(resources) => resources,
        other => panic!("{name} has no resources: {other}"),
    }
}

/// Those of a type.
pub(crate) fn of_type(name: &str, wanted: &str) -> Vec<Value> {
    let of_type: Vec<_> = resources(name).into_iter().filter(|resource| resource["type"] == wanted).collect();
    assert!(!of_type.is_empty(), "{name} has no {wanted}");
    of_type
}

/// The only one of a type.
pub(crate) fn only(name: &str, wanted: &str) -> Value {
    let mut found = of_type(name, wanted);
    assert_eq!(found.len(), 1, "{name}: {wanted}");
    found.remove(0)
}

/// The words of a list of texts.
pub(crate) fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// The actions of the worker's role.
pub(crate) fn role_actions(name: &str) -> BTreeSet<String> {
    let role = only(name, "Microsoft.Authorization/roleDefinitions");
    let permissions = role["properties"]["permissions"].as_array().unwrap();
    assert_eq!(permissions.len(), 1, "{name}");
    words(&permissions[0]["actions"]).into_iter().map(str::to_owned).collect()
}

/// The last part of a name or id.
pub(crate) fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap()
}
