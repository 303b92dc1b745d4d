//! Connections to the worker: the one that was used last is used next, and one that has been idle for long is closed. A request
//! is never sent twice: its work may have been done.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    redirect::{MOST_REDIRECTS, redirected},
    request::Request,
    response::Response,
};

/// How long a connection may be idle: the real one closed it after some 70 s.
const IDLE: Duration = Duration::from_secs(60);

/// No answer.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum WireError {
    #[error("{} (127.0.0.1:{port})", words(source))]
    Connect { port: u16, source: io::Error },
    #[error("An error occurred while sending the request: {0}")]
    Exchange(io::Error),
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "Connection refused".to_owned(),
        _ => error.to_string(),
    }
}

#[derive(Default)]
pub(in super::super) struct Pool {
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    port: u16,
    since: Instant,
    stream: TcpStream,
}

impl Pool {
    /// Sends a request to this port of 127.0.0.1 and reads the answer, behind all redirects.
    pub(in super::super) async fn send(&self, port: u16, request: Request) -> Result<Response, WireError> {
        let (mut port, mut request) = (port, request);
        let mut redirects = 0;
        loop {
            let response = self.send_once(port, &request).await?;
            match redirected(&request, port, &response) {
                Some((next_port, next)) if redirects < MOST_REDIRECTS => (port, request) = (next_port, next),
                Some(_) | None => return Ok(response),
            }
            redirects += 1;
        }
    }

    /// The same, but a redirect is an answer like others.
    pub(in super::super) async fn send_once(&self, port: u16, request: &Request) -> Result<Response, WireError> {
        let stream = match self.kept(port) {
            Some(stream) => stream,
            None => connect(port).await.map_err(|source| WireError::Connect { port, source })?,
        };
        self.exchange(port, stream, request).await
    }

    /// Sends on a new connection.
    pub(in super::super) async fn exchange(
        &self,
        port: u16,
        mut stream: TcpStream,
        request: &Request,
    ) -> Result<Response, WireError> {
        let bytes = request.bytes();
        let (mut reader, mut writer) = stream.split();
        // An answer may come before all is sent.
        let response = {
            let mut sending = std::pin::pin!(writer.write_all(&bytes));
            let mut reading = std::pin::pin!(Response::read(&mut reader, &request.method));
            let mut sent = None;
            loop {
                tokio::select! {
                    done = &mut sending, if sent.is_none() => sent = Some(done.is_ok()),
                    response = &mut reading => {
                        let mut response = response.map_err(WireError::Exchange)?;
                        response.keeps_connection &= sent == Some(true);
                        break response;
                    }
                }
            }
        };
        if response.keeps_connection {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(Idle { port, since: Instant::now(), stream });
        }
        Ok(response)
    }

    /// The connection that was used last and still stands.
    fn kept(&self, port: u16) -> Option<TcpStream> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| kept.since.elapsed() < IDLE);
        while let Some(at) = idle.iter().rposition(|kept| kept.port == port) {
            let kept = idle.remove(at);
            let mut byte = [0];
            // It is readable only if the worker closed it, or says what nobody asked.
            if matches!(kept.stream.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
                return Some(kept.stream);
            }
        }
        None
    }
}

pub(in super::super) async fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
