//! `doctor`: looks an installation over, from its settings to what brings the work to it, and says of each finding how to fix it. It changes nothing.

mod controls;
mod identity;
mod platform;
mod services;
mod settings;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use remediation::id::{ArmId, SubscriptionId};
use remediation::report::doctor::{Finding, Level};

use super::exit::{ATTENTION, DONE};
use super::operator::{Connection, Options, Rows};

/// Look over settings, identity, rights, queues, containers, documents, functions and events, and say how to fix what is wrong.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator doctor --env-file prod.env\n  policy-remediator doctor --subscription 086aecf4-23d6-4dfd-99a8-a5c6299f0322 --json\n\nRights are those of whoever runs it: run it in the function app to see the worker's own.\nEnds with 3 where something is to be fixed."
)]
pub(super) struct Arguments {
    /// Ask for the own rights in this subscription, beside those that the state knows. Can be given again.
    #[arg(long = "subscription", value_name = "ID")]
    subscriptions: Vec<SubscriptionId>,
    /// The function app whose functions are looked at: its resource id. Without it, what `FUNCTION_APP_ID` names beside the settings.
    #[arg(long, value_name = "ID")]
    app: Option<ArmId>,
    /// Look at this package, too: whether all functions are in it.
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let findings = look(&arguments).await?;
    let bad = findings.iter().any(Finding::needs_attention);
    let findings = Findings { findings };
    arguments.options.output().show("doctor", &findings, || text(&findings.findings))?;
    Ok(if bad { ATTENTION } else { DONE })
}

async fn look(arguments: &Arguments) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    findings.extend(arguments.package.iter().flat_map(|folder| settings::package(folder)));
    let variables = arguments.options.variables()?;
    let Some(read) = settings::look(&variables, &mut findings) else { return Ok(findings) };
    let connection = Connection::with(read, &variables)?;
    let tokens = identity::look(&connection, &mut findings).await?;
    let known = services::storage(&connection, &mut findings).await;
    controls::look(&connection, &mut findings).await;
    services::queues(&connection, &mut findings).await;
    let subscriptions: BTreeSet<SubscriptionId> = known.into_iter().chain(arguments.subscriptions.clone()).collect();
    if tokens.resource_manager {
        services::queue_counts(&connection, &mut findings).await;
        let app = arguments.app.clone().or_else(|| variables.app());
        platform::functions(&connection, app.as_ref(), &mut findings).await;
        platform::events(&connection, app.as_ref(), subscriptions.clone(), &mut findings).await;
        services::rights(&connection, subscriptions, &mut findings).await;
    }
    Ok(findings)
}

fn text(findings: &[Finding]) -> String {
    let mut rows = Rows::under(&["", "check", "found"]);
    for finding in findings {
        let sign = match finding.level {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        };
        rows.row([sign.to_owned(), finding.check.to_owned(), finding.what.clone()]);
        if let Some(fix) = &finding.fix {
            rows.row([String::new(), String::new(), format!("→ {fix}")]);
        }
    }
    let bad = findings.iter().filter(|finding| finding.needs_attention()).count();
    let end = match bad {
        0 => "Nothing is to be fixed.".to_owned(),
        1 => "1 finding is to be fixed.".to_owned(),
        more => format!("{more} findings are to be fixed."),
    };
    format!("{}\n\n{end}", rows.text())
}
