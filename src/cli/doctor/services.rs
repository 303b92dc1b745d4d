//! Storage and what is in it, the queues, and the own rights in each subscription.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, stream};

use policy_remediator::arm::{ArmError, QueueCounts, own_permissions};
use policy_remediator::azure::{Deadline, error_chain, now};
use remediation::document::{InstallationId, Part};
use remediation::id::SubscriptionId;
use remediation::message::Queue;
use remediation::report::doctor::{Finding, Level, clock, documents, own_rights};

use crate::cli::operator::{Connection, progress};

/// Longest time for one service.
const PATIENCE: Duration = Duration::from_secs(8);
/// Subscriptions that are asked at a time.
const TOGETHER: usize = 8;
/// A wake-up may be so late before its target counts as overdue.
const LATE: Duration = Duration::from_secs(20 * 60);

/// Looks at the containers and what is in them. The subscriptions that the state knows.
pub(super) async fn storage(connection: &Connection, findings: &mut Vec<Finding>) -> Vec<SubscriptionId> {
    const CHECK: &str = "storage";
    let (store, settings) = (&connection.app.reconciler.store, &connection.app.settings);
    let deadline = || Deadline::after(PATIENCE);
    if let Err(error) = store.targets(&Part::whole(), deadline()).await {
        findings.push(Finding::of(
            CHECK,
            Level::Error,
            error_chain(&error),
            "Check STATE_BLOB_ENDPOINT, the network rules of the account and the container state; give the worker's identity Storage Blob Data Contributor on it.",
        ));
        return Vec::new();
    }
    findings.push(Finding::ok(CHECK, "container state can be listed"));
    findings.push(clock(connection.app.reconciler.clocks.moment(), &settings.tuning));
    for (container, listed) in [
        ("rejected", store.rejected_items(deadline()).await),
        ("events-dead-letter", store.dead_events(deadline()).await),
    ] {
        let command = if container == "rejected" { "" } else { " --dead-letter" };
        findings.push(match listed {
            Ok(items) if items.is_empty() => Finding::ok(CHECK, format!("container {container} is empty")),
            Ok(items) => Finding::of(
                CHECK,
                Level::Warning,
                format!("container {container} holds {} item{}", items.len(), if items.len() == 1 { "" } else { "s" }),
                format!("policy-remediator rejected list{command} tells them, rejected retry{command} puts them back."),
            ),
            Err(error) => Finding::of(
                CHECK,
                Level::Error,
                error_chain(&error),
                format!("Create the container {container} (the deployment does), and give the same role on it."),
            ),
        });
    }
    match store.known_installation(settings.installation.as_ref(), &settings.state_blob_endpoint, deadline()).await {
        Ok(None) => findings.push(Finding::of(
            "installation",
            Level::Note,
            "installation.json is not there: the worker has not worked here yet",
            "It is written with the first wake-up. If the state was restored, restore it, too.",
        )),
        Ok(Some(found)) => findings.push(installation(&found.id, found.copied)),
        Err(error) => findings.push(Finding::of(
            "installation",
            Level::Error,
            error_chain(&error),
            "No task is opened while it cannot be read: restore installation.json, or delete it if this state is its own.",
        )),
    }
    match connection.summaries().await {
        Ok(summaries) => findings.extend(documents(&summaries, LATE, now())),
        Err(error) => findings.push(Finding::of(
            "state",
            Level::Error,
            error_chain(error.as_ref()),
            "Check the account of STATE_BLOB_ENDPOINT.",
        )),
    }
    store.subscriptions(deadline()).await.unwrap_or_default()
}

fn installation(id: &InstallationId, copied: Option<String>) -> Finding {
    const CHECK: &str = "installation";
    match copied {
        None => Finding::ok(CHECK, format!("this is installation {id}")),
        Some(why) => Finding::of(
            CHECK,
            Level::Error,
            format!("the state is another installation's, so nothing is opened: {why}"),
            "If it is a copy that is meant to go on, delete installation.json from the container state; if not, correct STATE_BLOB_ENDPOINT or INSTALLATION_ID.",
        ),
    }
}

