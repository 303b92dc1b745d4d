//! Puts the worker together: from settings to clients to what the functions need. Nothing else constructs a client.

mod pace;
mod permits;
mod warmth;

use std::sync::Arc;

use azure_core::http::ClientOptions;
use azure_core::http::policies::Policy;
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use tokio::sync::RwLock;

use remediation::settings::Settings;

use crate::arm::{ArmClient, FactsReader, Homes, RightsReader};
use crate::azure::{Clocks, CredentialError, Identity, StorageDate, TransportError, http_client, managed_identity};
use crate::blob::{ApprovalsReader, ControlsReader, FleetLedger, InstallationReader, Store};
use crate::reconcile::{Begun, Listed, Opened, Reconciler, Slots};
use crate::service_bus::{Namespace, Receiver, Sender};
use crate::told::Told;

use warmth::Warmth;

pub use permits::{OwnPermit, Permit, Permits, TargetPermit};

/// What the functions need.
pub struct App {
    /// The settings.
    pub settings: Settings,
    /// Documents, queues, Resource Manager, and the decisions' settings.
    pub reconciler: Reconciler,
    /// The dead-letter queues.
    pub receiver: Receiver,
    /// The passes that are under way.
    pub permits: Permits,
    /// Held by all that handle items, and by one alone while it has an item in hand that the worker may have died of.
    pub alone: RwLock<()>,
    warmth: Warmth,
}

/// Why the worker cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP client.
    #[error("no HTTP client")]
    Transport(#[from] TransportError),
    /// The identity.
    #[error("no identity")]
    Credential(#[from] CredentialError),
    /// The storage account.
    #[error("STATE_BLOB_ENDPOINT cannot be used as the address of a storage account")]
    Storage(#[source] azure_core::Error),
}

impl App {
    /// Puts the worker together. Nothing is asked of any service yet.
    ///
    /// # Errors
    /// When a client cannot be made from these settings.
    pub fn new(settings: Settings) -> Result<Self, StartError> {
        let client = http_client(settings.ca_file.as_deref())?;
        let identity = managed_identity(&client, settings.client_id.as_deref())?;
        let bus_identity = if settings.service_bus_client_id == settings.client_id {
            identity.clone()
        } else {
            managed_identity(&client, settings.service_bus_client_id.as_deref())?
        };
        Self::acting_as(settings, &client, &identity, &bus_identity)
    }

    /// Gets what the first event would wait for.
    pub async fn warm_up(&self) {
        self.warmth.up().await;
    }

    /// Puts together what the worker has for whoever these identities are: the worker itself, or a person with its settings.
    ///
    /// # Errors
    /// As for [`App::new`].
    pub fn acting_as(
        settings: Settings,
        client: &reqwest::Client,
        identity: &Identity,
        bus_identity: &Identity,
    ) -> Result<Self, StartError> {
        let clocks = Clocks::default();
        let date: Arc<dyn Policy> = Arc::new(StorageDate(clocks.clone()));
        let options = BlobServiceClientOptions {
            client_options: ClientOptions { per_try_policies: vec![date], ..identity.client_options(client) },
            ..BlobServiceClientOptions::default()
        };
        let account =
            BlobServiceClient::new(settings.state_blob_endpoint.clone(), Some(identity.credential()), Some(options))
                .map_err(StartError::Storage)?;
        let arm = ArmClient::new(
            settings.resource_manager.clone(),
            settings.resource_manager_audience.clone(),
            identity.credential(),
            identity.client_options(client),
            clocks.clone(),
        );
        let namespace = Namespace::new(
            settings.service_bus.clone(),
            bus_identity.credential(),
            bus_identity.client_options(client),
        );
        let reconciler = Reconciler {
            tuning: settings.tuning.clone(),
            store: Store::new(&account),
            sender: Sender::new(namespace.clone()),
            arm,
            facts: FactsReader::new(settings.facts_ttl),
            clocks,
            installation: InstallationReader::new(settings.installation.clone(), settings.state_blob_endpoint.clone()),
            controls: ControlsReader::default(),
            approvals: ApprovalsReader::default(),
            fleet: FleetLedger::new(settings.tuning.opening_grace),
            begun: Begun::default(),
            listed: Listed::new(settings.facts_ttl),
            opened: Opened::default(),
            told: Told::default(),
            rights: RightsReader::new(settings.facts_ttl),
            homes: Homes::new(settings.home_tenant.clone()),
            slots: Slots::default(),
        };
        let receiver = Receiver::new(namespace);
        let (identity, service_bus) = (bus_identity.clone(), settings.service_bus.clone());
        let warmth = Warmth { client: client.clone(), identity, service_bus };
        Ok(Self { settings, reconciler, receiver, warmth, permits: Permits::default(), alone: RwLock::default() })
    }
}
