//! All services of the local Azure together, on sockets of their own, with one ledger and one set of faults. Only the
//! Functions host is apart: it is started with the worker's package, on top of this.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context;
use axum::Router;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::owned_folder::OwnedFolder;
use crate::{
    Cloud, Exchanges, Fakes, Faults, Front, Latency, Ledger, Service,
    blob::{self, Blobs},
    cloud_metadata,
    entra::{Application, Entra},
    functions_host::{HostOptions, TimerStore},
    identity::{Identity, ManagedIdentities, Principal, Tokens},
    rights::Gate,
    service_bus::{self, Batches, Broker},
    tls::{Authority, Endpoint},
};

const SERVICE_BUS_AUDIENCE: &str = "https://servicebus.azure.net";
const STORAGE_AUDIENCE: &str = "https://storage.azure.com";

/// What a local Azure is like.
#[derive(Debug, Clone)]
pub struct LocalAzureOptions {
    /// The tenant that issues the worker's tokens.
    pub home_tenant_id: String,
    /// The identities of the worker's app. Role assignments in the estate name their object ids.
    pub identities: ManagedIdentities,
    /// The applications of the home tenant that can log in with something of their own.
    pub applications: Vec<Application>,
    /// Which cloud this is.
    pub cloud: Cloud,
    /// Where exchanges with Resource Manager are written down.
    pub exchanges: Option<Exchanges>,
    /// Whom Service Bus and Blob Storage ask for rights; without it they let every good token through.
    pub gate: Option<Gate>,
    /// The port of Resource Manager, followed by those of Service Bus, the identity endpoint and Blob Storage, then one that is
    /// left for the Functions host, and that of Entra ID; any free ones where none is chosen.
    pub first_port: Option<u16>,
    /// How much of a queue the Functions host gets at a time.
    pub batches: Batches,
    /// How long exchanges take on top.
    pub latency: Latency,
}

impl LocalAzureOptions {
    /// How far behind the first port that of the Functions host is.
    pub const HOST: u16 = 4;
}

impl Default for LocalAzureOptions {
    /// A random tenant, a system-assigned identity with random ids, batches in parts, no latency.
    fn default() -> Self {
        Self {
            home_tenant_id: Uuid::new_v4().to_string(),
            identities: ManagedIdentities { system_assigned: Some(Principal::random()), user_assigned: Vec::new() },
            applications: Vec::new(),
            cloud: Cloud::default(),
            exchanges: None,
            gate: None,
            first_port: None,
            batches: Batches::Partial { seed: 0 },
            latency: Latency::default(),
        }
    }
}

/// Where the services are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// `https://localhost:PORT` of Resource Manager.
    pub resource_manager: String,
    /// `https://localhost:PORT` of Service Bus.
    pub service_bus: String,
    /// `http://127.0.0.1:PORT/msi/token`, the identity endpoint.
    pub identity: String,
    /// `https://localhost:PORT/` of Blob Storage.
    pub blob: String,
    /// `https://localhost:PORT` of Entra ID, the authority without its tenant.
    pub entra: String,
    /// The PEM file of the certificate authority that signed their certificates.
    pub ca_file: PathBuf,
}

/// The running services. Dropping it stops them.
pub struct LocalAzure {
    resource_manager: Endpoint,
    service_bus: Endpoint,
    identity_endpoint: Endpoint,
    blob: Endpoint,
    entra: Endpoint,
    broker: Broker,
    blobs: Blobs,
    identity: Identity,
    faults: Faults,
    fakes: Fakes,
    ledger: Ledger,
    timers: TimerStore,
    latency: Latency,
    authority: Authority,
    directory: OwnedFolder,
}

impl LocalAzure {
    /// Starts Service Bus with the worker's queues, Blob Storage with the containers of the deployment, the identity
    /// endpoint, and Resource Manager, whose router is handed in: TLS, the token check, faults and the ledger are put
    /// around it, and it finds the [`Caller`](crate::identity::Caller) in the request's extensions.
    ///
    /// # Errors
    /// When keys cannot be made, a port not bound, or the CA file not written.
    pub async fn start(resource_manager: Router, options: LocalAzureOptions) -> anyhow::Result<Self> {
        let authority = Authority::new(OffsetDateTime::now_utc())?;
        let directory = OwnedFolder::new("local-azure-").context("making a directory")?;
        let (faults, fakes, ledger) = (Faults::new(), Fakes::new(), Ledger::new());
        let tokens = Tokens::new(options.home_tenant_id)?;
        let identity = Identity::new(tokens.clone(), options.identities);
        let broker = Broker::with_worker_queues();
        broker.hand_out(options.batches);
        let latency = options.latency;
        let blobs = Blobs::new();
        for container in ["state", "rejected", "events-dead-letter"] {
            blobs.create_container(container);
        }

        let front =
            |service, router| Front::new(service, latency.around(service, router), ledger.clone(), faults.clone());
        let open = async |place: u16, front: Front, tls| {
            let tls = if tls { Some(authority.server_config()) } else { None };
            let port = options.first_port.map(|first| first.saturating_add(place));
            let words = || port.map_or("binding a port of 127.0.0.1".to_owned(), |port| format!("binding port {port}"));
            Endpoint::open_on(port, tls, front.exchange()).await.with_context(words)
        };
        let audiences = options.cloud.resource_manager_audiences();
        let resources = [audiences.as_slice(), &[SERVICE_BUS_AUDIENCE, STORAGE_AUDIENCE]].concat();
        let directory_of = Entra::new(tokens.clone(), options.applications, &resources);
        let entra = open(5, front(Service::Entra, directory_of.router()), true).await?;
        let login = format!("https://localhost:{}", entra.address().port());
        let metadata = cloud_metadata::router(options.cloud, login.clone());
        let resource_manager = front(Service::ResourceManager, resource_manager)
            .guarded(tokens.clone(), &audiences)
            .with_login(&login)
            .open(cloud_metadata::PATH, metadata)
            .faked(fakes.clone())
            .written(options.exchanges);
        let service_bus = front(Service::ServiceBus, service_bus::router(broker.clone()))
            .guarded(tokens.clone(), &[SERVICE_BUS_AUDIENCE])
            .gated(options.gate.clone());
        let blob = front(Service::Blob, blob::router(blobs.clone()))
            .guarded(tokens.clone(), &[STORAGE_AUDIENCE])
            .with_login(&login)
            .gated(options.gate);
        let azure = Self {
            resource_manager: open(0, resource_manager, true).await?,
            service_bus: open(1, service_bus, true).await?,
            identity_endpoint: open(2, front(Service::Identity, identity.router()), false).await?,
            blob: open(3, blob, true).await?,
            entra,
            broker,
            blobs,
            identity,
            faults: faults.clone(),
            fakes,
            ledger: ledger.clone(),
            timers: TimerStore::default(),
            latency: latency.clone(),
            authority: authority.clone(),
            directory,
        };
        let ca_file = azure.endpoints().ca_file;
        azure.authority.write_certificate(&ca_file).with_context(|| format!("writing {}", ca_file.display()))?;
        Ok(azure)
    }

