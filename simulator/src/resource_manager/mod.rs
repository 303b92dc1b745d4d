//! Resource Manager as the worker meets it: remediation tasks and policy states of Microsoft.PolicyInsights, and the
//! policies, subscriptions and management groups that they are about. Tasks live by the clock, computed when somebody
//! looks; there are no background jobs. Authentication, TLS and faults belong to the layers around it.

mod allowance;
mod api_versions;
mod apply;
mod authorization;
mod charge;
mod containers;
mod deployments;
mod drift;
mod drifting;
mod error;
mod evaluation;
mod evaluations;
mod fixes;
mod graph;
mod handle;
mod hierarchy;
mod locations;
mod management_groups;
mod namespace;
mod observation;
mod odata;
mod paging;
mod policies;
mod policy;
mod policy_state;
#[cfg(test)]
mod protocol;
mod providers;
mod queues;
mod quota;
mod records;
mod regions;
mod remediations;
mod reply;
mod request;
mod respond;
mod route;
mod service;
mod state_groups;
mod state_query;
mod state_rows;
mod state_summary;
mod task;
mod task_life;
mod task_request;
mod task_rights;
mod task_rules;
mod task_wire;
mod tempo;
mod world;

pub use allowance::Allowance;
pub use authorization::RefusedCall;
pub use drift::Drift;
pub use error::ArmError;
pub use graph::GraphLimits;
pub use handle::ResourceManager;
pub use observation::{Overlap, RecordView, Target, TaskView, Write, WriteKind};
pub use paging::PageSizes;
pub use regions::Regions;
pub use task::{Caller, CallerKind, DiscoveryMode, ProvisioningState, TaskRequest};
pub use tempo::Tempo;
