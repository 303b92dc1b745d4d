//! What there is: assignments, resources, and how deployments to them end.

use serde::Deserialize;

/// What the estate is made of at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Base {
    /// Of what `resources` and `events` name, those of `later` too: all of it exists, and each assignment can remediate.
    #[default]
    Events,
    /// The estate of the demo; where no resources and no events are given, with its events.
    Sample,
}

/// A policy assignment. What is not said stays as it is; of one that is new, it is as usual.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assigned {
    /// The whole id of the assignment.
    pub id: String,
    /// The effect of its policy, or of all policies of its initiative. As usual: DeployIfNotExists.
    #[serde(default)]
    pub effect: Option<String>,
    /// The policies of its initiative. With this it is of an initiative that has no others.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Who acts for it. As usual: an identity of its own.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// Whether its identity has the roles that the policy needs. As usual: yes.
    #[serde(default)]
    pub has_roles: Option<bool>,
    /// The user-assigned identity that acts for it: its whole id.
    #[serde(default)]
    pub user_identity: Option<String>,
    /// The GUIDs of the roles that its policies ask for. As usual: Contributor.
    #[serde(default)]
    pub roles: Option<Vec<String>>,
    /// The values of its parameters.
    #[serde(default)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// The version that it pins, such as `1.*.*`.
    #[serde(default)]
    pub pin: Option<String>,
    /// The roles that version 1.0.0 of its policies asks for, where the newest, 2.0.0, asks for others.
    #[serde(default)]
    pub older_roles: Option<Vec<String>>,
    /// Scopes that it leaves out.
    #[serde(default)]
    pub not_scopes: Option<Vec<String>>,
    /// Whether the policy takes effect by itself. As usual: yes. If not, its enforcement mode is DoNotEnforce.
    #[serde(default)]
    pub is_enforced: Option<bool>,
}

/// A policy of an initiative.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its reference id.
    pub reference: String,
    /// Its effect. As usual: DeployIfNotExists.
    #[serde(default)]
    pub effect: Option<String>,
}

/// Who acts for an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Identity {
    /// An identity of its own.
    System,
    /// Nobody.
    None,
}

/// A resource under an assignment, and the event about it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// The whole id of the resource. `{n}` is the number of each, where `count` says that there are several.
    pub id: String,
    /// So many of them, numbered from 0.
    #[serde(default = "one")]
    pub count: usize,
    /// The whole id of the assignment.
    pub assignment: String,
    /// The reference id, where it is of an initiative.
    #[serde(default)]
    pub reference: Option<String>,
    /// The whole id of the policy definition. As usual: of the assignment's name and the reference.
    #[serde(default)]
    pub definition: Option<String>,
    /// What the evaluation found.
    #[serde(default)]
    pub state: State,
    /// So many seconds before the event is sent.
    #[serde(default = "a_minute")]
    pub seconds_ago: f64,
    /// What the event says.
    #[serde(default)]
    pub event: Sent,
    /// The schema of the event.
    #[serde(default)]
    pub schema: EventSchema,
}

fn one() -> usize {
    1
}

fn a_minute() -> f64 {
    60.0
}

/// The compliance of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum State {
    /// It is not as the policy wants it.
    #[default]
    NonCompliant,
    /// It is.
    Compliant,
    /// Somebody exempted it.
    Exempt,
    /// It cannot be told.
    Unknown,
}

/// Which event is sent about a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Sent {
    /// Its state was found for the first time.
    Created,
    /// Its state has changed.
    #[default]
    Changed,
    /// Its state is gone.
    Deleted,
    /// None: the policy states alone tell of it.
    None,
}

/// The schema of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum EventSchema {
    /// Event Grid's own.
    #[default]
    EventGrid,
    /// CloudEvents 1.0.
    CloudEvents,
}

/// How the deployments to some resources end.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployments {
    /// Resources whose id contains this, in any case.
    pub of: String,
    /// Only under assignments whose id contains this, in any case.
    #[serde(default)]
    pub under: String,
    /// One after the other; the last one repeats.
    pub end: Vec<Ending>,
}

/// How a deployment ends.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// The resource complies.
    Succeed,
    /// It stays as it is.
    Fail(Failure),
}

/// The error of a deployment.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// Its code.
    pub code: String,
    /// The service's sentence, whatever it is.
    pub message: String,
    /// Inner errors.
    #[serde(default)]
    pub details: Vec<Failure>,
}
