//! Workers end with the process that started them, however it dies. A worker itself watches nobody: the real host may start it from a
//! thread that ends, and with its input closed. So a shell of its own waits for the end of a pipe that this process alone holds open,
//! and kills the group that all workers are in from their first moment: whoever is killed while it starts one need have told nobody of it.
//! It is needed where this process is killed; an orderly end kills its workers before.

#[cfg(unix)]
pub(super) use unix::into_group;

/// Nothing waits where there is no such shell: there an orderly end is what workers end with.
#[cfg(not(unix))]
pub(super) fn into_group(_: &mut tokio::process::Command) {}

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, ChildStdin, Command, Stdio};
    use std::sync::OnceLock;

    /// At the end of its input it kills its group, itself too. Signals of the terminal are not for it.
    const SCRIPT: &str = "trap '' HUP INT TERM; while read -r _; do :; done; kill -9 0";

    /// The shell and what it listens to; none where none could be started.
    static SHELL: OnceLock<Option<(Child, ChildStdin)>> = OnceLock::new();

    /// What this starts is in the shell's group, or in one of its own.
    pub(in super::super) fn into_group(command: &mut tokio::process::Command) {
        let group = SHELL.get_or_init(start).as_ref().and_then(|(shell, _)| i32::try_from(shell.id()).ok());
        command.process_group(group.unwrap_or_default());
    }

    fn start() -> Option<(Child, ChildStdin)> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().ok()?;
        let input = child.stdin.take()?;
        Some((child, input))
    }
}
