//! A handler in Python that the Functions host can start as it starts the worker, where a Python with aiohttp is.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;

const HANDLER: &str = include_str!("handler.py");
/// Said where it cannot be measured.
pub(crate) const MISSING: &str = "there is no Python with aiohttp: NOT measured; PEER_PYTHON names one";

/// It lives as long as its folder.
pub(crate) struct Peer {
    path: PathBuf,
    _folder: TempDir,
}

impl Peer {
    /// None where there is no aiohttp. `PEER_PYTHON` names another Python than `python3`.
    #[allow(clippy::disallowed_methods, reason = "which Python there is, the environment says")]
    pub(crate) fn find() -> anyhow::Result<Option<Self>> {
        let python = std::env::var("PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let told = Command::new(&python)
            .args(["-c", "import aiohttp, sys; print(sys.executable)"])
            .stderr(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success());
        let Some(told) = told else { return Ok(None) };
        let interpreter = String::from_utf8(told.stdout)?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("handler");
        std::fs::write(&path, format!("#!{}\n{HANDLER}", interpreter.trim())).context("the peer cannot be written")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(Some(Self { path, _folder: folder }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
