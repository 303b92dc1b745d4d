//! Application registrations: who may log in with what.

use super::ClientCertificate;
use crate::identity::Principal;

/// An application of the home tenant, with what it may log in with.
#[derive(Debug, Clone)]
pub struct Application {
    /// Whom it acts as.
    pub principal: Principal,
    secrets: Vec<String>,
    certificates: Vec<ClientCertificate>,
}

impl Application {
    /// An application that cannot log in yet.
    pub fn new(principal: Principal) -> Self {
        Self { principal, secrets: Vec::new(), certificates: Vec::new() }
    }

    /// The same with a secret.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<String>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// The same with a certificate.
    #[must_use]
    pub fn with_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificates.push(certificate);
        self
    }

    /// Whether this is one of its secrets.
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        self.secrets.iter().any(|known| known == secret)
    }

    /// Its certificates.
    pub(super) fn certificates(&self) -> &[ClientCertificate] {
        &self.certificates
    }
}
