//! The certificate authority of one local Azure. Its key never leaves memory; only the CA certificate is written
//! to a file, in PEM, for clients that read `SSL_CERT_FILE`.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

/// A certificate authority and the one server certificate that it has signed, for `localhost`, 127.0.0.1 and ::1.
#[derive(Clone)]
pub struct Authority {
    certificate: String,
    server: Arc<rustls::ServerConfig>,
}

impl Authority {
    /// Makes a new authority. The server's certificate is valid from the day before `now` for 800 days: some
    /// platforms refuse one of more than 825 days.
    ///
    /// # Errors
    /// When the platform's cryptography refuses to make keys.
    pub fn new(now: OffsetDateTime) -> anyhow::Result<Self> {
        let ca_key = KeyPair::generate().context("making the key of the local certificate authority")?;
        let mut ca = CertificateParams::new(Vec::new()).context("describing the local certificate authority")?;
        ca.distinguished_name.push(DnType::CommonName, "Local Azure certificate authority");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.not_before = now - Duration::days(1);
        ca.not_after = now + Duration::days(3650);
        let ca_certificate = ca.self_signed(&ca_key).context("signing the local certificate authority")?;

        let key = KeyPair::generate().context("making the server's key")?;
        let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
        let mut server = CertificateParams::new(names).context("describing the server's certificate")?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.not_before = now - Duration::days(1);
        server.not_after = now + Duration::days(799);
        let issuer = Issuer::from_params(&ca, &ca_key);
        let certificate = server.signed_by(&key, &issuer).context("signing the server's certificate")?;

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone(), ca_certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .context("joining the server's certificate and key")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { certificate: ca_certificate.pem(), server: Arc::new(config) })
    }

    /// The CA certificate, in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Writes the CA certificate, in PEM, for clients that read `SSL_CERT_FILE`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_certificate(&self, file: &Path) -> std::io::Result<()> {
        std::fs::write(file, &self.certificate)
    }

    /// What an [`Endpoint`](super::Endpoint) needs to speak TLS.
    pub fn server_config(&self) -> Arc<rustls::ServerConfig> {
        self.server.clone()
    }
}
