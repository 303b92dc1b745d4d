//! The process never ends with exit code 0 while it serves: the host would not start it again, and its triggers would empty whole
//! queues into their dead-letter queues. Asked to end, it lets what is begun come to its end first.
#![cfg(unix)]

use std::net::TcpListener;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use tokio::process::{Child, Command};

use crate::stage::{PATIENCE, Stage, land, until};

/// The binary as the host starts it, on a port of its own.
struct Worker {
    child: Child,
    port: u16,
}

impl Worker {
    async fn start(stage: &Stage) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()).envs(stage.azure.worker_env());
        let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        Self { child, port }
    }

    /// Invokes a timer; the status, or none when the connection was cut or refused.
    fn invoke(&self, function: &str) -> impl Future<Output = Option<u16>> + Send + use<> {
        let url = format!("http://127.0.0.1:{}/{function}", self.port);
        let body = r#"{"Data":{"timer":{"IsPastDue":false}},"Metadata":{}}"#;
        let sent = reqwest::Client::new().post(url).header("content-type", "application/json").body(body).send();
        async { sent.await.ok().map(|answer| answer.status().as_u16()) }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_lets_what_is_begun_end_begins_nothing_and_ends_with_a_failure() {
    let stage = Stage::without_worker(land(1)).await;
    let slow = Rule::new("slow", Service::Blob, Which::First(1), Kind::Delay(Duration::from_secs(2)));
    stage.azure.faults().add(slow);
    let mut worker = Worker::start(&stage).await;
    let begun = tokio::spawn(worker.invoke("sweep"));
    until("it is begun", || stage.azure.faults().hits("slow") == 1).await;
    worker.signal("-TERM");
    let lists = |stage: &Stage| stage.azure.ledger().of(Service::Blob).len();
    let late = tokio::spawn(worker.invoke("sweep"));
    assert_eq!(begun.await.unwrap(), Some(200), "what was begun came to its end");
    assert_eq!(worker.ended().await.code(), Some(143));
    // Whether it came before or after the signal is the system's to say; if after, it failed without being begun.
    let late = late.await.unwrap();
    assert!(late != Some(200) || lists(&stage) == 2, "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signal_ends_it_with_a_success() {
    let stage = Stage::without_worker(land(1)).await;
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut worker = Worker::start(&stage).await;
        worker.signal(signal);
        assert_eq!(worker.ended().await.code(), Some(code), "{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_is_not_waited_for_long() {
    let stage = Stage::without_worker(land(1)).await;
    let stuck = Rule::new("stuck", Service::Blob, Which::Always, Kind::Delay(Duration::from_secs(60)));
    stage.azure.faults().add(stuck);
    let mut worker = Worker::start(&stage).await;
    let begun = tokio::spawn(worker.invoke("sweep"));
    until("it is begun", || stage.azure.faults().hits("stuck") == 1).await;
    let asked = std::time::Instant::now();
    worker.signal("-TERM");
    assert_eq!(worker.ended().await.code(), Some(143));
    assert!(asked.elapsed() > Duration::from_secs(7), "it was waited for");
    assert_eq!(begun.await.unwrap(), None);
}