    /// Where the services are.
    pub fn endpoints(&self) -> Endpoints {
        let port = |endpoint: &Endpoint| endpoint.address().port();
        Endpoints {
            resource_manager: format!("https://localhost:{}", port(&self.resource_manager)),
            service_bus: format!("https://localhost:{}", port(&self.service_bus)),
            identity: format!("http://{}{}", self.identity_endpoint.address(), Identity::PATH),
            blob: format!("https://localhost:{}/", port(&self.blob)),
            entra: format!("https://localhost:{}", port(&self.entra)),
            ca_file: self.directory.path().join("ca.pem"),
        }
    }

    /// The app settings and platform variables with which the worker finds these services.
    pub fn worker_env(&self) -> BTreeMap<String, String> {
        let endpoints = self.endpoints();
        let mut env: BTreeMap<String, String> = [
            ("ServiceBus__fullyQualifiedNamespace", endpoints.service_bus.replacen("https://", "", 1)),
            ("ServiceBus__credential", "managedidentity".to_owned()),
            ("STATE_BLOB_ENDPOINT", endpoints.blob),
            ("RESOURCE_MANAGER_ENDPOINT", endpoints.resource_manager),
            ("IDENTITY_ENDPOINT", endpoints.identity),
            ("IDENTITY_HEADER", self.identity.secret().to_owned()),
            ("SSL_CERT_FILE", endpoints.ca_file.display().to_string()),
            ("HOME_TENANT_ID", self.identity.tokens().tenant().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let identities = self.identity.identities();
        // An app without a system-assigned identity must say which of its own it means.
        if let (None, Some(user)) = (&identities.system_assigned, identities.user_assigned.first()) {
            for name in ["ServiceBus__clientId", "AZURE_CLIENT_ID"] {
                env.insert(name.to_owned(), user.client_id.clone());
            }
        }
        env
    }

    /// Options for a Functions host whose worker lives on these services: their settings, faults and ledger, and what the
    /// hosts before it have kept of their timers.
    pub fn host_options(&self) -> HostOptions {
        HostOptions {
            settings: self.worker_env(),
            faults: self.faults.clone(),
            ledger: self.ledger.clone(),
            timers: self.timers.clone(),
            ..HostOptions::default()
        }
    }

    /// A bearer token of the app's first identity, for a test that speaks to a service itself.
    ///
    /// # Errors
    /// When the app has no identity.
    pub fn token(&self, audience: &str) -> anyhow::Result<String> {
        let identities = self.identity.identities();
        let principal = identities.system_assigned.iter().chain(&identities.user_assigned).next();
        let principal = principal.context("the app has no identity")?;
        Ok(self.identity.tokens().issue(principal, audience, OffsetDateTime::now_utc()).0)
    }

    /// The Service Bus namespace.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The storage account.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The rules by which exchanges fail.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What Resource Manager answers instead of itself.
    pub fn fakes(&self) -> &Fakes {
        &self.fakes
    }

    /// The record of all exchanges.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How long exchanges take on top; it can be changed at any time.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// The identity endpoint and its tokens.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The certificate authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Stops a service: its connections are closed and new ones refused, until [`LocalAzure::restore`]. The Functions
    /// host is not one of the services here, so nothing happens for it.
    pub async fn outage(&self, service: Service) {
        if let Some(endpoint) = self.endpoint(service) {
            endpoint.stop().await;
        }
    }

    /// Ends an outage; the service is on its old port again.
    ///
    /// # Errors
    /// When another process has taken the port in the meantime.
    pub async fn restore(&self, service: Service) -> anyhow::Result<()> {
        match self.endpoint(service) {
            Some(endpoint) => endpoint.resume().await.with_context(|| format!("{service} on {}", endpoint.address())),
            None => Ok(()),
        }
    }

    fn endpoint(&self, service: Service) -> Option<&Endpoint> {
        match service {
            Service::ResourceManager => Some(&self.resource_manager),
            Service::ServiceBus => Some(&self.service_bus),
            Service::Identity => Some(&self.identity_endpoint),
            Service::Blob => Some(&self.blob),
            Service::Entra => Some(&self.entra),
            Service::Functions => None,
        }
    }
}

#[cfg(test)]
#[path = "local_azure_tests.rs"]
mod tests;
