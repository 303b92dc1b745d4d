//! How long Azure waits for a new instance: the process is started as the host starts it, and asked until it answers. Then it gets its
//! first event.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::Router;
use serde_json::json;
use simulator::{LocalAzure, LocalAzureOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::events::burst;

/// Between two questions, well under what is measured.
const POLL: Duration = Duration::from_micros(200);
const LIMIT: Duration = Duration::from_secs(30);
const QUESTION: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// The host first tells the platform that the instance is ready, and only then gets an event for it.
const MEANWHILE: Duration = Duration::from_millis(50);

/// From the start of the process to the first byte of its answer to `GET /`, and the time that its first event then takes. The file is in
/// the system's cache after the first start, which is not counted.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<[super::Rounds; 2]> {
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    let mut times = [super::Rounds::default(), super::Rounds::default()];
    start(&azure, 0).await?;
    for round in 1..=rounds {
        let [ready, first] = start(&azure, round).await?;
        times[0].push(ready);
        times[1].push(first);
    }
    let (stored, wanted) = (azure.broker().counts("noncompliant-resources").stored, rounds as u64 + 1);
    anyhow::ensure!(stored == wanted, "{stored} of {wanted} first events are stored");
    Ok(times)
}

async fn start(azure: &LocalAzure, round: usize) -> anyhow::Result<[Duration; 2]> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.env_clear().envs(azure.worker_env()).env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let begun = Instant::now();
    let mut worker = command.spawn().context("the worker cannot be started")?;
    while !is_answered(port, QUESTION).await {
        if let Some(status) = ended(&mut worker)? {
            bail!("the worker has ended: {status}");
        }
        anyhow::ensure!(begun.elapsed() < LIMIT, "the worker does not answer within {LIMIT:?}");
        // The runtime's own timer knows only milliseconds, and nothing else is to be done meanwhile.
        std::thread::sleep(POLL);
    }
    let ready = begun.elapsed();
    tokio::time::sleep(MEANWHILE).await;
    let event = json!({ "Data": { "event": burst(round, 1, 1).remove(0) }, "Metadata": {} }).to_string();
    let request = format!(
        "POST /receive-event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{event}",
        event.len()
    );
    let begun = Instant::now();
    anyhow::ensure!(is_answered(port, request.as_bytes()).await, "the first event is not stored");
    let first = begun.elapsed();
    worker.kill().await.context("the worker cannot be ended")?;
    Ok([ready, first])
}

fn ended(worker: &mut Child) -> anyhow::Result<Option<ExitStatus>> {
    worker.try_wait().context("nothing is known of the worker")
}

/// Whether the worker answers this with 200.
async fn is_answered(port: u16, question: &[u8]) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(question).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        std::io::Result::Ok(status == *b"HTTP/1.1 200")
    };
    ask.await.unwrap_or(false)
}
