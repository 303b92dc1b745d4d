//! One listening socket on 127.0.0.1 with HTTP/1.1 behind it, over TLS or plain. An exchange may end in [`Cut`]: the
//! connection is then closed without an answer. It knows nothing of services; routing and rules are the caller's.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::ports;

/// A request as it comes from the socket.
pub type Request = hyper::Request<Incoming>;

/// An answer.
pub type Response = hyper::Response<Body>;

/// The connection is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub struct Cut;

/// What answers the requests of an [`Endpoint`].
pub type Exchange = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Result<Response, Cut>> + Send>> + Send + Sync>;

/// A socket that is listening, or stopped and able to listen again on the same port. Dropping it stops it.
pub struct Endpoint {
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    exchange: Exchange,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Endpoint {
    /// Listens on a free port of 127.0.0.1; with a configuration it speaks TLS, without one plain HTTP.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn open(tls: Option<Arc<rustls::ServerConfig>>, exchange: Exchange) -> io::Result<Self> {
        Self::open_on(None, tls, exchange).await
    }

    /// The same on a port of one's own choice, where one is chosen.
    ///
    /// # Errors
    /// When the port, or any, cannot be bound.
    pub async fn open_on(
        port: Option<u16>,
        tls: Option<Arc<rustls::ServerConfig>>,
        exchange: Exchange,
    ) -> io::Result<Self> {
        let listener = ports::listen_on(port)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let endpoint = Self { address, tls: tls.map(TlsAcceptor::from), exchange, accepting: Mutex::new(None) };
        endpoint.accept_on(listener);
        Ok(endpoint)
    }

    /// Where it listens (also while it is stopped).
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the socket and every open connection. New connections are refused until [`Endpoint::resume`].
    pub async fn stop(&self) {
        let running = self.accepting().take();
        if let Some(task) = running {
            task.abort();
            // Waiting for the end of the task is what closes the listener before this returns; its error is the abort.
            let _ = task.await;
        }
    }

    /// Listens again on the same port; does nothing when it is listening already.
    ///
    /// # Errors
    /// When another process has taken the port in the meantime.
    pub async fn resume(&self) -> io::Result<()> {
        if self.accepting().is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address).await?;
        self.accept_on(listener);
        Ok(())
    }

    fn accept_on(&self, listener: TcpListener) {
        let (tls, exchange) = (self.tls.clone(), self.exchange.clone());
        *self.accepting() = Some(tokio::spawn(accept(listener, tls, exchange)));
    }

    fn accepting(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.accepting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(task) = self.accepting().take() {
            task.abort();
        }
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, exchange: Exchange) {
    // The connections live in this set, so aborting this task closes them all.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, tls.clone(), exchange.clone()));
                }
                // Out of file descriptors, or a client gone before it was accepted: neither ends the service.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, exchange: Exchange) {
    // Small answers must not wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    match tls {
        None => speak(stream, exchange).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                speak(stream, exchange).await;
            }
        }
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, exchange: Exchange) {
    let service = service_fn(move |request: Request| exchange(request));
    // The errors here are clients that went away and cuts made on purpose.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn answering(body: &'static str) -> Exchange {
        Arc::new(move |request: Request| {
            Box::pin(async move {
                if request.uri().path() == "/cut" { Err(Cut) } else { Ok(Response::new(Body::from(body))) }
            })
        })
    }

    async fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_cut_closes_the_connection_without_a_byte() {
        let endpoint = Endpoint::open(None, answering("here")).await.unwrap();
        assert!(ask(endpoint.address(), "/").await.unwrap().ends_with("here"));
        assert_eq!(ask(endpoint.address(), "/cut").await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_stopped_endpoint_refuses_connections_and_resumes_on_its_port() {
        let endpoint = Endpoint::open(None, answering("here")).await.unwrap();
        let address = endpoint.address();
        let mut idle = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            endpoint.stop().await;
            assert_eq!(ask(address, "/").await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            endpoint.resume().await.unwrap();
            endpoint.resume().await.unwrap();
            assert!(ask(address, "/").await.unwrap().ends_with("here"));
        }
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0, "an outage closes open connections too");
    }

    #[tokio::test]
    async fn a_client_that_trusts_the_authority_talks_tls_by_name_and_by_address() {
        let authority = super::super::Authority::new(time::OffsetDateTime::now_utc()).unwrap();
        let endpoint = Endpoint::open(Some(authority.server_config()), answering("private")).await.unwrap();
        for name in ["localhost", "127.0.0.1"] {
            let client = crate::wire_client::trusting(&authority);
            let url = format!("https://{name}:{}/", endpoint.address().port());
            let (status, body) = client.get(&url).await;
            assert_eq!((status, body.as_str()), (200, "private"));
        }
    }
}
