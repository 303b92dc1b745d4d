//! The package as it is deployed, laid out from the repository's own files and the built binary.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// `host.json`, the function folders beside it, and the binary as `handler`, in a folder of its own.
pub(crate) fn stage_package() -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = tempfile::Builder::new().prefix("it-package-").tempdir().unwrap();
    fs::copy(root.join("host.json"), package.path().join("host.json")).unwrap();
    for folder in fs::read_dir(root.join("functions")).unwrap() {
        let folder = folder.unwrap();
        let place = package.path().join(folder.file_name());
        fs::create_dir(&place).unwrap();
        fs::copy(folder.path().join("function.json"), place.join("function.json")).unwrap();
    }
    let worker = env!("CARGO_BIN_EXE_policy-remediator");
    let handler = package.path().join("handler");
    fs::hard_link(worker, &handler).or_else(|_| fs::copy(worker, &handler).map(drop)).unwrap();
    package
}
