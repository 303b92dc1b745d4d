//! A message of `batch-runs`: look through these scopes for what does not comply. It is written by people and by programs, so it is
//! read strictly, and what is wrong with it is told by the name of the member.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AssignmentId, ReferenceId, RunScope, fold};
use crate::settings::AssignmentPatterns;

use super::run_options::{Location, RunOptions, Share};
use super::unreadable::{OF_EVENT, Unreadable, shape};

/// The only version so far.
const VERSION: u32 = 1;
/// Most scopes of a run. As many subscriptions as a person lists in one message.
pub(crate) const MOST_SCOPES: usize = 1_000;
/// Most items of each other list.
const MOST_ITEMS: usize = 100;
/// Most resources of one task (Microsoft documentation, "Azure Policy remediation task structure").
const MOST_RESOURCES: u32 = 50_000;
/// Most deployments of a task at the same time (same source).
const MOST_PARALLEL: u32 = 30;

/// The name of a run, folded: the name of its document, and the origin of what it finds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    const LONGEST: usize = 64;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let fits = (1..=Self::LONGEST).contains(&text.len());
        let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        // A dot at an end is lost in some addresses.
        let has_ends = !text.starts_with('.') && !text.ends_with('.');
        if !(fits && is_name && has_ends) {
            return Err(
                "it is not 1 to 64 ASCII letters, digits, dots, dashes or underscores, without a dot at an end",
            );
        }
        let text = fold(text);
        if text == OF_EVENT { Err("the name is taken by what events see") } else { Ok(Self(text)) }
    }
}

impl TryFrom<String> for RunId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a run finds what does not comply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Discovery {
    /// By policy states where few queries do, by Resource Graph over many subscriptions.
    #[default]
    Auto,
    /// By queries of policy states alone.
    PolicyStates,
    /// By Resource Graph alone.
    ResourceGraph,
}

impl Discovery {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::PolicyStates, Self::ResourceGraph];
    /// Their words, in the same order.
    pub const WORDS: [&'static str; 3] = ["auto", "policyStates", "resourceGraph"];
}

/// A batch run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct BatchRun {
    /// Its name.
    pub run_id: RunId,
    /// What it goes over, one at least; none lies as a whole in another, as far as the ids tell.
    pub scopes: Vec<RunScope>,
    /// Only these assignments; empty: all.
    pub assignments: AssignmentPatterns,
    /// Only these references of initiatives; empty: all, and single policies.
    pub references: BTreeSet<ReferenceId>,
    /// What it asks of its tasks.
    pub options: RunOptions,
    /// How it looks; none: as the setting says.
    pub discovery: Option<Discovery>,
    /// Only what would be done is reported.
    pub dry_run: bool,
    /// How often `recover` has sent it back from the dead-letter queue.
    pub returns: u32,
}

impl BatchRun {
    /// A run over these scopes that asks for nothing else.
    #[must_use]
    pub fn over(run_id: RunId, scopes: Vec<RunScope>) -> Self {
        Self {
            run_id,
            scopes: outermost(scopes),
            assignments: AssignmentPatterns::default(),
            references: BTreeSet::new(),
            options: RunOptions::default(),
            discovery: None,
            dry_run: false,
            returns: 0,
        }
    }

    /// Whether the run is about this policy.
    #[must_use]
    pub fn is_about(&self, assignment: &AssignmentId, reference: Option<&ReferenceId>) -> bool {
        let references = &self.references;
        (self.assignments.is_empty() || self.assignments.match_id(assignment))
            && (references.is_empty() || reference.is_some_and(|reference| references.contains(reference)))
    }

    /// Whether the same is asked for.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        *self == Self { returns: self.returns, ..other.clone() }
    }

    /// The same run, marked as sent back from the dead-letter queue once more.
    #[must_use]
    pub fn returned(self) -> Self {
        Self { returns: self.returns.saturating_add(1), ..self }
    }
}

/// A message of `batch-runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchMessage {
    /// Begin a run.
    Run(Box<BatchRun>),
    /// Go on with one.
    Continuation(Continuation),
}

/// A message that a run sends itself: go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Continuation {
    version: u32,
    /// The run.
    pub run_id: RunId,
    /// The generation of its document that the message belongs to.
    pub continues: u64,
}

impl Continuation {
    /// The continuation of this generation.
    #[must_use]
    pub fn new(run_id: RunId, generation: u64) -> Self {
        Self { version: VERSION, run_id, continues: generation }
    }
}

impl BatchMessage {
    /// The run that it is about.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        match self {
            Self::Run(run) => &run.run_id,
            Self::Continuation(continuation) => &continuation.run_id,
        }
    }

    /// Reads a message's body.
    ///
    /// # Errors
    /// What is wrong with it, for whoever wrote it.
    pub fn read(body: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            version: Option<u32>,
            continues: Option<u64>,
        }
        let head: Head = serde_json::from_str(body).map_err(shape)?;
        match head {
            Head { version: None, .. } => Err(Unreadable::Shape("version is missing; it is 1".to_owned())),
            Head { version: Some(version), .. } if version != VERSION => {
                Err(Unreadable::Version { found: version, known: VERSION })
            }
            Head { continues: Some(_), .. } => serde_json::from_str(body).map(Self::Continuation).map_err(shape),
            Head { continues: None, .. } => serde_json::from_str(body).map(Self::Run).map_err(shape),
        }
    }
}

