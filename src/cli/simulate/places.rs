//! Where everything is: what `simulate` prints, for people and as JSON, and the files that it lays beside the CA file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};
use simulator::estate::Estate;
use simulator::functions_host::FunctionsHost;
use simulator::{Endpoints, LocalAzure};
use simulator_demo::Events;

use super::logins::Logins;
use crate::cli::operator::PLACES_FILE;
use crate::cli::print::quoted;

/// The places of a simulation.
pub(in crate::cli) struct Places {
    services: Endpoints,
    functions: String,
    events: PathBuf,
    estate: PathBuf,
    env: BTreeMap<String, String>,
    /// The client id of an identity that is Owner of everything, and what it can log in with as an application.
    operator: String,
    secret: String,
    certificate: PathBuf,
    example: Option<Value>,
}

impl Places {
    /// The places of what runs. Writes events and estate into files of their own.
    pub(in crate::cli) fn of(
        azure: &LocalAzure,
        host: &FunctionsHost,
        estate: &Estate,
        events: Events,
        example: Option<&Value>,
    ) -> anyhow::Result<Self> {
        let services = azure.endpoints();
        Ok(Self {
            functions: host.url(),
            events: listed(&services.ca_file.with_file_name("events.json"), events)?,
            estate: written(&services.ca_file.with_file_name("estate.json"), estate)?,
            env: azure.worker_env(),
            operator: String::new(),
            secret: String::new(),
            certificate: services.ca_file.with_file_name("owner.pem"),
            example: example.cloned(),
            services,
        })
    }

    /// Tells who is Owner of everything, and lays its certificate beside the others.
    pub(in crate::cli) fn lets_in(&mut self, logins: &Logins) -> anyhow::Result<()> {
        self.operator.clone_from(&logins.owner.client_id);
        self.secret.clone_from(&logins.secret);
        let place = &self.certificate;
        std::fs::write(place, &logins.certificate.pem).with_context(|| format!("{} cannot be written", place.display()))
    }

    /// Leaves them and all settings of the worker for the commands that look at what is simulated (`--simulated`).
    pub(in crate::cli) fn leave(&self, settings: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let mut places = self.json();
        places["settings"] = json!(settings);
        written(&self.services.ca_file.with_file_name(PLACES_FILE), &places).map(drop)
    }

    /// As one JSON line.
    pub(in crate::cli) fn json(&self) -> Value {
        json!({
            "resourceManager": self.services.resource_manager,
            "serviceBus": self.services.service_bus,
            "identity": self.services.identity,
            "blob": self.services.blob,
            "entra": self.services.entra,
            "functions": self.functions,
            "caFile": self.services.ca_file,
            "operatorClientId": self.operator,
            "operatorClientSecret": self.secret,
            "operatorCertificate": self.certificate,
            "tenant": self.env.get("HOME_TENANT_ID"),
            "events": self.events,
            "estate": self.estate,
            "curl": self.curl(),
            "env": self.env,
        })
    }

    /// For people.
    pub(in crate::cli) fn text(&self) -> String {
        let Endpoints { resource_manager, service_bus, identity, blob, entra, ca_file } = &self.services;
        let mut text = String::new();
        for (name, place) in [
            ("Resource Manager", resource_manager.clone()),
            ("Service Bus", service_bus.clone()),
            ("Identity", identity.clone()),
            ("Blob Storage", blob.clone()),
            ("Functions host", self.functions.clone()),
            ("Entra ID", entra.clone()),
            ("CA file", ca_file.display().to_string()),
            ("Owner's client", self.operator.clone()),
            ("Owner's secret", self.secret.clone()),
            ("Owner's PEM", self.certificate.display().to_string()),
            ("Events", self.events.display().to_string()),
            ("Estate", self.estate.display().to_string()),
        ] {
            text.push_str(&format!("{name:18}{place}\n"));
        }
        text.push('\n');
        for (name, value) in &self.env {
            text.push_str(&format!("export {name}={}\n", quoted(value)));
        }
        if let Some(curl) = self.curl() {
            text.push_str(&format!("\nSend an event:\n\n{curl}\n"));
        }
        let all = self.post(&format!("@{}", self.events.display()));
        text.push_str(&format!("\nSend all of them:\n\n{all}\n\nCtrl-C stops everything."));
        text
    }

    /// A command that sends an event about something that can be fixed; none where nothing can.
    fn curl(&self) -> Option<String> {
        self.example.as_ref().map(|event| self.post(&json!([event]).to_string()))
    }

    fn post(&self, data: &str) -> String {
        let url = format!("{}/runtime/webhooks/eventgrid?functionName=receive-event", self.functions);
        let (url, data) = (quoted(&url), quoted(data));
        format!(
            "curl -X POST {url} -H 'aeg-event-type: Notification' -H 'content-type: application/json' --data-binary {data}"
        )
    }
}

/// A list of events, one after the other: there may be more than one wants to hold.
fn listed(path: &Path, events: Events) -> anyhow::Result<PathBuf> {
    let cannot = || format!("{} cannot be written", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
    let mut before = "[\n";
    for event in events {
        write!(file, "{before}{:#}", event?).with_context(cannot)?;
        before = ",\n";
    }
    let end = if before == "[\n" { "[]\n" } else { "\n]\n" };
    file.write_all(end.as_bytes()).and_then(|()| file.flush()).with_context(cannot)?;
    Ok(path.to_owned())
}

fn written(path: &Path, value: &impl Serialize) -> anyhow::Result<PathBuf> {
    let text = serde_json::to_string_pretty(value)?;
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path.to_owned())
}
