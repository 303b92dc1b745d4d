//! `plan`: what `act` would do, by the worker's own decisions, on documents that are kept in memory. It only reads.

mod discover;
mod offline;
mod online;
mod pass;
mod source;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use futures::{StreamExt, stream};
use serde::Serialize;

use policy_remediator::azure::{Clocks, now};
use remediation::control::{Controls, KnownApprovals};
use remediation::document::{
    ControlsDocument, Installation, InstallationDocument, PlanDigest, SubscriptionDocument, TargetDocument,
};
use remediation::event::ComplianceState;
use remediation::id::{ResourceId, RunScope, Target};
use remediation::message::{Finding, Observation, Sighting};
use remediation::report::{Forecast, HowLong, Paced, how_long};
use remediation::settings::{AssignmentPatterns, Mode, Settings, Tuning};
use remediation::time::{Moment, Timestamp};
use remediation::transition::merge_all;

use super::exit::{ATTENTION, DONE};
use super::operator::{Options, for_machines, progress};
use super::states_file;
use offline::Offline;
use pass::{Documents, forecast};
use source::Source;

/// Targets that are planned at a time.
const TOGETHER: usize = 8;

/// Tell what would be remediated and what not, and why, without changing anything.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("where").required(true).args(["scopes", "states"])),
    after_help = "Examples:\n  policy-remediator plan --scope /subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322\n  policy-remediator plan --scope /providers/Microsoft.Management/managementGroups/corp --assignment deploy-diagnostics --json\n  policy-remediator plan --scope /subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322 --out change.json\n  policy-remediator plan --states states.json\n\nGet the file with: az policy state list --all --filter \"complianceState eq 'NonCompliant'\" > states.json\nIt asks Azure with your own login (az login) and only reads; no namespace and no storage is needed.\nEnds with 3 where something needs a person before it can be remediated."
)]
pub(super) struct Arguments {
    /// A management group, a subscription or a resource group, as Azure has it now. Can be given again.
    #[arg(long = "scope", value_name = "ID")]
    scopes: Vec<RunScope>,
    /// Plan offline, from policy states in a file: what `az policy state list` or `az graph query` over policyresources prints,
    /// `-` for the standard input.
    #[arg(long, value_name = "FILE")]
    states: Option<PathBuf>,
    /// Also write the plan to this file, for `approve --plan`. It has no tasks for a whole scope: they name no resources.
    #[arg(long, value_name = "FILE", conflicts_with = "states")]
    out: Option<PathBuf>,
    /// Only assignments of this name or id; `*` stands for anything. Can be given again.
    #[arg(long = "assignment", value_name = "PATTERN")]
    assignments: Vec<String>,
    #[command(flatten)]
    options: Options,
}

/// The whole plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Planned {
    pub(super) totals: Totals,
    pub(super) targets: Vec<Forecast>,
    /// How long it takes in the first steps, at the pace and in the windows that hold.
    pub(super) how_long: Vec<HowLong>,
    /// What the plan does not know, and what could not be read.
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    pub(super) targets: usize,
    pub(super) tasks: usize,
    /// Resources that the tasks are meant for.
    pub(super) resources: usize,
    pub(super) skipped: u64,
    pub(super) parked: u64,
    pub(super) waiting: u64,
    pub(super) grants: usize,
    /// Calls to Resource Manager that would change something.
    pub(super) writes: usize,
    /// Calls that were made for the plan.
    pub(super) asked: u64,
}

