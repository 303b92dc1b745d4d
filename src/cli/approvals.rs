//! `approve`, `approvals list` and `approvals revoke`: what may be begun in the mode `approve`, by whom it was approved, and how much of
//! it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use uuid::Uuid;

use policy_remediator::azure::{Contest, Deadline};
use policy_remediator::blob::Saved;
use remediation::document::{
    Approval, ApprovalId, ApprovedAssignment, ApprovedPlan, FleetDocument, Revoked, TargetSummary, hash_in,
};
use remediation::id::Scope;
use remediation::report::ago;
use remediation::settings::Mode;
use remediation::time::{Timestamp, time_text};

use super::controls_file;
use super::exit::{ATTENTION, DONE};
use super::operator::{Connection, Options, PATIENCE, Rows, complain};
use super::pause::{ends, span};

/// Targets of approved plans that are looked at.
const MOST_TARGETS: usize = 2_000;

/// Approve remediation of an assignment: of so many resources, for so long. Counts in the mode `approve` only.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["assignment", "plan"])),
    after_help = "Examples:\n  policy-remediator approve --assignment deploy-diagnostics --max 500 --for 8h --reason CHG-4711 --env-file prod.env\n  policy-remediator approve --assignment deploy-diagnostics --scope /subscriptions/00000000-0000-0000-0000-000000000000 --max 20 --for 2h --grants\n  policy-remediator approve --plan change.json --for 8h --reason CHG-4712\n\nEach resource in a task that is opened counts, a retry once more. Never is more begun than --max, however many instances there are. What waits for it goes on with the next sweep."
)]
pub(super) struct Arguments {
    /// The assignment, by its id, or by its name, which stands for all assignments of that name. No patterns.
    #[arg(long, value_name = "NAME", requires = "max")]
    assignment: Option<ApprovedAssignment>,
    /// The resources of a plan, as `plan --out` wrote it: these and no others, while what they were planned on is the same.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Only what lies in this subscription or resource group.
    #[arg(long, value_name = "ID", conflicts_with = "plan")]
    scope: Option<Scope>,
    /// Most resources in opened tasks.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "plan")]
    max: Option<u32>,
    /// For how long, such as 30m, 8h or 2d.
    #[arg(long = "for", value_name = "DURATION", value_parser = span)]
    length: Duration,
    /// Roles of GRANT_ROLES may be granted for it, too.
    #[arg(long)]
    grants: bool,
    /// Why, for those who find it.
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Look at approvals, or take one back.
#[derive(Debug, clap::Args)]
pub(super) struct ManyArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(ListArguments),
    Revoke(RevokeArguments),
}

/// List approvals: what was approved, by whom, and how much of it is used.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator approvals list --env-file prod.env\n  policy-remediator approvals list --all --json\n\nEnds with 3 where one cannot be used: it approves nothing then."
)]
struct ListArguments {
    /// Also those that are over or were taken back.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    options: Options,
}

