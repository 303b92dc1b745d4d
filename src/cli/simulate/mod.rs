//! `simulate`: the local Azure with the worker on it, kept running for `az`, SDKs, curl and curiosity. It sends no events by
//! itself: what there is to send stands in a file, and the first of it in a command.

mod log;
mod logins;
mod places;
mod short;
mod shown;
mod start;

pub(super) use log::Told;
pub(super) use logins::Logins;
pub(super) use places::Places;
pub(super) use shown::Shown;

use std::path::PathBuf;

use simulator::functions_host::{CtrlC, FunctionsHost, HostOptions};
use simulator::identity::{ManagedIdentities, Principal};
use simulator::resource_manager::ResourceManager;
use simulator::{Cloud, Exchanges, LocalAzure, LocalAzureOptions};
use simulator_demo::{settings, with_operator, with_rights};

use crate::cli::exit::DONE;

use super::mode::CliMode;
use super::package::Package;
use super::print::print;
use super::setting::{log_filter, setting};
use super::stop;
use start::{Start, start};

/// Keep a local Azure running, with the worker on it, and print where its services are.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator simulate\n  policy-remediator simulate --port 4400 --set MAX_ATTEMPTS=3 --log worker.log"
)]
pub(super) struct Arguments {
    /// Take this port for Resource Manager, and the next five for Service Bus, identity, Blob Storage, the Functions host and Entra ID.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..=65_530))]
    port: Option<u16>,
    /// Run this package instead of the binary's own.
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
    /// Simulate this estate, in the form of the `estate.json` that lies beside the CA file.
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,
    /// Simulate an estate derived from captured events (a JSON list, or one a line, in either schema).
    #[arg(long, value_name = "FILE", conflicts_with = "estate")]
    events: Option<PathBuf>,
    /// Simulate the situation in this file; its events, later steps and expectations are left to you.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["estate", "events"])]
    scenario: Option<PathBuf>,
    /// Whether the worker may act: as usual it may, or as the scenario says.
    #[arg(long, value_enum)]
    mode: Option<CliMode>,
    /// A setting of the worker, on top of the demo's. Can be given again.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Run every function on workers of its own, as Flex Consumption does: so many of each.
    #[arg(long)]
    split: bool,
    /// How many workers run.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    instances: u8,
    /// Write the worker's log to this file, line by line; its short form goes to stderr in any case.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write every exchange with Resource Manager to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    exchanges: Option<PathBuf>,
    /// Print the endpoints as one JSON line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let package = Package::of(arguments.package.clone())?;
    let Start { estate, events, example, conditions, faults, mode, settings: own } = start(&arguments)?;
    let file = arguments.log.map(|path| super::written::create(&path)).transpose()?;
    let (worker, operator) = (Principal::random(), Principal::random());
    let exchanges = arguments.exchanges.map(|path| super::written::create(&path)).transpose()?.map(Exchanges::to);
    let logins = Logins::of(&operator)?;
    let named = |name: &str| {
        let given = arguments.settings.iter().map(|(known, word)| (known, word));
        given.chain(&own).find(|(known, _)| *known == name).map(|(_, word)| word.as_str())
    };
    let cloud = named("AZURE_CLOUD").and_then(Cloud::named).unwrap_or_default();
    let guarded = with_operator(with_rights(estate.clone(), &worker, named("GRANT_ROLES")), &operator);
    let manager = ResourceManager::new(guarded, conditions.tempo).with_allowance(conditions.allowance);
    let options = LocalAzureOptions {
        home_tenant_id: estate.home_tenant.clone(),
        identities: ManagedIdentities { system_assigned: Some(worker), user_assigned: vec![operator] },
        applications: vec![logins.application()],
        cloud,
        exchanges,
        gate: Some(manager.gate()),
        first_port: arguments.port,
        ..LocalAzureOptions::default()
    };
    let azure = LocalAzure::start(manager.router(), options).await?;
    let shown = Shown::of(&estate);
    if let Some(shown) = &shown {
        shown.to(&manager, &azure, &estate);
    }
    conditions.fakes.into_iter().for_each(|fake| azure.fakes().add(fake));
    faults.into_iter().for_each(|rule| azure.faults().add(rule));
    let mut host = HostOptions {
        ctrl_c: CtrlC::Ignore,
        instances: arguments.instances.into(),
        split: arguments.split,
        timers_run: true,
        port: arguments.port.map(|first| first + LocalAzureOptions::HOST),
        ..azure.host_options()
    };
    host.settings.extend(settings(mode));
    host.settings.extend(shown.as_ref().map(|shown| ("SERVICEBUS_RESOURCE_ID".to_owned(), shown.namespace.clone())));
    host.settings.extend(own);
    host.settings.extend(log_filter());
    host.settings.extend(arguments.settings);
    let mut settings = host.settings.clone();
    // No setting of the worker: the deployment tells it beside those.
    settings.extend(shown.map(|shown| ("FUNCTION_APP_ID".to_owned(), shown.app)));
    let host = FunctionsHost::start(package.folder(), azure.broker().clone(), host).await?;
    let log = Told::of(&host, file)?;
    let mut places = Places::of(&azure, &host, &estate, events.events()?, example.as_ref())?;
    places.lets_in(&logins)?;
    places.leave(&settings)?;
    print(&if arguments.json { places.json().to_string() } else { places.text() })?;
    stop::asked().await?;
    host.shutdown().await;
    log.end().await?;
    Ok(DONE)
}
