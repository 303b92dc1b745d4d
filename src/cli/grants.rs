//! `grants`: the roles that the worker has given to identities of policy assignments.

use anyhow::Context;
use futures::{StreamExt, stream};
use serde::Serialize;

use policy_remediator::arm::{MadeGrant, made_grants};
use policy_remediator::azure::{Deadline, error_chain};
use remediation::id::SubscriptionId;

use super::exit::{ATTENTION, DONE};
use super::operator::{Connection, Options, PATIENCE, Rows, progress};

/// Subscriptions that are asked at a time.
const TOGETHER: usize = 8;

/// List the roles that the worker has given to identities of policy assignments.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
}

/// List the role assignments that the worker has made, as Azure has them now.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator grants list\n  policy-remediator grants list --subscription 086aecf4-23d6-4dfd-99a8-a5c6299f0322 --json\n\nEnds with 3 where a subscription could not be asked."
)]
struct List {
    /// Only in this subscription; without it, in all of which the state knows. Can be given again.
    #[arg(long = "subscription", value_name = "ID")]
    subscriptions: Vec<SubscriptionId>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Default, Serialize)]
struct Listed {
    grants: Vec<MadeGrant>,
    unanswered: Vec<Unanswered>,
}

#[derive(Debug, Serialize)]
struct Unanswered {
    subscription: SubscriptionId,
    why: String,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let Command::List(List { subscriptions, options }) = arguments.command;
    let connection = options.connect()?;
    let subscriptions = match subscriptions.is_empty() {
        true => connection.app.reconciler.store.subscriptions(Deadline::after(PATIENCE)).await?,
        false => subscriptions,
    };
    let listed = list(&connection, subscriptions).await;
    for Unanswered { subscription, why } in &listed.unanswered {
        eprintln!("warning: subscription {subscription} cannot be asked: {why}");
    }
    options.output().show("grants", &listed, || table(&listed))?;
    Ok(if listed.unanswered.is_empty() { DONE } else { ATTENTION })
}

async fn list(connection: &Connection, subscriptions: Vec<SubscriptionId>) -> Listed {
    let reconciler = &connection.app.reconciler;
    let bar = progress("subscriptions", subscriptions.len());
    let mut asking = stream::iter(subscriptions)
        .map(|subscription| async move {
            let deadline = Deadline::after(PATIENCE);
            let made = made_grants(&reconciler.arm, &reconciler.homes, &subscription, deadline).await;
            (subscription, made.context("its role assignments"))
        })
        .buffered(TOGETHER);
    let mut listed = Listed::default();
    while let Some((subscription, made)) = asking.next().await {
        bar.inc(1);
        match made {
            Ok(made) => listed.grants.extend(made),
            Err(error) => {
                listed.unanswered.push(Unanswered { subscription, why: error_chain(error.as_ref()) });
            }
        }
    }
    bar.finish_and_clear();
    // What holds above a subscription is listed in each of those below.
    listed.grants.sort_by(|one, other| (&one.scope, &one.id).cmp(&(&other.scope, &other.id)));
    listed.grants.dedup();
    listed
}

fn table(listed: &Listed) -> String {
    if listed.grants.is_empty() {
        return "The worker has given no role.".to_owned();
    }
    let mut rows = Rows::under(&["role", "principal", "scope", "why"]);
    for grant in &listed.grants {
        let role = grant.role.rsplit('/').next().unwrap_or_default();
        rows.row([role, &grant.principal, &grant.scope, &grant.description]);
    }
    let take_back =
        "\n\nTo take one back: az role assignment delete --ids ID (policy-remediator grants list --json has the ids).";
    format!("{}{take_back}", rows.text())
}