/// Take an approval back: within half a minute nothing more is begun by it. What runs is followed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator approvals revoke 3f9a1c22 --reason CHG-4713 --env-file prod.env"
)]
struct RevokeArguments {
    /// The approval's id, as `approvals list` shows it.
    #[arg(value_name = "APPROVAL")]
    approval: ApprovalId,
    /// Why, for those who find it.
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// An approval and what was used of it, for machines.
#[derive(Debug, Serialize)]
struct Item {
    #[serde(flatten)]
    approval: Approval,
    used: u32,
    stands: bool,
    /// Targets for which its plan is void, since it was made on other facts.
    #[serde(rename = "voidFor", skip_serializing_if = "Vec::is_empty")]
    void_for: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Shown {
    approvals: Vec<Item>,
    unusable: BTreeMap<String, String>,
}

pub(super) async fn approve(arguments: Arguments) -> anyhow::Result<u8> {
    let Arguments { assignment, plan, scope, max, length, grants, reason, options } = arguments;
    let plan = plan.map(|path| planned(&path)).transpose()?;
    let connection = options.connect()?;
    let by = connection.app.reconciler.arm.principal().await;
    let deadline = Deadline::after(PATIENCE);
    let (max, plan) = match (max, plan) {
        (_, Some((file, planned))) => {
            (planned.count(), Some(connection.app.reconciler.store.keep_plan(&file, deadline).await?))
        }
        (Some(max), None) => (max, None),
        (None, None) => bail!("--max is missing"),
    };
    // Time is by storage's clock, which tells it with any answer; as late as can be, since the newest approval is told by it.
    connection.app.reconciler.store.approvals(&[], None, deadline).await?;
    let at = connection.app.reconciler.clocks.moment().stored_before;
    let until = ends(at, length)?;
    for _ in 0..3 {
        let id: ApprovalId = Uuid::new_v4().simple().to_string()[..8].parse()?;
        let mut approval = Approval::new(id, max, at, until);
        (approval.assignment, approval.plan) = (assignment.clone(), plan.clone());
        (approval.scope, approval.grants) = (scope.clone(), grants);
        (approval.by, approval.reason) = (by.clone(), reason.clone());
        if let Saved::As(_) = connection.app.reconciler.store.save_approval(&approval, None, deadline).await? {
            let shown = Shown { approvals: vec![item(approval, 0, at)], unusable: BTreeMap::new() };
            options.output().show("approvals", &shown, || table(&shown.approvals, at))?;
            if connection.app.settings.tuning.mode == Mode::Plan {
                eprintln!("warning: REMEDIATION_MODE is plan, in which nothing is begun, whatever is approved");
            }
            return Ok(DONE);
        }
    }
    bail!("no id was free; try again")
}

/// A plan that may be approved, and the file as it is.
fn planned(path: &Path) -> anyhow::Result<(Vec<u8>, ApprovedPlan)> {
    let file = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let plan = ApprovedPlan::read(&file).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
    if plan.count() == 0 {
        bail!("{} names no resource that a task would be opened for", path.display());
    }
    Ok((file, plan))
}

pub(super) async fn run(arguments: ManyArguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::List(arguments) => list(arguments).await,
        Command::Revoke(arguments) => revoke(arguments).await,
    }
}

async fn list(ListArguments { all, options }: ListArguments) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let deadline = Deadline::after(PATIENCE);
    let store = &connection.app.reconciler.store;
    // By storage's clock: this machine's may be ahead, and would hide what stands.
    let (_, at) = controls_file::read(&connection).await?;
    let read = store.approvals(&[], (!all).then_some(at), deadline).await?;
    let mut approvals = Vec::new();
    let mut fleets: BTreeMap<String, FleetDocument> = BTreeMap::new();
    for found in read.approvals {
        let approval = found.document;
        if !all && !approval.stands(at) {
            continue;
        }
        let used = used(&connection, &approval, &mut fleets).await?;
        approvals.push(item(approval, used, at));
    }
    approvals.sort_by_key(|item| item.approval.at);
    find_void(&connection, &mut approvals).await?;
    let shown = Shown { approvals, unusable: read.unusable.into_iter().collect() };
    options.output().show("approvals", &shown, || table(&shown.approvals, at))?;
    for (blob, why) in &shown.unusable {
        eprintln!("warning: {blob} cannot be used and approves nothing: {why}");
    }
    Ok(if shown.unusable.is_empty() { DONE } else { ATTENTION })
}

/// Finds the targets for which the plans that stand are void, as the worker has found them.
async fn find_void(connection: &Connection, items: &mut [Item]) -> anyhow::Result<()> {
    let mut named = BTreeSet::new();
    for digest in items.iter().filter(|item| item.stands).filter_map(|item| item.approval.plan.as_ref()) {
        let plan = connection.app.reconciler.store.plan(digest, Deadline::after(PATIENCE)).await?;
        named.extend(plan.iter().flat_map(ApprovedPlan::hashes).map(ToString::to_string));
    }
    if named.is_empty() {
        return Ok(());
    }
    let is_named = |summary: &TargetSummary| hash_in(&summary.blob).is_some_and(|hash| named.contains(hash));
    let summaries = connection.summaries().await?.into_iter().filter(is_named).take(MOST_TARGETS);
    let documents = connection.targets(summaries).await?;
    complain(&documents.unusable);
    for document in documents.values() {
        for item in items.iter_mut().filter(|item| document.void_approvals.contains(&item.approval.id)) {
            item.void_for.push(document.target.hash().to_string());
        }
    }
    Ok(())
}

