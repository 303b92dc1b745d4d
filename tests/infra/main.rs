//! What `infra/` would create is what the code needs, and no more: read from the snapshots beside this file, which the Bicep compiler
//! makes (`scripts/check-infra` holds them to the templates), so that no compiler, no network and no Azure is needed here.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure that is wanted")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the clock, and are told by the environment to write a document"
)]

mod alerts;
mod azure_yaml;
mod events;
#[cfg(unix)]
mod first_minutes;
mod held;
#[cfg(unix)]
mod hooks;
#[cfg(unix)]
mod least_privilege;
#[cfg(unix)]
mod least_roles;
#[cfg(unix)]
mod optional;
mod parameters;
mod planted;
#[cfg(unix)]
mod play;
mod proof;
mod queues;
#[cfg(unix)]
mod recording;
mod resource_table;
mod rights;
mod settings;
mod site;
mod snapshot;
mod storage;
