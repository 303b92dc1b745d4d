//! What the owner of everything can log in with, as an application: for `az login --service-principal` and the SDKs.

use simulator::entra::{Application, ClientCertificate};
use simulator::identity::Principal;
use uuid::Uuid;

/// A secret and a certificate, made anew for each local Azure.
pub(in crate::cli) struct Logins {
    pub(in crate::cli) owner: Principal,
    pub(in crate::cli) secret: String,
    pub(in crate::cli) certificate: ClientCertificate,
}

impl Logins {
    /// Those of an owner.
    ///
    /// # Errors
    /// When the platform's cryptography refuses to make keys.
    pub(in crate::cli) fn of(owner: &Principal) -> anyhow::Result<Self> {
        let certificate = ClientCertificate::new(&owner.client_id, policy_remediator::azure::now())?;
        Ok(Self { owner: owner.clone(), secret: Uuid::new_v4().simple().to_string(), certificate })
    }

    /// The owner, as Entra ID knows it.
    pub(in crate::cli) fn application(&self) -> Application {
        Application::new(self.owner.clone()).with_secret(&self.secret).with_certificate(self.certificate.clone())
    }
}