/// The message as it is written. Its schema is published as `docs/batch-run.schema.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(
        title = "BatchRun",
        description = "A message of the queue batch-runs: look through these scopes for what does not comply, and remediate it."
    )
)]
struct Wire {
    /// The version of the message: 1.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    version: u32,
    /// The name of the run: the same name twice does nothing twice. Letters count the same in either case.
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z0-9_-]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$")))]
    run_id: String,
    /// Ids of management groups, subscriptions and resource groups.
    #[cfg_attr(test, schemars(length(min = 1, max = MOST_SCOPES)))]
    scopes: Vec<String>,
    /// Only these assignments: names or whole ids, `*` and the other signs of a pattern as in `INCLUDE_ASSIGNMENTS`. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(max = MOST_ITEMS)))]
    assignments: Vec<String>,
    /// Only these policies of initiatives: their reference ids. Default: all, and assignments of single policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(max = MOST_ITEMS)))]
    references: Vec<String>,
    /// Only resources in these locations, such as westeurope. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(max = MOST_ITEMS)))]
    locations: Vec<String>,
    /// Most resources of each target that the run remediates. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 1, max = MOST_RESOURCES)))]
    resource_count: Option<u32>,
    /// Deployments of a task at the same time. Default: `PARALLEL_DEPLOYMENTS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 1, max = MOST_PARALLEL)))]
    parallel_deployments: Option<u32>,
    /// Share of failed deployments above which a task gives up. Default: `FAILURE_THRESHOLD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0.0, max = 1.0)))]
    failure_threshold: Option<f32>,
    /// How the run finds what does not comply. Default: `SWEEP_DISCOVERY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discovery: Option<Discovery>,
    /// Only report what would be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// How often the worker itself has sent the message back from the dead-letter queue. Leave it out.
    #[serde(default, skip_serializing_if = "super::body::is_zero")]
    returns: u32,
}

impl TryFrom<Wire> for BatchRun {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        if wire.version != VERSION {
            return Err(format!("version is {}; this worker knows {VERSION}", wire.version));
        }
        let run_id = wire.run_id.parse().map_err(|why| format!("runId: {why}"))?;
        if wire.scopes.is_empty() {
            return Err("scopes: one is needed at least".to_owned());
        }
        let scopes = list::<RunScope>("scopes", &wire.scopes, MOST_SCOPES)?;
        short("assignments", &wire.assignments, MOST_ITEMS)?;
        let resource_count = within("resourceCount", wire.resource_count, MOST_RESOURCES)?;
        let parallel_deployments = within("parallelDeployments", wire.parallel_deployments, MOST_PARALLEL)?;
        let failure_threshold = wire.failure_threshold.map(Share::try_from).transpose();
        let options = RunOptions {
            resource_count,
            parallel_deployments,
            failure_threshold: failure_threshold.map_err(|why| format!("failureThreshold: {why}"))?,
            locations: list::<Location>("locations", &wire.locations, MOST_ITEMS)?.into_iter().collect(),
        };
        Ok(Self {
            run_id,
            scopes: outermost(scopes),
            assignments: AssignmentPatterns::of(wire.assignments).map_err(|why| format!("assignments: {why}"))?,
            references: list::<ReferenceId>("references", &wire.references, MOST_ITEMS)?.into_iter().collect(),
            options,
            discovery: wire.discovery,
            dry_run: wire.dry_run,
            returns: wire.returns,
        })
    }
}

impl From<BatchRun> for Wire {
    fn from(run: BatchRun) -> Self {
        let RunOptions { resource_count, parallel_deployments, failure_threshold, locations } = run.options;
        Self {
            version: VERSION,
            run_id: run.run_id.into(),
            scopes: run.scopes.into_iter().map(String::from).collect(),
            assignments: run.assignments.into_texts(),
            references: run.references.into_iter().map(String::from).collect(),
            locations: locations.into_iter().map(String::from).collect(),
            resource_count,
            parallel_deployments,
            failure_threshold: failure_threshold.map(f32::from),
            discovery: run.discovery,
            dry_run: run.dry_run,
            returns: run.returns,
        }
    }
}

fn short(name: &str, texts: &[String], most: usize) -> Result<(), String> {
    let count = texts.len();
    if count <= most { Ok(()) } else { Err(format!("{name}: there are {count}; at most {most} are taken")) }
}

fn list<T: FromStr>(name: &str, texts: &[String], most: usize) -> Result<Vec<T>, String>
where
    T::Err: fmt::Display,
{
    short(name, texts, most)?;
    let read = |(place, text): (usize, &String)| text.parse().map_err(|why| format!("{name}[{place}]: {why}"));
    texts.iter().enumerate().map(read).collect()
}

fn within(name: &str, given: Option<u32>, most: u32) -> Result<Option<u32>, String> {
    match given {
        Some(number) if !(1..=most).contains(&number) => {
            Err(format!("{name}: {number} is not a whole number from 1 to {most}"))
        }
        given => Ok(given),
    }
}

/// The scopes, each once, without groups whose subscription is among them.
fn outermost(scopes: Vec<RunScope>) -> Vec<RunScope> {
    let all: BTreeSet<RunScope> = scopes.into_iter().collect();
    let whole = |scope: &RunScope| match scope {
        RunScope::ResourceGroup(group) => all.iter().any(
            |other| matches!(other, RunScope::Subscription(subscription, _) if subscription == group.subscription()),
        ),
        RunScope::ManagementGroup(_) | RunScope::Subscription(..) => false,
    };
    all.iter().filter(|scope| !whole(scope)).cloned().collect()
}

#[cfg(test)]
#[path = "batch_run_tests.rs"]
mod tests;
