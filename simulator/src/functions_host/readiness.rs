//! Whether the worker listens: the host asks for `/` as soon as its port can be connected to, and any answer at all means that
//! it is ready. Recorded: an answer of 404 or 500 does, and a slow one is waited for beyond the time to get ready.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use super::wire::{Body, Pool, Request, connect};

/// How often the host tries to connect.
const TRIES: Duration = Duration::from_millis(25);

/// The question, as long as it is open. Dropping it ends it.
pub(super) struct Readiness {
    asking: JoinHandle<()>,
    connected: Arc<AtomicBool>,
}

impl Readiness {
    pub(super) fn of(wire: Arc<Pool>, port: u16) -> Self {
        let connected = Arc::new(AtomicBool::new(false));
        Self { asking: tokio::spawn(until_answered(wire, port, connected.clone())), connected }
    }

    /// Looks for the answer, for a moment.
    pub(super) fn has_answered(&self) -> bool {
        self.asking.is_finished()
    }

    /// The port is open, and the answer on its way.
    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::SeqCst)
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

async fn until_answered(wire: Arc<Pool>, port: u16, connected: Arc<AtomicBool>) {
    let headers = vec![("Host".to_owned(), format!("127.0.0.1:{port}"))];
    let question = Request { method: "GET".to_owned(), target: "/".to_owned(), headers, body: Body::None };
    loop {
        if let Ok(stream) = connect(port).await {
            connected.store(true, Ordering::SeqCst);
            if wire.exchange(port, stream, &question).await.is_ok() {
                return;
            }
            connected.store(false, Ordering::SeqCst);
        }
        tokio::time::sleep(TRIES).await;
    }
}
