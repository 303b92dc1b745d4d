//! Resource Manager. Calls are values, answers are parsed here, errors carry their meaning.
//! Nothing here decides what is to be done.

mod answer;
mod api_versions;
mod assigned;
mod assignments;
mod body;
mod budget;
mod call;
mod call_queue;
mod client;
mod content;
mod creation;
#[cfg(test)]
mod damaged_pages_tests;
mod definitions;
mod descendants;
mod error;
mod evaluations;
mod event_topics;
mod facts;
mod function_app;
mod grants;
mod graph;
mod graph_query;
mod homes;
mod identity_policy;
mod inherited;
mod known;
mod lenient;
mod links;
mod made_grants;
mod own_rights;
mod page;
#[cfg(test)]
mod patience_tests;
mod policy_states;
mod punctual;
mod queues;
mod refusal;
mod remediations;
mod retry_after;
mod rights;
mod roles;
mod run_queries;
mod scanned;
mod service_error;
mod shelf;
mod task_lists;
#[cfg(test)]
mod task_lists_tests;
mod turn;
mod words;

pub use answer::{Answer, Oddity};
pub use assigned::Assigned;
pub use call::{Call, QuotaScope};
pub use client::{ArmClient, Rest, SHORT_REST};
pub use creation::{creation, is_crowded_out};
pub use descendants::Descendant;
pub use error::ArmError;
pub use evaluations::Scan;
pub use event_topics::ListedTopic;
pub use facts::FactsReader;
pub use grants::{description, granted};
pub use graph::GraphPage;
pub use homes::Homes;
pub use lenient::{Item, Members, read_item};
pub use made_grants::{MadeGrant, made_grants};
pub use own_rights::own_permissions;
pub use page::Page;
pub use queues::QueueCounts;
pub use refusal::{may_be_for_want_of_delegation, stays_for_good, unanswered};
pub use rights::{Asking, RightsReader};
pub use scanned::{of_question, of_request};
pub use words::cut_to;

/// The calls, by what they are about.
pub mod calls {
    pub use super::descendants::descendants;
    pub use super::evaluations::{read_evaluation, trigger_evaluation};
    pub use super::event_topics::{list_listeners, list_topics};
    pub use super::function_app::{function_state, host_state, list_functions};
    pub use super::grants::create_role_assignment;
    pub use super::graph_query::{counts_in_graph, resources_in_graph, visible_in_graph};
    pub use super::policy_states::{all_non_compliant, latest_states};
    pub use super::queues::list_queues;
    pub use super::remediations::{cancel_task, create_task, delete_task, list_deployments, list_tasks, task};
    pub use super::run_queries::{counts, resources};
}

pub use run_queries::Row;
