//! Lets what is parked be tried again, or forgets it: each document by compare-and-swap, then the wake-up of its target. What ends
//! between the two is woken by `sweep`.

use std::collections::BTreeSet;

use anyhow::Context;
use futures::{StreamExt, stream};
use serde::Serialize;

use policy_remediator::azure::{Contest, Deadline, error_chain, now};
use policy_remediator::blob::Saved;
use policy_remediator::functions::{Left, carry_out};
use remediation::decide::{Errand, Outcome, Purpose};
use remediation::document::ParkReason;
use remediation::id::{SubscriptionId, Target};
use remediation::message::Queue;
use remediation::report::{ParkedItem, ParkedWhat};
use remediation::transition::{Chosen, Touched, refused_at, try_scopes_again};

use crate::cli::exit::{ATTENTION, DONE, FAILED};
use crate::cli::operator::{Connection, Options, PATIENCE, complain, progress};

use super::super::standings::open_breakers;
use super::chosen::Which;
use super::{Known, table};

/// Targets that are written at a time.
const TOGETHER: usize = 16;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Retry,
    Forget,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    /// Resources that were parked by themselves.
    resources: usize,
    /// Targets that were parked as a whole.
    targets: usize,
    /// Resources that those held.
    held: usize,
    /// Refusals of Resource Manager.
    scopes: usize,
    /// Targets that were stopped.
    stopped: usize,
    /// Policies that a breaker had stopped.
    breakers: usize,
    /// Targets that were woken.
    woken: usize,
    /// Stopped targets and refusals, which cannot be forgotten.
    left: usize,
    /// What could not be done, and why.
    failed: Vec<String>,
}

pub(super) async fn act(again: Again, which: &Which, options: &Options) -> anyhow::Result<u8> {
    let chosen = which.chosen()?;
    let connection = options.connect()?;
    let known = Known::read(&connection).await?;
    complain(&known.unusable);
    let items = known.items(&chosen, now());
    if which.dry_run {
        options.output().show("parked", &serde_json::json!({ "items": items }), || table(&items, now()))?;
        return Ok(DONE);
    }
    let mut done = Done::default();
    let (shared, own): (Vec<&ParkedItem>, Vec<_>) =
        items.iter().partition(|item| matches!(item.what, ParkedWhat::Scope | ParkedWhat::Stopped));
    let mut wake = Vec::new();
    match again {
        Again::Retry => {
            wake = try_shared_again(&connection, &known, &shared, &mut done).await?;
            done.breakers = close_breakers(&connection, &chosen).await?;
        }
        Again::Forget => done.left = shared.len(),
    }
    let hashes: BTreeSet<_> = own.iter().filter_map(|item| item.target.as_deref()).collect();
    let of_own = known.targets.iter().map(|document| &document.target);
    let of_own = of_own.filter(|target| hashes.contains(target.hash().as_str()));
    let purpose = |chosen: Chosen| match again {
        Again::Retry => Purpose::Retry(chosen),
        Again::Forget => Purpose::Forget(chosen),
    };
    let mut errands: Vec<(Target, Purpose)> = of_own.map(|target| (target.clone(), purpose(chosen.clone()))).collect();
    let is_woken = |target: &Target| !errands.iter().any(|(known, _)| known == target);
    let wake: Vec<_> = wake.into_iter().filter(is_woken).map(|target| (target, Purpose::Wake)).collect();
    errands.extend(wake);
    run_all(&connection, errands, &mut done).await;
    options.output().show("parkedDone", &done, || text(again, &done, items.len()))?;
    for why in &done.failed {
        eprintln!("error: {why}");
    }
    let names_some = !chosen.targets.is_empty() || !chosen.resources.is_empty();
    Ok(match () {
        () if !done.failed.is_empty() || (items.is_empty() && names_some) => FAILED,
        () if done.left > 0 || !known.unusable.is_empty() => ATTENTION,
        () => DONE,
    })
}

/// Policies that a breaker has stopped begin again, where they are meant as a whole.
async fn close_breakers(connection: &Connection, chosen: &Chosen) -> anyhow::Result<usize> {
    let is_part = !chosen.targets.is_empty() || !chosen.resources.is_empty() || !chosen.scopes.is_empty();
    let is_meant =
        chosen.reasons.is_empty() || chosen.reasons.iter().any(|reason| reason == ParkReason::PolicyFails.as_str());
    if is_part || !is_meant {
        return Ok(0);
    }
    let (reconciler, deadline) = (&connection.app.reconciler, Deadline::after(PATIENCE));
    let mut closed = 0;
    for document in open_breakers(connection).await? {
        let patterns = &chosen.assignments;
        if !patterns.is_empty() && !document.paces.keys().any(|assignment| patterns.match_id(assignment)) {
            continue;
        }
        let (by, at) = (reconciler.arm.principal().await, reconciler.clocks.moment().stored_before);
        closed += reconciler.store.close_breakers(&document.assignment, by.as_deref(), at, deadline).await?;
    }
    Ok(closed)
}

