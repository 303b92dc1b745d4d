//! The estate: plain data that describes a small Azure world - tenants, groups, subscriptions, policies, resources and
//! what is known of their compliance. Built by code for demos and tests, or derived from captured events.
//! It says what *is* at the start; what happens later belongs to the Resource Manager.

mod assignment;
mod built_in;
mod casing;
mod compliance;
mod definition;
mod derive;
mod effect;
mod event;
mod exempt;
mod exemption;
mod failure;
mod hierarchy;
mod id;
mod instant;
mod sample;
mod scope;
mod sighting;
mod world;

pub use assignment::{
    Assignment, EnforcementMode, Identity, Override, OverrideKind, ResourceSelector, Selector, SelectorKind,
};
pub use built_in::{BuiltIn, built_in_date};
pub use casing::{is_same, lower};
pub use compliance::{Attempt, ComplianceRecord, ComplianceState, RecordKey, Step};
pub use definition::{Definition, EffectSource, Initiative, Member};
pub use derive::{Derivation, derive};
pub use event::{EventKind, EventOrigin, PolicyEvent};
pub use exemption::{Category, Exemption};
pub use failure::{Failure, Nature};
pub use hierarchy::{ManagementGroup, Subscription};
pub use id::ArmId;
pub use instant::{instant_text, parse_instant};
pub use sample::sample;
pub use scope::Scope;
pub use world::{Estate, Resource};
