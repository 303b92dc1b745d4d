//! The app's managed identity. Nothing else is accepted under the host: no keys, no secrets in settings.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};

use super::client_options;

/// The identity cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the app's managed identity cannot be used; is one assigned to the function app?")]
pub struct CredentialError(#[source] azure_core::Error);

/// The managed identity with this client id, or the system-assigned one.
///
/// # Errors
/// When the environment offers no managed identity that is supported.
pub fn managed_identity(
    client: &reqwest::Client,
    client_id: Option<&str>,
) -> Result<Arc<dyn TokenCredential>, CredentialError> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(|id| UserAssignedId::ClientId(id.to_owned())),
        client_options: client_options(client),
    };
    let credential: Arc<dyn TokenCredential> =
        ManagedIdentityCredential::new(Some(options)).map_err(CredentialError)?;
    Ok(credential)
}
