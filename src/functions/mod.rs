//! One file a function folder: from its message to its acknowledgement. What is acknowledged has been stored, with all that
//! it caused; only a store or a queue that does not serve, a call of the host that cannot be read, or a defect fails an
//! invocation, so that it is delivered again.

mod collect;
mod dead_letter;
mod errand;
mod events;
mod failed;
mod isolate;
mod putting_back;
mod receive_event;
mod receive_queued_events;
mod recover;
mod rejection;
mod remediate;
mod rescheduling;
mod returning;
mod run_batch;
mod side_by_side;
mod stopping;
mod sweep;
mod turns;
mod wake_ups;

pub use errand::{Left, carry_out};
pub use putting_back::{PutBack, PutBackError, put_back};
pub use run_batch::ask as ask_of_run;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::error;

use remediation::message::Queue;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::blob::StateError;
use crate::host::{Answer, Body, Envelope, EnvelopeError};
use crate::reconcile::ReconcileError;
use crate::service_bus::{ReceiveError, SendError};
use side_by_side::apart;

/// Event Grid waits 30 s for an answer (Microsoft documentation, "Event Grid message delivery and retry").
const EVENT_GRID_PATIENCE: Duration = Duration::from_secs(25);

/// The functions: their folders, and so their routes.
pub const FUNCTIONS: [&str; 7] = [
    receive_event::NAME,
    receive_queued_events::NAME,
    collect::NAME,
    remediate::NAME,
    run_batch::NAME,
    sweep::NAME,
    recover::NAME,
];

/// How long a failing invocation of a queue's function is held, from its beginning: the host delivers again at once, and three
/// hundred messages of ten deliveries each would be dead-lettered in 1.4 s.
const HOLD: Duration = Duration::from_secs(30);

/// Why an invocation fails, to be delivered again.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the host's call cannot be taken: {0}")]
    Call(String),
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
    #[error("the time was not enough for {0} items")]
    OutOfTime(usize),
    #[error("a defect: {0}")]
    Defect(String),
}

impl Failure {
    /// Whether the item itself is at fault, and no service that it needs.
    fn is_of_the_item(&self) -> bool {
        match self {
            Self::Defect(_) | Self::Reconcile(ReconcileError::Endless | ReconcileError::CutOff(_)) => true,
            Self::Call(_)
            | Self::Envelope(_)
            | Self::State(_)
            | Self::Send(_)
            | Self::Receive(_)
            | Self::OutOfTime(_) => false,
            Self::Reconcile(ReconcileError::State(_) | ReconcileError::Send(_)) => false,
        }
    }

    /// Whether only one target is at fault, so that others can go on.
    fn is_about_one_target(&self) -> bool {
        match self {
            Self::State(error) => error.is_about_the_document(),
            Self::Send(error) => error.is_about_the_message(),
            Self::Call(_)
            | Self::Envelope(_)
            | Self::Receive(_)
            | Self::Reconcile(_)
            | Self::OutOfTime(_)
            | Self::Defect(_) => false,
        }
    }
}

/// The function that handles the messages of a queue.
fn consumer(queue: Queue) -> &'static str {
    match queue {
        Queue::PolicyEvents => receive_queued_events::NAME,
        Queue::NoncompliantResources => collect::NAME,
        Queue::WakeUps => remediate::NAME,
        Queue::BatchRuns => run_batch::NAME,
    }
}

/// Handles an invocation: of one of [`FUNCTIONS`], or of one that the host knows and this worker does not.
pub async fn handle(app: Arc<App>, function: &'static str, body: Body) -> Answer {
    let begun = Instant::now();
    let budget = app.settings.invocation_budget;
    let outcome = apart(run(app, function, body, Deadline::after(budget))).await;
    let failure = match outcome {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::Defect(panic),
    };
    let words = error_chain(&failure);
    error!(event = "invocation_failed", reason = words, "the invocation failed and is delivered again");
    // Event Grid waits for an answer and backs off by itself, and a timer that fails is not repeated. All else comes of a queue.
    if ![receive_event::NAME, sweep::NAME, recover::NAME].contains(&function) {
        sleep_until(begun + budget.min(HOLD)).await;
    }
    Err(words)
}

async fn run(app: Arc<App>, function: &'static str, body: Body, deadline: Deadline) -> Result<(), Failure> {
    let envelope = Envelope::read(&body.map_err(Failure::Call)?)?;
    match function {
        receive_event::NAME => receive_event::run(&app, &envelope, deadline.within(EVENT_GRID_PATIENCE)).await,
        receive_queued_events::NAME => receive_queued_events::run(app, &envelope, deadline).await,
        collect::NAME => collect::run(app, &envelope, deadline).await,
        remediate::NAME => remediate::run(app, &envelope, deadline).await,
        run_batch::NAME => run_batch::run(app, &envelope, deadline).await,
        sweep::NAME => sweep::run(&app, deadline).await,
        recover::NAME => recover::run(&app, deadline).await,
        unknown => Err(Failure::Call(format!("there is no function {unknown}"))),
    }
}
