//! How long Azure waits for a new instance: the process is started as the host starts it, and asked until it answers.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::Router;
use simulator::{LocalAzure, LocalAzureOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Between two questions, well under what is measured.
const POLL: Duration = Duration::from_micros(200);
const LIMIT: Duration = Duration::from_secs(30);
const QUESTION: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// From the start of the process to the first byte of its answer to `GET /`. The file is in the system's cache after the first
/// start, which is not counted.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<super::Rounds> {
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    let mut times = super::Rounds::default();
    start(&azure).await?;
    for _ in 0..rounds {
        times.push(start(&azure).await?);
    }
    Ok(times)
}

async fn start(azure: &LocalAzure) -> anyhow::Result<Duration> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.env_clear().envs(azure.worker_env()).env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let begun = Instant::now();
    let mut worker = command.spawn().context("the worker cannot be started")?;
    while !answers(port).await {
        if let Some(status) = ended(&mut worker)? {
            bail!("the worker has ended: {status}");
        }
        anyhow::ensure!(begun.elapsed() < LIMIT, "the worker does not answer within {LIMIT:?}");
        // The runtime's own timer knows only milliseconds, and nothing else is to be done meanwhile.
        std::thread::sleep(POLL);
    }
    let time = begun.elapsed();
    worker.kill().await.context("the worker cannot be ended")?;
    Ok(time)
}

fn ended(worker: &mut Child) -> anyhow::Result<Option<ExitStatus>> {
    worker.try_wait().context("nothing is known of the worker")
}

/// Whether the worker answers 200.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(QUESTION).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        std::io::Result::Ok(status == *b"HTTP/1.1 200")
    };
    ask.await.unwrap_or(false)
}