/// How much is used of an approval. It is counted by names of assignments.
async fn used(
    connection: &Connection,
    approval: &Approval,
    fleets: &mut BTreeMap<String, FleetDocument>,
) -> anyhow::Result<u32> {
    let (store, deadline) = (&connection.app.reconciler.store, Deadline::after(PATIENCE));
    let mut names: Vec<String> = approval.assignment.iter().map(|named| named.name().to_owned()).collect();
    if let Some(plan) = &approval.plan {
        let plan = store.plan(plan, deadline).await?.unwrap_or_default();
        names.extend(plan.names().map(str::to_owned));
    }
    let mut sum = 0;
    for name in names {
        if !fleets.contains_key(&name) {
            let fleet = match store.fleet(&name, deadline).await {
                Ok(found) => found.document,
                // What was asked for is done or listed all the same.
                Err(error) if error.is_about_the_document() => {
                    let blob = FleetDocument::blob(&name);
                    eprintln!("warning: {blob} cannot be used, so what is used of approvals is not known: {error}");
                    FleetDocument::new(name.clone())
                }
                Err(error) => return Err(error.into()),
            };
            fleets.insert(name.clone(), fleet);
        }
        sum += fleets.get(&name).and_then(|fleet| fleet.approvals.get(&approval.id)).map_or(0, |used| used.count);
    }
    Ok(sum)
}

async fn revoke(RevokeArguments { approval, reason, options }: RevokeArguments) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let (approval, at) = taken_back(&connection, &approval, reason).await?;
    let used = used(&connection, &approval, &mut BTreeMap::new()).await?;
    let shown = Shown { approvals: vec![item(approval, used, at)], unusable: BTreeMap::new() };
    options.output().show("approvals", &shown, || table(&shown.approvals, at))?;
    Ok(DONE)
}

/// Takes it back by compare-and-swap; one that was taken back before stays as it is.
async fn taken_back(
    connection: &Connection,
    id: &ApprovalId,
    reason: Option<String>,
) -> anyhow::Result<(Approval, Timestamp)> {
    let deadline = Deadline::after(PATIENCE);
    let by = connection.app.reconciler.arm.principal().await;
    let mut contest = Contest::until(deadline);
    let store = &connection.app.reconciler.store;
    loop {
        let found = store.approval_of(id, deadline).await?;
        let found = found.with_context(|| format!("there is no approval {id}; approvals list shows what there is"))?;
        let at = connection.app.reconciler.clocks.moment().stored_before;
        let mut approval = found.document;
        if approval.revoked.is_some() {
            return Ok((approval, at));
        }
        approval.revoked = Some(Revoked { by: by.clone(), at, reason: reason.clone() });
        match store.save_approval(&approval, found.etag.as_ref(), deadline).await? {
            Saved::As(_) => return Ok((approval, at)),
            Saved::Conflict if contest.goes_on().await => {}
            Saved::Conflict => bail!("others write approval {id} all the time; try again"),
        }
    }
}

fn item(approval: Approval, used: u32, at: Timestamp) -> Item {
    let stands = approval.stands(at);
    Item { approval, used, stands, void_for: Vec::new() }
}

fn table(items: &[Item], now: Timestamp) -> String {
    if items.is_empty() {
        return "nothing is approved".to_owned();
    }
    let mut rows = Rows::under(&["approval", "of", "used", "until", "given", "by", "reason"]);
    for Item { approval, used, stands, void_for } in items {
        let until = match &approval.revoked {
            Some(revoked) => format!("taken back {}", ago(revoked.at, now)),
            None if *stands => time_text(approval.until),
            None => "over".to_owned(),
        };
        let grants = if approval.grants { ", with grants" } else { "" };
        let void = match void_for.len() {
            0 => String::new(),
            1 => ", void for 1 target".to_owned(),
            count => format!(", void for {count} targets"),
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        rows.row([
            approval.id.to_string(),
            format!("{}{grants}{void}", approval.of()),
            format!("{used} of {}", approval.max),
            until,
            ago(approval.at, now),
            text(&approval.by),
            text(&approval.reason),
        ]);
    }
    rows.text()
}
