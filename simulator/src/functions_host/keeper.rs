//! Workers end with the process that started them, however it dies. A worker itself watches nobody: the real host may start it from a
//! thread that ends, and with its input closed. So a shell of its own waits for the end of a pipe that this process alone holds open,
//! and kills what is left. It is needed where this process is killed; an orderly end kills its workers before.

#[cfg(unix)]
pub(super) use unix::{gone, started};

/// Nothing waits where there is no such shell: there an orderly end is what workers end with.
#[cfg(not(unix))]
pub(super) fn started(_: u32) {}

/// See [`started`].
#[cfg(not(unix))]
pub(super) fn gone(_: u32) {}

#[cfg(unix)]
mod unix {
    use std::io::Write as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, ChildStdin, Command, Stdio};
    use std::sync::{Mutex, OnceLock, PoisonError};

    /// Keeps a list of processes; at the end of the input it kills them. Signals of the terminal are not for it.
    const SCRIPT: &str = r#"
        trap '' HUP INT TERM
        all=
        while read -r what which; do
            rest=
            for one in $all; do [ "$one" = "$which" ] || rest="$rest $one"; done
            all=$rest
            [ "$what" = started ] && all="$all $which"
        done
        for one in $all; do kill -9 "$one" 2>/dev/null; done
    "#;

    /// The shell and what it listens to; none where none could be started.
    static SHELL: OnceLock<Option<Mutex<(Child, ChildStdin)>>> = OnceLock::new();

    /// This worker has been started.
    pub(in super::super) fn started(id: u32) {
        tell("started", id);
    }

    /// It has ended, and its number may be another process's from now on.
    pub(in super::super) fn gone(id: u32) {
        tell("gone", id);
    }

    fn tell(what: &str, id: u32) {
        let Some(shell) = SHELL.get_or_init(|| start().map(Mutex::new)) else { return };
        let mut shell = shell.lock().unwrap_or_else(PoisonError::into_inner);
        // Where the shell has been killed there is nobody to tell.
        let _ = writeln!(shell.1, "{what} {id}");
    }

    fn start() -> Option<(Child, ChildStdin)> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().ok()?;
        let input = child.stdin.take()?;
        Some((child, input))
    }
}
