//! `simulate`: the local Azure with the worker on it, kept running for `az`, SDKs, curl and curiosity.

use anyhow::Context;
use serde_json::{Map, Value, json};
use simulator::functions_host::{CtrlC, FunctionsHost, HostOptions};
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{Mode, estate, settings};

use crate::cli::DONE;

use super::package::Package;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the endpoints as one JSON line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let package = Package::of(None)?;
    let estate = estate(policy_remediator::azure::now());
    let options = LocalAzureOptions { home_tenant_id: estate.home_tenant.clone(), ..LocalAzureOptions::default() };
    let manager = ResourceManager::new(estate, Tempo::quick());
    let azure = LocalAzure::start(manager.router(), options).await?;
    let mut host = HostOptions { ctrl_c: CtrlC::Ignore, ..azure.host_options() };
    host.settings.extend(settings(Mode::Act));
    let host = FunctionsHost::start(package.folder(), azure.broker().clone(), host).await?;
    let places = azure.endpoints();
    let env = azure.worker_env();
    if arguments.json {
        let env: Map<String, Value> = env.into_iter().map(|(name, value)| (name, value.into())).collect();
        let line = json!({
            "resourceManager": places.resource_manager,
            "serviceBus": places.service_bus,
            "identity": places.identity,
            "blob": places.blob,
            "functions": host.url(),
            "caFile": places.ca_file,
            "env": env,
        });
        println!("{line}");
    } else {
        println!("Resource Manager  {}", places.resource_manager);
        println!("Service Bus       {}", places.service_bus);
        println!("Identity          {}", places.identity);
        println!("Blob Storage      {}", places.blob);
        println!("Functions host    {}", host.url());
        println!("CA file           {}\n", places.ca_file.display());
        for (name, value) in env {
            println!("export {name}='{}'", value.replace('\'', "'\\''"));
        }
        println!("\nPost an event to {}/runtime/webhooks/eventgrid?functionName=receive-event", host.url());
        println!("with the header aeg-event-type: Notification. Ctrl-C stops everything.");
    }
    stopped().await?;
    host.shutdown().await;
    Ok(DONE)
}

/// Waits until the process is asked to stop.
async fn stopped() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended.context("Ctrl-C cannot be listened for")?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context("Ctrl-C cannot be listened for")?;
    Ok(())
}
