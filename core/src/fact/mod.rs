//! What Azure says, as values. The shell reads them from answers; nothing here knows the wire.

mod assignment;
mod call_kind;
mod creation;
mod deployment;
mod evaluation;
mod event_topic;
mod function_app;
mod new_task;
mod policy_state;
mod refusal;
mod scope_states;
mod subscription_cause;
mod task;
mod unanswered;

pub use assignment::{AssignedPolicy, Assignment, Facts, Found, Terms};
pub use call_kind::CallKind;
pub use creation::Creation;
pub use deployment::{Deployment, DeploymentList, DeploymentStatus};
pub use evaluation::Scanned;
pub use event_topic::{EventDestination, EventListener, EventTopic};
pub use function_app::{AppFunction, HostState};
pub use new_task::NewTask;
pub use policy_state::{Effect, PolicyState};
pub use refusal::Refusal;
pub use scope_states::{ScopeStates, Unread};
pub use subscription_cause::subscription_cause;
pub use task::{ActiveTasks, DeploymentCounts, ListedTask, TaskState, TaskStatus};
pub use unanswered::Unanswered;
