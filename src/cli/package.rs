//! The package's files, embedded, so that an installed binary can demonstrate itself anywhere.

use std::path::{Path, PathBuf};

use anyhow::Context;
use simulator::OwnedFolder;
use simulator_demo::{PackageFile, stage};

const fn file(path: &'static str, text: &'static str) -> PackageFile {
    PackageFile { path, text }
}

/// What is deployed beside the binary.
pub(super) const FILES: [PackageFile; 8] = [
    file("host.json", include_str!("../../host.json")),
    file("receive-event/function.json", include_str!("../../functions/receive-event/function.json")),
    file("receive-queued-events/function.json", include_str!("../../functions/receive-queued-events/function.json")),
    file("collect/function.json", include_str!("../../functions/collect/function.json")),
    file("remediate/function.json", include_str!("../../functions/remediate/function.json")),
    file("run-batch/function.json", include_str!("../../functions/run-batch/function.json")),
    file("sweep/function.json", include_str!("../../functions/sweep/function.json")),
    file("recover/function.json", include_str!("../../functions/recover/function.json")),
];

/// A package to run: one that was given, or this binary's own in a folder that goes when this is dropped.
pub(super) struct Package {
    folder: PathBuf,
    _own: Option<OwnedFolder>,
}

impl Package {
    /// The given package, or this binary's own.
    pub(super) fn of(given: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(folder) = given {
            anyhow::ensure!(
                folder.join("host.json").is_file(),
                "{} is no package: it has no host.json",
                folder.display()
            );
            return Ok(Self { folder, _own: None });
        }
        let own = OwnedFolder::new("policy-remediator-").context("no folder for the package")?;
        let worker = std::env::current_exe().context("this binary cannot be found")?;
        stage(own.path(), &FILES, &worker)?;
        Ok(Self { folder: own.path().to_owned(), _own: Some(own) })
    }

    /// The script root.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}
