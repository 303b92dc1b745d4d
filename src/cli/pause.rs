//! `pause` and `resume`: stop everything, a subscription or group, or an assignment, and let it go on. What is written is read by every
//! instance within half a minute.

use std::time::Duration;

use anyhow::{Context as _, bail};

use policy_remediator::azure::{Contest, Deadline};
use policy_remediator::blob::Saved;
use remediation::document::{ControlsDocument, Pause, PauseOf};
use remediation::id::Scope;
use remediation::settings::{AssignmentPatterns, duration};
use remediation::time::Timestamp;

use super::controls::{Shown, pauses_text};
use super::controls_file::{Found, read};
use super::exit::DONE;
use super::operator::{Connection, Options, PATIENCE};

/// Stop everything, or what the options name: nothing of it is begun until it is resumed. What runs is followed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator pause --reason freeze --env-file prod.env\n  policy-remediator pause --scope /subscriptions/00000000-0000-0000-0000-000000000000 --for 2h\n  policy-remediator pause --assignment deploy-diagnostics --cancel-tasks\n\nIt holds within half a minute, in all instances. Both options together: this assignment in this scope only."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    of: Of,
    /// Why, for those who find it.
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    /// For how long, such as 30m, 2h or 1d; until it is resumed where nothing is said.
    #[arg(long = "for", value_name = "DURATION", value_parser = span)]
    length: Option<Duration>,
    /// Also cancel the tasks that run. The worker needs Microsoft.PolicyInsights/remediations/cancel/action for it.
    #[arg(long)]
    cancel_tasks: bool,
    #[command(flatten)]
    options: Options,
}

/// End pauses: all of them, or just the one of what the options name.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator resume --reason CHG-42 --env-file prod.env\n  policy-remediator resume --assignment deploy-diagnostics\n\nWhere controls.json is missing or cannot be used, everything is paused until resume writes it anew."
)]
pub(super) struct ResumeArguments {
    #[command(flatten)]
    of: Of,
    /// Why, for the log.
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// What a pause is of.
#[derive(Debug, clap::Args)]
struct Of {
    /// A subscription or a resource group. One of a group also holds what is assigned to its subscription.
    #[arg(long, value_name = "ID")]
    scope: Option<Scope>,
    /// An assignment, by its name or id; `*` stands for any text.
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    assignment: Option<String>,
}

impl Of {
    fn named(self) -> PauseOf {
        PauseOf { scope: self.scope, assignment: self.assignment }
    }
}

pub(super) fn span(text: &str) -> Result<Duration, String> {
    duration(text).filter(|span| !span.is_zero()).ok_or_else(|| "a duration is written as 30m, 2h or 1d".to_owned())
}

fn pattern(text: &str) -> Result<String, String> {
    AssignmentPatterns::of(vec![text.to_owned()]).map(|_| text.to_owned())
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let Arguments { of, reason, length, cancel_tasks, options } = arguments;
    let connection = options.connect()?;
    let (of, by) = (of.named(), connection.app.reconciler.arm.principal().await);
    let (document, at) = change(&connection, |found, at| {
        let mut document = match found {
            Found::Document(document, _) => document,
            // The worker's first pass leaves it as it is.
            Found::NotYet => ControlsDocument::default(),
            Found::Missing | Found::Unusable => bail!(
                "controls.json is missing or cannot be used, so everything is paused already; resume writes it anew"
            ),
        };
        let until = length.map(|length| ends(at, length)).transpose()?;
        document.pause(Pause { of: of.clone(), reason: reason.clone(), by: by.clone(), at, until, cancel_tasks });
        Ok(document)
    })
    .await?;
    options.output().show("pauses", &Shown::of(&document), || pauses_text(&document, at))?;
    Ok(DONE)
}

/// When what lasts so long is over.
pub(super) fn ends(at: Timestamp, length: Duration) -> anyhow::Result<Timestamp> {
    let length = length.try_into().ok().and_then(|length| at.checked_add(length));
    length.context("--for is longer than dates go")
}

pub(super) async fn resume(arguments: ResumeArguments) -> anyhow::Result<u8> {
    let ResumeArguments { of, reason, options } = arguments;
    let connection = options.connect()?;
    let by = connection.app.reconciler.arm.principal().await;
    let (by, reason) = (by.as_deref(), reason.as_deref());
    let of = Some(of.named()).filter(|of| *of != PauseOf::default());
    let (document, at) = change(&connection, |found, at| {
        let mut document = match found {
            Found::Document(document, _) => document,
            Found::NotYet => ControlsDocument::default(),
            Found::Missing | Found::Unusable if of.is_none() => {
                return Ok(ControlsDocument::written_anew(by, reason, at));
            }
            Found::Missing | Found::Unusable => {
                bail!("controls.json is missing or cannot be used; resume without options writes it anew")
            }
        };
        if document.resume(of.as_ref(), by, reason, at) == 0
            && let Some(of) = &of
        {
            bail!("there is no pause of just this: {of}; controls show lists what there is");
        }
        Ok(document)
    })
    .await?;
    options.output().show("pauses", &Shown::of(&document), || pauses_text(&document, at))?;
    Ok(DONE)
}

/// Changes it by compare-and-swap: what somebody else writes meanwhile is never lost.
async fn change(
    connection: &Connection,
    edit: impl Fn(Found, Timestamp) -> anyhow::Result<ControlsDocument>,
) -> anyhow::Result<(ControlsDocument, Timestamp)> {
    let deadline = Deadline::after(PATIENCE);
    let mut contest = Contest::until(deadline);
    loop {
        let (found, at) = read(connection).await?;
        let etag = match &found {
            Found::Document(_, etag) => Some(etag.clone()),
            Found::NotYet | Found::Missing => Some(None),
            Found::Unusable => None,
        };
        let document = edit(found, at)?;
        let replaces = etag.as_ref().map(Option::as_ref);
        match connection.app.reconciler.store.save_controls(&document, replaces, deadline).await? {
            Saved::As(_) => return Ok((document, at)),
            Saved::Conflict if contest.goes_on().await => {}
            Saved::Conflict => bail!("others write controls.json all the time; try again"),
        }
    }
}
