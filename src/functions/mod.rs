//! One file a function folder: from its message to its acknowledgement. What is acknowledged has been stored, with all that
//! it caused; only a store or a queue that does not serve, a call of the host that cannot be read, or a defect fails an
//! invocation, so that it is delivered again.

mod alone;
mod collect;
mod dead_letter;
mod receive_event;
mod recover;
mod rejection;
mod remediate;
mod returning;
mod rousing;
mod side_by_side;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;

use crate::app::App;
use crate::host::{Answer, Envelope, EnvelopeError};
use crate::queue::{Queue, ReceiveError, SendError};
use crate::remediation::ReconcileError;
use crate::state::StateError;
use crate::transport::{Deadline, causes};

/// Event Grid waits 30 s for an answer (Microsoft documentation, "Event Grid message delivery and retry").
const EVENT_GRID_PATIENCE: Duration = Duration::from_secs(25);

/// The functions: their folders, and so their routes.
pub const FUNCTIONS: [&str; 5] = [receive_event::NAME, collect::NAME, remediate::NAME, sweep::NAME, recover::NAME];

/// Why an invocation fails, to be delivered again.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the host's call cannot be understood")]
    Envelope(#[from] EnvelopeError),
    #[error("the state store does not serve")]
    State(#[from] StateError),
    #[error("messages cannot be sent")]
    Send(#[from] SendError),
    #[error("dead letters cannot be received")]
    Receive(#[from] ReceiveError),
    #[error("a target could not be looked at")]
    Reconcile(#[from] ReconcileError),
    #[error("a defect: {0}")]
    Defect(String),
}

impl Failure {
    /// Whether the item itself is at fault, and no service that it needs.
    fn is_of_the_item(&self) -> bool {
        match self {
            Self::Defect(_) | Self::Reconcile(ReconcileError::Endless) => true,
            Self::Envelope(_) | Self::State(_) | Self::Send(_) | Self::Receive(_) => false,
            Self::Reconcile(ReconcileError::State(_) | ReconcileError::Send(_)) => false,
        }
    }
}

/// The function that handles the messages of a queue.
fn consumer(queue: Queue) -> &'static str {
    match queue {
        Queue::NoncompliantResources => collect::NAME,
        Queue::WakeUps => remediate::NAME,
    }
}

/// Handles an invocation of one of [`FUNCTIONS`].
pub async fn handle(app: Arc<App>, function: &'static str, body: Bytes) -> Answer {
    let deadline = Deadline::after(app.settings.invocation_budget);
    let outcome = async {
        let envelope = Envelope::read(&body)?;
        drop(body);
        match function {
            receive_event::NAME => receive_event::run(&app, &envelope, deadline.within(EVENT_GRID_PATIENCE)).await,
            collect::NAME => collect::run(app, &envelope, deadline).await,
            remediate::NAME => remediate::run(app, &envelope, deadline).await,
            sweep::NAME => sweep::run(&app, deadline).await,
            recover::NAME => recover::run(&app, deadline).await,
            unknown => Err(Failure::Defect(format!("no function {unknown}"))),
        }
    };
    outcome.await.map_err(|failure: Failure| causes(&failure))
}
