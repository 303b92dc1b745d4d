//! The worker as a child process: its environment, its output, its end, and how much memory it took at most. It holds no
//! rule about restarts.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, TcpListener},
    process::{ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};
use uuid::Uuid;

use super::{
    logs::{LogStream, Logs},
    package::Package,
};

/// What the worker gets of the environment that this process runs in; all else comes from the app settings.
const INHERITED: [&str; 6] = ["PATH", "SSL_CERT_FILE", "RUST_BACKTRACE", "TMPDIR", "HOME", "SYSTEMROOT"];

/// A running or ended worker. Dropping it kills it.
pub(super) struct Process {
    child: Mutex<Child>,
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
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        make_executable(package);
        let worker = Uuid::new_v4().to_string();
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
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(pump(stdout, logs.clone(), instance, LogStream::Stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(pump(stderr, logs.clone(), instance, LogStream::Stderr));
        }
        Ok(Self { id: child.id(), child: Mutex::new(child), port })
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

async fn pump(output: impl AsyncRead + Unpin, logs: Logs, instance: usize, stream: LogStream) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        logs.write(instance, stream, String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
}