/// Refusals are tried by whoever wakes first, and stopped targets start again: the targets that are to be woken.
async fn try_shared_again(
    connection: &Connection,
    known: &Known,
    shared: &[&ParkedItem],
    done: &mut Done,
) -> anyhow::Result<Vec<Target>> {
    let mut wake = Vec::new();
    for record in &known.stopped {
        let hash = record.target.hash();
        if shared.iter().any(|item| item.what == ParkedWhat::Stopped && item.target.as_deref() == Some(hash.as_str())) {
            connection.app.reconciler.store.start_again(&record.target, Deadline::after(PATIENCE)).await?;
            done.stopped += 1;
            wake.push(record.target.clone());
        }
    }
    for claims in &known.subscriptions {
        let is_meant = |key: &&String| {
            shared.iter().any(|item| item.what == ParkedWhat::Scope && is_at(item, key, &claims.subscription))
        };
        let keys: Vec<String> = claims.parks.keys().filter(is_meant).cloned().collect();
        if keys.is_empty() {
            continue;
        }
        done.scopes += try_scopes(connection, &claims.subscription, &keys).await?;
        let held = known.targets.iter().map(|document| &document.target);
        let held = held.filter(|target| target.subscription() == &claims.subscription);
        wake.extend(
            held.filter(|target| refused_at(claims, target).is_some_and(|key| keys.iter().any(|k| k == key))).cloned(),
        );
    }
    Ok(wake)
}

/// Whether the item is the refusal at this key of the subscription.
fn is_at(item: &ParkedItem, key: &str, subscription: &SubscriptionId) -> bool {
    let own = format!("/subscriptions/{subscription}");
    item.scope.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && (item.target.as_deref() == Some(key) || item.target.is_none() && item.scope == key)
}

async fn try_scopes(connection: &Connection, id: &SubscriptionId, keys: &[String]) -> anyhow::Result<usize> {
    let (store, deadline) = (&connection.app.reconciler.store, Deadline::after(PATIENCE));
    let mut contest = Contest::until(deadline);
    loop {
        let found = store.subscription(id, deadline).await?;
        let mut claims = found.document;
        let count = try_scopes_again(&mut claims, keys, now());
        if count == 0 {
            return Ok(0);
        }
        match store.save_subscription(&claims, found.etag.as_ref(), deadline).await? {
            Saved::As(_) => return Ok(count),
            Saved::Conflict if contest.goes_on().await => {}
            Saved::Conflict => anyhow::bail!("the document of subscription {id} is written by others all the time"),
        }
    }
}

async fn run_all(connection: &Connection, errands: Vec<(Target, Purpose)>, done: &mut Done) {
    let bar = progress("targets", errands.len());
    let all = errands.into_iter().map(|(target, purpose)| async move {
        let outcome = run_one(connection, &target, purpose).await;
        (target, outcome)
    });
    let mut all = stream::iter(all).buffer_unordered(TOGETHER);
    while let Some((target, outcome)) = all.next().await {
        bar.inc(1);
        match outcome {
            Ok((touched, woken)) => {
                done.resources += touched.resources;
                done.targets += usize::from(touched.target);
                done.held += touched.held;
                done.woken += usize::from(woken);
            }
            Err(error) => done.failed.push(format!("target {}: {}", target.hash(), error_chain(error.as_ref()))),
        }
    }
    bar.finish_and_clear();
}

/// What was touched, and whether the target was woken.
async fn run_one(connection: &Connection, target: &Target, purpose: Purpose) -> anyhow::Result<(Touched, bool)> {
    let (app, deadline) = (&connection.app, Deadline::after(PATIENCE));
    let mut errand = Errand::new(purpose);
    let left = carry_out(app, target, &mut errand, deadline).await.context("its document cannot be changed")?;
    let woken = matches!(left, Left::Send(_));
    if let Left::Send(wake_up) = left {
        let sent = app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now(), deadline).await;
        sent.context("its document is changed, but it cannot be woken now; sweep does that")?;
    }
    let touched = match errand.outcome() {
        Outcome::Touched(touched) => *touched,
        Outcome::Nothing | Outcome::TakenIn(_) | Outcome::Woken | Outcome::LetIn(_) | Outcome::Settled => {
            Touched::default()
        }
    };
    Ok((touched, woken))
}

fn text(again: Again, done: &Done, items: usize) -> String {
    if items == 0 && done.breakers == 0 {
        return "Nothing is parked that matches.".to_owned();
    }
    let verb = match again {
        Again::Retry => "Tried again now",
        Again::Forget => "Forgotten",
    };
    let parts = [
        (done.resources, "resources that were parked"),
        (done.targets, "targets that were parked as a whole"),
        (done.held, "resources that those held"),
        (done.stopped, "targets that were stopped"),
        (done.breakers, "policies that a breaker had stopped"),
        (done.scopes, "refusals of Resource Manager"),
    ];
    let parts: Vec<_> = parts.iter().filter(|(count, _)| *count > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let mut text =
        if parts.is_empty() { "Nothing was changed.".to_owned() } else { format!("{verb}: {}.", parts.join(", ")) };
    if done.left > 0 {
        text.push_str(&format!(
            "\n{} stopped targets or refusals of Resource Manager stay: they can be tried again, not forgotten.",
            done.left
        ));
    }
    text
}
