//! `controls show`: what holds the worker back: mode, window, where it acts, and what people have paused.

use serde::Serialize;

use policy_remediator::azure::Deadline;
use remediation::document::{ControlsDocument, FleetDocument, OpenBreaker, Pause};
use remediation::report::ago;
use remediation::time::{Timestamp, time_text};

use super::controls_file::{Found, read};
use super::exit::{ATTENTION, DONE};
use super::operator::{Connection, Options, PATIENCE, Rows, Unusable, complain};

/// Look at what holds the worker back.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Show(ShowArguments),
}

/// Tell the mode, where and when anything is changed, and what is paused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator controls show --env-file prod.env\n  policy-remediator controls show --json\n\nEnds with 3 where controls.json is missing or cannot be used (everything is paused then), and where a breaker has stopped a policy."
)]
struct ShowArguments {
    #[command(flatten)]
    options: Options,
}

/// All pauses, for machines.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pauses: Vec<Pause>,
}

impl Shown {
    pub(super) fn of(document: &ControlsDocument) -> Self {
        Self { pauses: document.pauses.clone() }
    }
}

/// All controls, for machines.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Controls {
    mode: &'static str,
    window_is_open: bool,
    #[serde(with = "time::serde::rfc3339")]
    window_opens: Timestamp,
    /// None: nobody can tell, and everything is paused.
    pauses: Option<Vec<Pause>>,
    /// Policies of which nothing more is begun, since most of what was tried failed.
    breakers: Vec<ShownBreaker>,
    settings: String,
}

/// An open breaker.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownBreaker {
    assignment: String,
    reference: String,
    #[serde(flatten)]
    open: OpenBreaker,
}

impl ShownBreaker {
    /// All that are open.
    pub(super) async fn all(connection: &Connection, now: Timestamp) -> anyhow::Result<Vec<Self>> {
        let documents = open_breakers(connection).await?;
        let of_one = |document: FleetDocument| {
            let assignment = document.assignment;
            let open =
                document.breakers.into_iter().filter_map(|(reference, breaker)| Some((reference, breaker.open?)));
            let shown = open.map(|(reference, open)| Self { assignment: assignment.clone(), reference, open });
            shown.collect::<Vec<_>>()
        };
        Ok(documents.into_iter().flat_map(of_one).filter(|shown| shown.open.until > now).collect())
    }

    fn text(&self) -> String {
        let Self { assignment, reference, open } = self;
        let of = if reference.is_empty() { String::new() } else { format!(", {reference}") };
        let wheres = match open.subscriptions.len() {
            0 => "everywhere".to_owned(),
            1 => "in 1 subscription".to_owned(),
            count => format!("in {count} subscriptions"),
        };
        let (failed, last, until) = (open.failed, open.of, time_text(open.until));
        format!(
            "stopped: assignment {assignment}{of}, {wheres}, since {failed} of its last {last} resources failed, until {until} or policy-remediator parked retry --assignment {assignment}"
        )
    }
}

/// The documents in which a breaker is open; of what cannot be used a person is warned.
pub(super) async fn open_breakers(connection: &Connection) -> anyhow::Result<Vec<FleetDocument>> {
    let found = connection.app.reconciler.store.open_breakers(Deadline::after(PATIENCE)).await?;
    complain(&found.unusable.into_iter().map(|(blob, why)| Unusable { blob, why }).collect::<Vec<_>>());
    Ok(found.open)
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let Command::Show(ShowArguments { options }) = arguments.command;
    let connection = options.connect()?;
    let (found, at) = read(&connection).await?;
    let settings = &connection.app.settings;
    let window = &settings.tuning.change_window;
    let document = match found {
        Found::Document(document, _) => Some(document),
        Found::Missing | Found::Unusable => None,
    };
    let breakers = ShownBreaker::all(&connection, at).await?;
    let controls = Controls {
        breakers,
        mode: settings.tuning.mode.as_str(),
        window_is_open: window.is_open(at),
        window_opens: window.opens(at),
        pauses: document.as_ref().map(|document| document.pauses.clone()),
        settings: settings.told.changed.clone(),
    };
    options.output().show("controls", &controls, || {
        let mut rows = Rows::under(&[]);
        rows.row(["mode", controls.mode]);
        let opens = ago(controls.window_opens, at);
        rows.row(["window".to_owned(), if controls.window_is_open { "open".into() } else { format!("opens {opens}") }]);
        let pauses = document.as_ref().map(|document| pauses_text(document, at));
        let unknown = "controls.json is missing or cannot be used: everything is paused until policy-remediator resume";
        let pauses = pauses.unwrap_or_else(|| unknown.to_owned());
        let breakers: String = controls.breakers.iter().map(|shown| format!("\n{}", shown.text())).collect();
        format!("{}\n\n{pauses}{breakers}", rows.text())
    })?;
    Ok(if document.is_some() && controls.breakers.is_empty() { DONE } else { ATTENTION })
}

/// The pauses as a table.
pub(super) fn pauses_text(document: &ControlsDocument, now: Timestamp) -> String {
    if document.pauses.is_empty() {
        return "nothing is paused".to_owned();
    }
    let mut rows = Rows::under(&["paused", "since", "until", "by", "reason"]);
    for Pause { of, reason, by, at, until, cancel_tasks } in &document.pauses {
        let until = match until {
            None => "it is resumed".to_owned(),
            Some(until) if *until <= now => "over".to_owned(),
            Some(until) => time_text(*until),
        };
        let of = if *cancel_tasks { format!("{of}, tasks are canceled") } else { of.to_string() };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        rows.row([of, ago(*at, now), until, text(by), text(reason)]);
    }
    rows.text()
}
