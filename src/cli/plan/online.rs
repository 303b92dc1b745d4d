//! The plan of whole scopes as Azure has them now: what does not comply is found as a batch run finds it, and what the state knows of
//! its targets, where there is one, counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy_remediator::azure::{Deadline, error_chain};
use remediation::control::{Controls, KnownApprovals};
use remediation::document::{
    FleetDocument, Installation, InstallationDocument, SubscriptionDocument, TargetDocument, TargetSummary,
};
use remediation::id::{RunScope, SubscriptionId, Target};
use remediation::message::{BatchRun, Sighting};
use remediation::report::{Paced, how_long};
use remediation::settings::{AssignmentPatterns, Settings};

use super::discover::discover;
use super::pass::Documents;
use super::source::Source;
use super::{Planned, Totals, merged, nothing_approved, nothing_paused, paced, plan_each, tuning};
use crate::cli::operator::{Connection, PATIENCE, Unusable, Variables, complain};

/// The plan, and whether all of the scopes could be looked at.
pub(super) async fn plan(
    variables: &Variables,
    settings: Settings,
    scopes: Vec<RunScope>,
    patterns: &AssignmentPatterns,
) -> anyhow::Result<(Planned, bool)> {
    let has_storage = variables.has_storage();
    let connection = Connection::with(settings, variables)?;
    let app = &connection.app;
    let run = BatchRun {
        assignments: patterns.clone(),
        ..BatchRun::over("plan".parse().map_err(anyhow::Error::msg)?, scopes.clone())
    };
    let found = discover(app, run).await?;
    let is_meant = |target: &Target| patterns.is_empty() || patterns.match_id(&target.policy_assignment_id);
    let known = match has_storage {
        true => known(&connection, &scopes, &found.seen).await?,
        false => BTreeMap::new(),
    };
    let (installation, controls, approvals) = installation(&connection, has_storage).await?;
    let tuning = tuning(&app.settings);
    let clocks = &app.reconciler.clocks;
    let mut claims: BTreeMap<SubscriptionId, SubscriptionDocument> = BTreeMap::new();
    let mut documents = Vec::new();
    let targets: BTreeSet<&Target> = found.seen.keys().chain(known.keys().filter(|target| is_meant(target))).collect();
    for target in targets {
        let id = target.subscription();
        if !claims.contains_key(id) {
            let document = match has_storage {
                true => app.reconciler.store.subscription(id, Deadline::after(PATIENCE)).await?.document,
                false => SubscriptionDocument::new(id.clone()),
            };
            claims.insert(id.clone(), document);
        }
        let document = known.get(target).cloned().unwrap_or_else(|| TargetDocument::new(target.clone()));
        let seen = found.seen.get(target).map(Vec::as_slice).unwrap_or_default();
        documents.push(Documents {
            target: merged(&document, seen, &tuning, clocks.moment()),
            claims: claims[id].clone(),
            installation: installation.clone(),
            controls: Arc::clone(&controls),
            approvals: approvals.clone(),
            mode: app.settings.tuning.mode,
        });
    }
    let source = Source::Azure { app, has_storage };
    let targets = plan_each(&source, &tuning, clocks, documents).await?;
    let paced = paced(&targets);
    let fleets = if has_storage { fleets(&connection, &paced).await? } else { BTreeMap::new() };
    let how_long = how_long(paced, &fleets, &app.settings.tuning, clocks.moment().stored_before);
    let mut notes = Vec::new();
    if !has_storage {
        notes.push(
            "No STATE_BLOB_ENDPOINT is set: every target begins without a history, as at a new installation."
                .to_owned(),
        );
    }
    let sums = found.run.so_far();
    if sums.not_remediable > 0 {
        notes.push(format!("{} states have an effect that no task remediates.", sums.not_remediable));
    }
    if sums.unreadable > 0 {
        notes.push(format!("{} rows of answers could not be read.", sums.unreadable));
    }
    for trouble in &found.run.troubles {
        notes.push(format!("{} could not be looked at: {}", trouble.scope, trouble.words));
    }
    if found.run.more_troubles > 0 {
        notes.push(format!("{} more places could not be looked at.", found.run.more_troubles));
    }
    let totals = Totals { asked: app.reconciler.arm.sent(), ..Totals::of(&targets) };
    notes.push(format!("{} calls were made for this plan, and nothing was changed.", totals.asked));
    Ok((Planned { totals, targets, how_long, notes }, found.run.troubles.is_empty()))
}