impl Totals {
    fn of(targets: &[Forecast]) -> Self {
        let mut totals = Self { targets: targets.len(), ..Self::default() };
        for target in targets {
            totals.tasks += target.tasks.len();
            totals.resources += target.remediated();
            totals.skipped += target.left();
            totals.parked += target.parked_resources;
            totals.waiting += target.waiting;
            totals.grants += target.grants.len();
            totals.writes += target.writes();
        }
        totals
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let patterns =
        AssignmentPatterns::of(arguments.assignments).map_err(|why| anyhow::anyhow!("--assignment: {why}"))?;
    let variables = arguments.options.variables()?;
    let mut settings = variables.settings_without_services()?;
    if arguments.out.is_some() {
        settings.tuning.escalate_above = usize::MAX;
    }
    let (planned, is_whole) = match &arguments.states {
        Some(path) => (offline(path, &settings, &patterns).await?, true),
        None => online::plan(&variables, settings, arguments.scopes, &patterns).await?,
    };
    if let Some(path) = &arguments.out {
        write(path, &planned)?;
    }
    arguments.options.output().show("plan", &planned, || text::of(&planned))?;
    let needs_attention = !is_whole || planned.targets.iter().any(Forecast::needs_attention);
    Ok(if needs_attention { ATTENTION } else { DONE })
}

/// Writes the plan for whoever approves it.
fn write(path: &Path, planned: &Planned) -> anyhow::Result<()> {
    let file = for_machines("plan", planned)?.to_string();
    std::fs::write(path, &file).with_context(|| format!("{} cannot be written", path.display()))?;
    eprintln!("{} is written, its SHA-256 is {}", path.display(), PlanDigest::of(file.as_bytes()));
    Ok(())
}

/// What of the targets waits for its turn.
fn paced(targets: &[Forecast]) -> Vec<Paced> {
    targets.iter().filter_map(Forecast::paced).collect()
}

/// As the worker is tuned, in plan mode, and without the pauses that let what belongs together travel together.
fn tuning(settings: &Settings) -> Tuning {
    let nothing = std::time::Duration::ZERO;
    Tuning { mode: Mode::Plan, settle_delay: nothing, coalesce_window: nothing, ..settings.tuning.clone() }
}

async fn offline(path: &Path, settings: &Settings, patterns: &AssignmentPatterns) -> anyhow::Result<Planned> {
    let now = now();
    let mut offline = Offline::begun(now);
    let is_meant = |target: &Target| patterns.is_empty() || patterns.match_id(&target.policy_assignment_id);
    let mut seen: BTreeMap<Target, Vec<Sighting>> = BTreeMap::new();
    let (mut others, mut bad) = (0, BTreeSet::<(Target, ResourceId)>::new());
    let mut states = 0;
    let unreadable = states_file::read(path, |row| {
        states += 1;
        offline.add(&row);
        let target = row.target();
        if row.state != ComplianceState::NonCompliant || !is_meant(&target) {
            others += 1;
            return;
        }
        bad.insert((target.clone(), row.resource.clone()));
        let reference = target.policy_definition_reference_id.clone();
        let at = row.at.unwrap_or(now).min(now);
        let observation = Observation::of_event(Finding::NonCompliant, row.resource, row.assignment, reference, at);
        seen.entry(target).or_default().push(observation.into());
    })?;
    let tuning = tuning(settings);
    let targets = plan_all(&Source::File(&offline), &tuning, settings, &Clocks::default(), seen).await?;
    let mut notes = vec![format!(
        "Offline: {} non-compliant states of {} were planned. Identities and their roles, enforcement, exclusions of assignments and running tasks were not asked; plan --scope asks them.",
        bad.len(),
        states
    )];
    if unreadable > 0 {
        notes.push(format!("{unreadable} things in the file are no policy states that can be read."));
    }
    if others > 0 {
        notes.push(format!("{others} states are of other compliance or other assignments."));
    }
    let how_long = how_long(paced(&targets), &BTreeMap::new(), &settings.tuning, now);
    Ok(Planned { totals: Totals::of(&targets), targets, how_long, notes })
}

/// Plans every target, on a document that begins empty.
async fn plan_all(
    source: &Source<'_>,
    tuning: &Tuning,
    settings: &Settings,
    clocks: &Clocks,
    seen: BTreeMap<Target, Vec<Sighting>>,
) -> anyhow::Result<Vec<Forecast>> {
    let id = InstallationDocument::new(settings.installation.as_ref(), &settings.state_blob_endpoint).id;
    let begun = seen.into_iter().map(|(target, observations)| {
        let claims = SubscriptionDocument::new(target.subscription().clone());
        let target = merged(&TargetDocument::new(target), &observations, tuning, clocks.moment());
        Documents {
            target,
            claims,
            installation: Installation { id: id.clone(), copied: None },
            controls: nothing_paused(),
            approvals: nothing_approved(),
            mode: settings.tuning.mode,
        }
    });
    plan_each(source, tuning, clocks, begun.collect()).await
}

/// As where nobody has paused anything.
fn nothing_paused() -> Arc<Controls> {
    Arc::new(Controls::Read(ControlsDocument::default()))
}

/// As where nobody has approved anything.
fn nothing_approved() -> KnownApprovals {
    KnownApprovals { approvals: Arc::default(), plans: Arc::default(), asked: std::time::Duration::ZERO }
}

/// Plans every target, several at a time.
async fn plan_each(
    source: &Source<'_>,
    tuning: &Tuning,
    clocks: &Clocks,
    documents: Vec<Documents>,
) -> anyhow::Result<Vec<Forecast>> {
    let bar = progress("targets", documents.len());
    let mut planning =
        stream::iter(documents).map(|documents| forecast(source, tuning, clocks, documents)).buffered(TOGETHER);
    let mut all = Vec::new();
    while let Some(one) = planning.next().await {
        bar.inc(1);
        all.push(one?);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// The document with what was seen, due now.
fn merged(known: &TargetDocument, seen: &[Sighting], tuning: &Tuning, moment: Moment) -> TargetDocument {
    let (mut document, _) = merge_all(known, seen, tuning, moment);
    let now: Timestamp = moment.now;
    document.wake_at = Some(document.wake_at.map_or(now, |at| at.min(now)));
    document
}
