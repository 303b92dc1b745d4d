//! Tests through a real socket: what a client of Resource Manager sees, told as stories. With `EXCHANGES_FILE` set,
//! every exchange is appended there as a line of JSON, for a check against the OpenAPI files.

mod captured;
mod evaluations;
mod graph;
mod grouping;
mod groups;
mod hardship;
mod inventory;
mod local;
mod platform;
mod policies;
mod policy_events;
mod policy_states;
mod refusals;
mod remediation_life;
mod remediation_lists;
mod rights;
