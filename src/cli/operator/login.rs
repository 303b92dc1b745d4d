//! As whom a command acts: as the person at this machine, or as the identity that the platform offers where it runs on one.

use policy_remediator::azure::{CredentialError, Identity, developer_identity, managed_identity};

use super::environment::environment;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Login {
    /// The person who is logged in with the Azure CLI or the Azure Developer CLI.
    Developer,
    /// The managed identity of what the command runs on, as App Service offers it; with this client id where one is set.
    Platform(Option<String>),
    /// The owner in a local Azure.
    #[cfg(feature = "local")]
    Simulated(super::simulated::Owner),
}

impl Login {
    /// The platform's identity where there is an endpoint for it, else the person's.
    pub(super) fn of_environment() -> Self {
        let value = |wanted: &str| environment().find(|(name, _)| name == wanted).map(|(_, value)| value);
        match value("IDENTITY_ENDPOINT") {
            Some(_) => Self::Platform(value("AZURE_CLIENT_ID")),
            None => Self::Developer,
        }
    }

    /// The identity.
    ///
    /// # Errors
    /// When it cannot be used at all.
    pub(crate) fn identity(&self, client: &reqwest::Client) -> Result<Identity, CredentialError> {
        match self {
            Self::Developer => developer_identity(),
            Self::Platform(client_id) => managed_identity(client, client_id.as_deref()),
            #[cfg(feature = "local")]
            Self::Simulated(owner) => owner.identity(client),
        }
    }

    /// Who that is, in words.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Developer => "the login of the Azure CLI (az) or the Azure Developer CLI (azd)",
            Self::Platform(_) => "the managed identity that IDENTITY_ENDPOINT offers",
            #[cfg(feature = "local")]
            Self::Simulated(_) => "the owner in the local Azure",
        }
    }
}
