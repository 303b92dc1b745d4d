//! `azure.yaml` works without an alpha flag of azd, and what it names is there.

use crate::snapshot::{path, text};

/// The value of the only line with this key, wherever it stands.
fn value(file: &str, key: &str) -> String {
    let found: Vec<_> = file
        .lines()
        .filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':').map(|value| value.trim().to_owned()))
        .collect();
    assert_eq!(found.len(), 1, "{key}: {found:?}");
    found[0].clone()
}

#[test]
pub(crate) fn the_service_is_packaged_as_it_is() {
    let file = text("azure.yaml");
    assert_eq!(value(&file, "host"), "function");
    // `custom` does not load until the user has turned on a feature of azd that is in its alpha.
    assert_eq!(value(&file, "language"), "python");
    assert_eq!(value(&file, "remoteBuild"), "false");
    assert_eq!(value(&file, "project"), ".");
    assert_eq!(value(&file, "dist"), "dist");
    assert!(
        text("scripts/package")
            .contains("stage \"${CARGO_TARGET_DIR:-target}/$target/release/policy-remediator\" dist")
    );
}

#[test]
pub(crate) fn what_it_names_is_there() {
    let file = text("azure.yaml");
    let scripts: Vec<_> = file.lines().filter_map(|line| line.trim().strip_prefix("run: ")).collect();
    assert_eq!(scripts.len(), 2, "{scripts:?}");
    assert!(scripts.iter().all(|script| path(script).is_file()), "{scripts:?}");
    let template = format!("{}/{}.bicep", value(&file, "path"), value(&file, "module"));
    assert!(path(&template).is_file(), "{template}");
}