/// Looks at the dead-letter queue of each queue, which shows that the queue is there and may be received from.
pub(super) async fn queues(connection: &Connection, findings: &mut Vec<Finding>) {
    const CHECK: &str = "queues";
    let receiver = &connection.app.receiver;
    for queue in Queue::ALL {
        let deadline = Deadline::after(PATIENCE);
        let name = queue.name();
        findings.push(match receiver.next(queue, Duration::ZERO, deadline).await {
            Ok(None) => Finding::ok(CHECK, format!("queue {name} is there, and nothing is dead-lettered")),
            Ok(Some(letter)) => {
                let reason = if letter.reason.is_empty() { "no reason" } else { letter.reason.as_str() };
                let what = format!("queue {name} has dead letters, the first for {reason}");
                let fix = "recover takes them every five minutes: see that the function app runs, and its log events message_returned, events_returned and item_rejected.";
                match receiver.give_back(queue, &letter, deadline).await {
                    Ok(()) => Finding::of(CHECK, Level::Warning, what, fix),
                    Err(error) => Finding::of(CHECK, Level::Warning, format!("{what}; {}", error_chain(&error)), fix),
                }
            }
            Err(error) => Finding::of(
                CHECK,
                Level::Error,
                error_chain(&error),
                format!("Create queue {name} (the deployment does), and give Azure Service Bus Data Receiver and Data Sender on the namespace."),
            ),
        });
    }
}

/// Counts what is in the queues, where a setting says which namespace is theirs.
pub(super) async fn queue_counts(connection: &Connection, findings: &mut Vec<Finding>) {
    const CHECK: &str = "queues";
    match connection.queue_counts().await {
        None => {}
        Some(Ok(counts)) => findings.extend(counts.into_iter().map(|one| {
            let QueueCounts { name, active, scheduled, dead_lettered } = one;
            let what = format!("queue {name} holds {active}, {scheduled} scheduled and {dead_lettered} dead letters");
            Finding::ok(CHECK, what)
        })),
        Some(Err(words)) => findings.push(Finding::of(
            CHECK,
            Level::Note,
            format!("the queues are not counted: {words}"),
            "Give Reader on the Service Bus namespace, and see that SERVICEBUS_RESOURCE_ID names it.",
        )),
    }
}

/// Asks for the own rights in each subscription.
pub(super) async fn rights(
    connection: &Connection,
    subscriptions: BTreeSet<SubscriptionId>,
    findings: &mut Vec<Finding>,
) {
    let (arm, tuning) = (&connection.app.reconciler.arm, &connection.app.settings.tuning);
    if subscriptions.is_empty() {
        findings.push(Finding::of(
            "rights",
            Level::Note,
            "no subscription is known yet, so no rights were asked",
            "policy-remediator doctor --subscription ID asks for them.",
        ));
    }
    let bar = progress("subscriptions", subscriptions.len());
    let mut asking = stream::iter(subscriptions)
        .map(|id| async move {
            let permissions = own_permissions(arm, &id, Deadline::after(PATIENCE)).await;
            (id, permissions)
        })
        .buffered(TOGETHER);
    while let Some((id, permissions)) = asking.next().await {
        bar.inc(1);
        findings.push(match permissions {
            Ok(permissions) => own_rights(id.as_str(), &permissions, tuning),
            Err(ArmError::Refused { status: 403, code, .. }) if code == "AuthorizationFailed" => Finding::of(
                "rights",
                Level::Warning,
                format!("subscription {id}: the own rights there cannot be asked"),
                "If no role is held there, give one, or renew the Lighthouse delegation. Asking needs Microsoft.Authorization/permissions/read, which Reader has.",
            ),
            Err(error) => Finding::of(
                "rights",
                Level::Error,
                format!("subscription {id}: {}", error_chain(&error)),
                "Give a role in the subscription, or renew its Lighthouse delegation; if it is gone, its targets settle by themselves.",
            ),
        });
    }
    bar.finish_and_clear();
}
