//! A certificate that an application logs in with. The private key stands in its PEM alone; what is checked needs the public one.

use anyhow::Context;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize};
use time::{Duration, OffsetDateTime};

/// A self-signed certificate with an RSA key of 2048 bits, as `az ad sp create-for-rbac --create-cert` makes one.
#[derive(Clone)]
pub struct ClientCertificate {
    /// Private key and certificate, in PEM.
    pub pem: String,
    /// SHA-1 and SHA-256 of the certificate, as the headers `x5t` and `x5t#S256` name it.
    pub(super) thumbprints: [String; 2],
    pub(super) public_key: Vec<u8>,
}

impl ClientCertificate {
    /// Makes one that is valid for a year.
    ///
    /// # Errors
    /// When the platform's cryptography refuses to make keys.
    pub fn new(name: &str, now: OffsetDateTime) -> anyhow::Result<Self> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).context("making a client's key")?;
        let mut wanted = CertificateParams::new(Vec::new()).context("describing a client's certificate")?;
        wanted.distinguished_name.push(DnType::CommonName, name);
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.not_before = now - Duration::days(1);
        wanted.not_after = now + Duration::days(365);
        let made = wanted.self_signed(&key).context("signing a client's certificate")?;
        let thumbprints =
            [&SHA1_FOR_LEGACY_USE_ONLY, &SHA256].map(|algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, made.der())));
        let pem = format!("{}{}", key.serialize_pem(), made.pem());
        Ok(Self { pem, thumbprints, public_key: key.public_key_raw().to_vec() })
    }
}

impl std::fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").field("thumbprints", &self.thumbprints).finish_non_exhaustive()
    }
}
