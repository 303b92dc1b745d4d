//! Lays out a package as it is deployed: `host.json`, the function folders beside it, and the worker as `handler`.

use std::path::Path;

use anyhow::Context;

/// A text file of the package.
#[derive(Debug, Clone, Copy)]
pub struct PackageFile {
    /// Its path below the script root.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Writes the package into a folder. The worker is linked, so that it is the very file that is tested.
///
/// # Errors
/// When the folder cannot be written.
pub fn stage(folder: &Path, files: &[PackageFile], worker: &Path) -> anyhow::Result<()> {
    for file in files {
        let path = folder.join(file.path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        std::fs::write(&path, file.text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let handler = folder.join("handler");
    std::fs::hard_link(worker, &handler)
        .or_else(|_| std::fs::copy(worker, &handler).map(drop))
        .with_context(|| format!("{} cannot be put at {}", worker.display(), handler.display()))
}
