//! The HTTP client that is handed to `azure_core` as its transport. TLS is rustls; redirects are not followed, since no
//! Azure service of ours redirects and a token must not travel to another host.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, RetryOptions, Transport, UserAgentOptions};
use reqwest::Certificate;

use super::bounded::Bounded;

/// Why the HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// `SSL_CERT_FILE` cannot be read.
    #[error("SSL_CERT_FILE is {path:?}, which cannot be read; name a readable PEM file or unset it")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// `SSL_CERT_FILE` holds something that is no usable certificate.
    #[error("SSL_CERT_FILE is {path:?}, which holds no PEM certificates that can be used; name a PEM file or unset it")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: reqwest::Error,
    },
    /// `SSL_CERT_FILE` holds no certificate at all.
    #[error("SSL_CERT_FILE is {path:?}, which holds no certificate; name a PEM file with at least one or unset it")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The TLS library could not start.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// Makes the HTTP client, trusting the platform's authorities and those of `ca_file`.
///
/// # Errors
/// When the file cannot be used.
pub fn http_client(ca_file: Option<&Path>) -> Result<reqwest::Client, TransportError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none());
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|source| TransportError::CaFile { path: path.to_owned(), source })?;
        let wrong = |source| TransportError::Certificates { path: path.to_owned(), source };
        let certificates = Certificate::from_pem_bundle(&pem).map_err(wrong)?;
        if certificates.is_empty() {
            return Err(TransportError::NoCertificate { path: path.to_owned() });
        }
        for certificate in certificates {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(TransportError::Client)
}

/// Options for every client of the worker: this transport, whose answers end, and no retry of the pipeline's own.
#[must_use]
pub fn client_options(client: &reqwest::Client) -> ClientOptions {
    ClientOptions {
        transport: Some(Transport::new(Arc::new(Bounded(client.clone())))),
        retry: RetryOptions::none(),
        user_agent: UserAgentOptions { application_id: Some("policy-remediator".to_owned()) },
        ..ClientOptions::default()
    }
}
