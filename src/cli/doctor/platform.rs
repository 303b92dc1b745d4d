//! What brings the work to the worker: its functions, and the topics of Event Grid that can be seen.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, stream};

use policy_remediator::arm::{ArmClient, ArmError, calls};
use policy_remediator::azure::{Deadline, error_chain};
use policy_remediator::functions::FUNCTIONS;
use remediation::fact::EventTopic;
use remediation::id::{ArmId, RunScope, SubscriptionId};
use remediation::report::doctor::{self, Finding, Level, Ours, Seen};

use crate::cli::operator::{Connection, progress};

/// Longest time for the topics of a subscription.
const PATIENCE: Duration = Duration::from_secs(8);
/// The same for an app, whose host may have to start first.
const STARTING: Duration = Duration::from_secs(60);
/// Subscriptions that are asked at a time.
const TOGETHER: usize = 8;

/// Looks at the functions of the app.
pub(super) async fn functions(connection: &Connection, app: Option<&ArmId>, findings: &mut Vec<Finding>) {
    const CHECK: &str = "functions";
    let (arm, deadline) = (&connection.app.reconciler.arm, Deadline::after(STARTING));
    let Some(app) = app else {
        findings.push(Finding::of(
            CHECK,
            Level::Note,
            "the function app is not known, so its functions were not looked at",
            "policy-remediator doctor --app ID looks at them; azd env get-values has its id as FUNCTION_APP_ID.",
        ));
        return;
    };
    let Some(call) = calls::list_functions(app) else {
        let what = format!("{} is not the id of a function app", app.as_str());
        let fix = "It begins with /subscriptions/ and has /providers/Microsoft.Web/sites/.";
        findings.push(Finding::of(CHECK, Level::Error, what, fix));
        return;
    };
    let listed = match arm.send_paged(&call, deadline).await {
        Ok(listed) => listed,
        Err(error) => {
            let (level, fix) = match error {
                ArmError::NotFound { .. } => (Level::Error, "Correct the id of the app, or deploy it: azd up."),
                _ => (Level::Note, "Ask as somebody with Reader on the app."),
            };
            let what = format!("the functions cannot be listed: {}", error_chain(&error));
            findings.push(Finding::of(CHECK, level, what, fix));
            return;
        }
    };
    let mut host = None;
    if let Some(call) = calls::host_state(app) {
        match arm.send(&call, deadline).await {
            Ok(state) => host = Some(state),
            Err(error) => findings.push(Finding::of(
                CHECK,
                Level::Note,
                format!("the host of the app does not tell how it is: {}", error_chain(&error)),
                "Ask as somebody with Contributor on the app; az functionapp log tail shows what it does.",
            )),
        }
    }
    let mut of_functions = Vec::new();
    let known = FUNCTIONS.into_iter().filter(|name| listed.iter().any(|one| one.name.eq_ignore_ascii_case(name)));
    // Whose host does not answer would only not answer again.
    for name in known.filter(|_| host.is_some()) {
        let Some(call) = calls::function_state(app, name) else { continue };
        if let Ok(state) = arm.send(&call, deadline).await {
            of_functions.push((name.to_owned(), state));
        }
    }
    findings.extend(doctor::functions(&FUNCTIONS, &listed, host.as_ref(), &of_functions));
}

/// Looks at the topics of the subscriptions.
pub(super) async fn events(
    connection: &Connection,
    app: Option<&ArmId>,
    subscriptions: BTreeSet<SubscriptionId>,
    findings: &mut Vec<Finding>,
) {
    let settings = &connection.app.settings;
    let of_scope = |scope: &RunScope| match scope {
        RunScope::Subscription(id, _) => Some(id.clone()),
        RunScope::ManagementGroup(_) | RunScope::ResourceGroup(_) => None,
    };
    let mut seen = Seen {
        scanned: settings.sweep_scopes.iter().filter_map(of_scope).collect(),
        // What lies below a management group is not asked for here.
        scans_groups: settings.sweep_scopes.iter().any(|scope| matches!(scope, RunScope::ManagementGroup(_))),
        ..Seen::default()
    };
    let arm = &connection.app.reconciler.arm;
    let bar = progress("topics", subscriptions.len());
    let mut asking = stream::iter(subscriptions)
        .map(|id| async move {
            let topics = topics(arm, &id).await;
            (id, topics)
        })
        .buffered(TOGETHER);
    while let Some((id, topics)) = asking.next().await {
        bar.inc(1);
        match topics {
            Ok(topics) => {
                seen.topics.extend(topics);
                seen.looked_at.insert(id);
            }
            Err(_) => {
                seen.hidden.insert(id);
            }
        }
    }
    bar.finish_and_clear();
    let namespace = settings.service_bus.host_str().unwrap_or_default().to_owned();
    let id = |of: &ArmId| of.as_str().to_owned();
    let ours = Ours { namespace, namespace_id: settings.service_bus_id.as_ref().map(id), app: app.map(id) };
    findings.extend(doctor::events(&seen, &ours));
}

async fn topics(arm: &ArmClient, subscription: &SubscriptionId) -> Result<Vec<EventTopic>, ArmError> {
    let deadline = Deadline::after(PATIENCE);
    let listed = arm.send_paged(&calls::list_topics(subscription), deadline).await?;
    let mut topics: Vec<_> = listed.into_iter().filter_map(|topic| topic.0).collect();
    for topic in &mut topics {
        if let Ok(id) = topic.id.parse::<ArmId>() {
            topic.listeners = arm.send_paged(&calls::list_listeners(subscription, &id), deadline).await?;
        }
    }
    Ok(topics)
}
