//! The worker as a child process: its environment, its output, its end, and how much memory it took at most. It holds no
//! rule about restarts.

use std::{
    collections::BTreeMap,
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::ports;

use super::{
    keeper,
    logs::{LogStream, Logs},
    package::Package,
    pipe::Pipe,
};

/// What the worker gets of the environment that this process runs in; all else comes from the app settings.
const INHERITED: [&str; 6] = ["PATH", "SSL_CERT_FILE", "RUST_BACKTRACE", "TMPDIR", "HOME", "SYSTEMROOT"];

/// A running or ended worker. Dropping it kills it.
pub(super) struct Process {
    child: Mutex<Child>,
    /// For as long as they are here, there is more to come from them.
    _output: [Arc<Pipe>; 2],
    id: Option<u32>,
    pub(super) port: u16,
}

impl Process {
    /// Starts the worker of a package on a free port.
    pub(super) fn start(
        package: &Package,
        settings: &BTreeMap<String, String>,
        logs: &Logs,
        instance: usize,
    ) -> io::Result<Self> {
        let port = ports::free()?;
        make_executable(package);
        let worker = Uuid::new_v4().to_string();
        let (out, stdout) = logs.pipe(instance, LogStream::Stdout)?;
        let (err, stderr) = logs.pipe(instance, LogStream::Stderr)?;
        let mut command = Command::new(&package.executable);
        command.args(&package.arguments).current_dir(&package.directory).env_clear();
        command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(settings);
        command
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("FUNCTIONS_HTTPWORKER_PORT", port.to_string())
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &worker)
            .env("FUNCTIONS_HTTPWORKER_ID", &worker)
            .env("FUNCTIONS_APP_ROOT_PATH", &package.root)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .kill_on_drop(true);
        keeper::into_group(&mut command);
        let child = command.spawn()?;
        Ok(Self { id: child.id(), child: Mutex::new(child), _output: [out, err], port })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// Kills it: SIGKILL, as the host does; there is no warning.
    pub(super) fn kill(&self) {
        // It may have ended already.
        let _ = self.child().start_kill();
    }

    /// The most memory it has had resident so far, in bytes; only Linux tells.
    pub(super) fn peak_rss(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The execute bit is lost in many zips; on Linux the host sets it as far as it can.
#[cfg(unix)]
fn make_executable(package: &Package) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = std::fs::metadata(&package.executable) {
        let mode = metadata.permissions().mode();
        if mode & 0o111 != 0o111 {
            let _ = std::fs::set_permissions(&package.executable, std::fs::Permissions::from_mode(mode | 0o111));
        }
    }
}

#[cfg(not(unix))]
fn make_executable(_: &Package) {}
