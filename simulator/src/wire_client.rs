//! A small HTTP client for the tests of this crate: real sockets, TLS that trusts only the local authority.

use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::tls::Authority;

pub(crate) struct WireClient {
    tls: Option<TlsConnector>,
}

pub(crate) fn trusting(authority: &Authority) -> WireClient {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    WireClient { tls: Some(TlsConnector::from(Arc::new(config))) }
}

pub(crate) fn plain() -> WireClient {
    WireClient { tls: None }
}

impl WireClient {
    /// Sends a request on a connection of its own; an error is a connection that was refused or cut.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Result<Response<Incoming>, hyper::Error> {
        let uri = request.uri().clone();
        let host = uri.host().unwrap().to_owned();
        request.headers_mut().insert("host", uri.authority().unwrap().as_str().parse().unwrap());
        *request.uri_mut() = uri.path_and_query().unwrap().as_str().parse().unwrap();
        let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap())).await.unwrap();
        match &self.tls {
            None => exchange(stream, request).await,
            Some(tls) => {
                let name = ServerName::try_from(host).unwrap();
                exchange(tls.connect(name, stream).await.unwrap(), request).await
            }
        }
    }

    pub(crate) async fn get(&self, url: &str) -> (u16, String) {
        text(self.send(Request::get(url).body(Body::empty()).unwrap()).await.unwrap()).await
    }
}

pub(crate) async fn text(response: Response<Incoming>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<Response<Incoming>, hyper::Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}
