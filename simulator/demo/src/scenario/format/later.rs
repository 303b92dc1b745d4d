//! What happens after the start.

use serde::Deserialize;
use serde_json::Value;

use super::answers::Answer;
use super::estate::{Assigned, Resource, State};

/// A step. Steps are taken one after the other; first it acts, then its events are sent.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Later {
    /// Not before so many seconds after the start.
    #[serde(default)]
    pub at: f64,
    /// Not before all that was sent has come to rest: nothing waits, and no task runs.
    #[serde(default)]
    pub when_settled: bool,
    /// What people and the services do.
    #[serde(default, rename = "do")]
    pub acts: Vec<Act>,
    /// Resources that are found then, each with the event about it.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Further events, as captured.
    #[serde(default)]
    pub events: Vec<Value>,
}

/// What somebody does. One that finds nothing to act on fails the scenario.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Act {
    /// A person deletes the resource with this id.
    DeleteResource(String),
    /// A person cancels all running tasks of assignments whose id contains this.
    CancelTasks(String),
    /// A person deletes all ended tasks of assignments whose id contains this.
    DeleteTasks(String),
    /// A person opens a task.
    OpenTask(OpenedTask),
    /// A person changes an assignment, or makes a new one.
    Assign(Assigned),
    /// A person deletes the assignment with this id.
    RemoveAssignment(String),
    /// A person registers this resource provider in every subscription that has not.
    Register(String),
    /// An evaluation finds another state, and Azure sends the event about it.
    Evaluate(Evaluated),
    /// From now on Resource Manager gives this answer, too.
    Answer(Box<Answer>),
    /// From now on Resource Manager answers itself again where it gave the answer of this name.
    TakeBackAnswer(String),
    /// A service stops.
    Stop(Stoppable),
    /// A service runs again.
    Start(Stoppable),
    /// The timer of this function fires.
    Fire(String),
    /// The worker of the instance with this number, from 0, dies.
    KillWorker(usize),
}

/// A task that a person opens.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenedTask {
    /// The id of its scope.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// The whole id of the assignment.
    pub assignment: String,
    /// The reference id, where that is of an initiative.
    #[serde(default)]
    pub reference: Option<String>,
}

/// What an evaluation finds.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evaluated {
    /// The whole id of the resource.
    pub resource: String,
    /// The whole id of the assignment.
    pub assignment: String,
    /// The reference id, where that is of an initiative.
    #[serde(default)]
    pub reference: Option<String>,
    /// What is found.
    #[serde(default)]
    pub state: State,
}

/// A service that can stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Stoppable {
    /// Resource Manager.
    ResourceManager,
    /// Service Bus.
    ServiceBus,
    /// Blob Storage.
    Blob,
    /// The identity endpoint.
    Identity,
}
