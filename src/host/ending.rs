//! What asks the worker to end, and the exit code that follows. The code is never 0: the host takes that for intended, does not
//! start the worker again and says nothing, and its triggers go on; each of their batches then fails at once, until whole queues
//! are dead-lettered. (The host itself only ever kills; signals come from the platform or from a person.)

/// A signal that asks the worker to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGTERM.
    Terminated,
    /// SIGINT, or Ctrl-C.
    Interrupted,
}

impl Ending {
    /// The exit code that follows: as shells count a death by this signal.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Terminated => 128 + 15,
            Self::Interrupted => 128 + 2,
        }
    }

    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminated => "SIGTERM",
            Self::Interrupted => "SIGINT",
        }
    }

    /// From now on these signals do not end the process by themselves; the first one is given.
    ///
    /// # Errors
    /// When the system does not hand signals out.
    #[cfg(unix)]
    pub fn asked() -> std::io::Result<impl Future<Output = Self> + Send> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => Self::Terminated,
                _ = interrupt.recv() => Self::Interrupted,
            }
        })
    }

    /// The same, where Ctrl-C is all there is.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(unix))]
    pub fn asked() -> std::io::Result<impl Future<Output = Self> + Send> {
        Ok(async {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Self::Interrupted,
                Err(_) => std::future::pending().await,
            }
        })
    }
}
