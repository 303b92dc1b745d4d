//! Who the calls are made as. Under the host the app's managed identity, and nothing else: no keys, no secrets in settings. A person's
//! commands use that person's own login.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_core::http::policies::Policy;
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};

use super::http_client::client_options;
use super::renewal::{FreshToken, Renewable};

/// The identity cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("no identity can be used; is one assigned to the function app?")]
pub struct CredentialError(#[source] azure_core::Error);

/// An identity: a credential, and what goes with it into every pipeline that uses it.
#[derive(Debug, Clone)]
pub struct Identity(Arc<Renewable>);

impl Identity {
    /// The identity whose credential is made so, and made anew when a token is refused.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn of(
        make: impl Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync + 'static,
    ) -> Result<Self, CredentialError> {
        Ok(Self(Arc::new(Renewable::new(make).map_err(CredentialError)?)))
    }

    /// The credential.
    #[must_use]
    pub fn credential(&self) -> Arc<dyn TokenCredential> {
        self.0.clone()
    }

    /// Options of a client that uses the credential: a token that is refused is made anew.
    #[must_use]
    pub fn client_options(&self, client: &reqwest::Client) -> ClientOptions {
        let fresh: Arc<dyn Policy> = Arc::new(FreshToken(self.0.clone()));
        ClientOptions { per_call_policies: vec![fresh], ..client_options(client) }
    }
}

/// The managed identity with this client id, or the system-assigned one.
///
/// # Errors
/// When the environment offers no managed identity that is supported.
pub fn managed_identity(client: &reqwest::Client, client_id: Option<&str>) -> Result<Identity, CredentialError> {
    let (client, client_id) = (client.clone(), client_id.map(str::to_owned));
    let make = move || -> azure_core::Result<Arc<dyn TokenCredential>> {
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
            client_options: client_options(&client),
        };
        Ok(ManagedIdentityCredential::new(Some(options))?)
    };
    Identity::of(make)
}

/// The login of the person at this machine: the Azure CLI's, else that of the Azure Developer CLI.
///
/// # Errors
/// When neither can be asked at all. That nobody is logged in shows with the first token.
pub fn developer_identity() -> Result<Identity, CredentialError> {
    Identity::of(|| Ok(DeveloperToolsCredential::new(None)?))
}
