//! Under the Functions host this binary serves it; from a shell it is the command line.

mod cli;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tracing::{error, info};

use policy_remediator::app::App;
use policy_remediator::azure::error_chain;
use policy_remediator::host::Ending;
use policy_remediator::{functions, host, settings, telemetry};
use remediation::settings::{DEFAULT_LOG_FILTER, Settings};

/// So long is waited at the end of a command for what it reads or writes.
const AT_THE_END: Duration = Duration::from_secs(1);
/// Set by the host for its custom handler.
const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

#[expect(clippy::disallowed_methods, reason = "the port is the platform's, and tells what this process is")]
fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match std::env::var(PORT) {
        Ok(port) => {
            let code = runtime.block_on(serve(&port));
            // What is still going on is not waited for: it is safe to be killed.
            runtime.shutdown_background();
            code
        }
        Err(_) => {
            let code = runtime.block_on(cli::run());
            // A reading of the standard input may never end.
            runtime.shutdown_timeout(AT_THE_END);
            code
        }
    }
}

/// Serves until it is asked to end. Never a success: see [`Ending`].
async fn serve(port: &str) -> ExitCode {
    let ready = prepare(port);
    // Why it cannot start is told whatever the filter says.
    telemetry::start(ready.as_ref().map_or(DEFAULT_LOG_FILTER, |(_, settings, _)| &settings.log_filter));
    let served = match ready {
        Ok((port, settings, app)) => try_serve(port, &settings, app).await,
        Err(error) => Err(error),
    };
    match served {
        Ok(ending) => ExitCode::from(ending.exit_code()),
        Err(error) => {
            // The chain on one line: the host takes each line for an entry of its own.
            error!(
                event = "start_failed",
                reason = error_chain(error.as_ref()),
                "the worker cannot start, or serve any longer"
            );
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here, once")]
fn prepare(port: &str) -> anyhow::Result<(u16, Settings, App)> {
    let port = port.trim().parse().with_context(|| format!("{PORT} is {port:?}; allowed is a port number"))?;
    let settings = settings::settings(std::env::vars_os())?;
    let app = App::new(settings.clone())?;
    Ok((port, settings, app))
}

async fn try_serve(port: u16, settings: &Settings, app: App) -> anyhow::Result<Ending> {
    let asked = Ending::asked().context("signals cannot be listened to")?;
    let app = Arc::new(app);
    let (mode, told) = (settings.tuning.mode.as_str(), &settings.told);
    info!(
        event = "started",
        version = env!("CARGO_PKG_VERSION"),
        mode,
        port,
        guard_rails = told.guard_rails,
        changed = told.changed,
        "the worker serves the Functions host"
    );
    let warm = Arc::clone(&app);
    let warm_up: host::WarmUp = Arc::new(move || {
        let app = Arc::clone(&warm);
        Box::pin(async move { app.warm_up().await })
    });
    let handle: host::Handle =
        Arc::new(move |function, body| Box::pin(functions::handle(Arc::clone(&app), function, body)));
    let asked = async {
        let ending = asked.await;
        info!(event = "ending", signal = ending.as_str(), "the worker is asked to end; what is begun may end first");
        ending
    };
    host::serve(port, &functions::FUNCTIONS, handle, warm_up, asked)
        .await
        .with_context(|| format!("port {port} cannot be served"))
}
