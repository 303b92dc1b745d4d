//! What the tests stand on: an estate, a local Azure for it, the worker under a Functions host, and ways to look at all.

mod estate;
mod group;
mod group_run;
mod log;
mod many_run;
mod package;
mod people;
mod queues;
mod rest;
mod settings;
mod shared_run;
mod simulation;
mod start;
mod state;
mod wait;
mod worker_call;

pub(crate) use estate::{
    CONTRIBUTOR, DEFINITION, account, assignment, event, events, land, plot, record, subscription,
};
pub(crate) use group::{GROUP, Group};
pub(crate) use many_run::Many;
pub(crate) use package::stage_package;
pub(crate) use queues::observation;
pub(crate) use rest::Expected;
pub(crate) use shared_run::Shared;
pub(crate) use simulation::Simulation;
pub(crate) use start::{Stage, tempo};
pub(crate) use wait::{LONGER_AND_LONGER, PATIENCE, until, until_done, until_met};
