//! Ctrl-C at the process that runs a host: this test binary once more, as that process.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use simulator::functions_host::{CtrlC, HostOptions, Phase};

use crate::support::{broker, options, start, until};

/// Runs a host until it is interrupted; as a test it has nothing to do.
#[tokio::test]
async fn host() {
    if std::env::var_os("TEST_HOST").is_none() {
        return;
    }
    let host = start(&broker(1), HostOptions { ctrl_c: CtrlC::KillAndExit, ..options(&[]) }).await;
    if let Phase::Ready { port } = *host.phase(0).unwrap().borrow() {
        println!("\nport {port}");
    }
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn an_interrupted_host_takes_its_workers_with_it() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["ctrl_c::host", "--exact", "--nocapture"])
        .env("TEST_HOST", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.filter_map(|line| line.strip_prefix("port ")?.parse::<u16>().ok()).next().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let killed = Command::new("kill").args(["-INT", &parent.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(parent.wait().unwrap().code(), Some(130));
    until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_err()).await;
}