/// What the assignments that are planned have taken of first steps and paces. Of what cannot be used a person is warned.
async fn fleets(connection: &Connection, paced: &[Paced]) -> anyhow::Result<BTreeMap<String, FleetDocument>> {
    let names: BTreeSet<&str> = paced.iter().map(Paced::name).collect();
    let mut all = BTreeMap::new();
    for name in names {
        match connection.app.reconciler.store.fleet(name, Deadline::after(PATIENCE)).await {
            Ok(found) => drop(all.insert(name.to_owned(), found.document)),
            Err(error) if error.is_about_the_document() => {
                complain(&[Unusable { blob: FleetDocument::blob(name), why: error_chain(&error) }]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(all)
}

/// What the state knows of the targets that were found, and of others there in which something waits, runs or is parked.
async fn known(
    connection: &Connection,
    scopes: &[RunScope],
    seen: &BTreeMap<Target, Vec<Sighting>>,
) -> anyhow::Result<BTreeMap<Target, TargetDocument>> {
    let mut subscriptions: BTreeSet<SubscriptionId> = seen.keys().map(|target| target.subscription().clone()).collect();
    for scope in scopes {
        match scope {
            RunScope::Subscription(id, _) => drop(subscriptions.insert(id.clone())),
            RunScope::ResourceGroup(group) => drop(subscriptions.insert(group.subscription().clone())),
            RunScope::ManagementGroup(_) => {}
        }
    }
    let hashes: BTreeSet<String> = seen.keys().map(|target| target.hash().to_string()).collect();
    let is_wanted = |summary: &TargetSummary| {
        let counts = summary.counts.unwrap_or_default();
        let is_busy = summary.counts.is_none() || counts.waiting + counts.in_task + counts.parked > 0;
        is_busy || remediation::document::hash_in(&summary.blob).is_some_and(|hash| hashes.contains(hash))
    };
    let mut summaries = Vec::new();
    for id in subscriptions {
        summaries.extend(connection.summaries_in(&id).await?.into_iter().filter(is_wanted));
    }
    let documents = connection.targets(summaries).await?;
    complain(&documents.unusable);
    let within = |target: &Target| {
        scopes.iter().any(|scope| match scope {
            RunScope::ManagementGroup(_) => true,
            RunScope::Subscription(id, _) => id == target.subscription(),
            RunScope::ResourceGroup(group) => *group == target.scope,
        })
    };
    let all = documents.found.into_iter().map(|found| (found.document.target.clone(), found.document));
    Ok(all.filter(|(target, _)| seen.contains_key(target) || within(target)).collect())
}

/// Which installation it is, and what people have paused and approved there. One that has not begun yet has nothing of either.
async fn installation(
    connection: &Connection,
    has_storage: bool,
) -> anyhow::Result<(Installation, Arc<Controls>, KnownApprovals)> {
    let (settings, reconciler) = (&connection.app.settings, &connection.app.reconciler);
    let (given, endpoint) = (settings.installation.as_ref(), &settings.state_blob_endpoint);
    let known = match has_storage {
        true => reconciler.store.known_installation(given, endpoint, Deadline::after(PATIENCE)).await?,
        false => None,
    };
    let Some(known) = known else {
        let new = InstallationDocument::new(given, endpoint).judge(given, endpoint);
        return Ok((new, nothing_paused(), nothing_approved()));
    };
    let controls = reconciler.controls.read(&reconciler.store, &reconciler.clocks, Deadline::after(PATIENCE)).await?;
    let approvals = reconciler.approvals.read(&reconciler.store, &reconciler.clocks, Deadline::after(PATIENCE)).await?;
    Ok((known, controls.controls, approvals))
}
