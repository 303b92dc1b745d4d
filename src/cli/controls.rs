//! `controls show`: what holds the worker back: mode, window, what people have paused, open breakers, first steps and paces.

use serde::Serialize;

use remediation::document::{ControlsDocument, Pause};
use remediation::report::ago;
use remediation::time::{Timestamp, time_text};

use super::controls_file::{Found, read};
use super::exit::{ATTENTION, DONE};
use super::operator::{Options, Rows, complain};
use super::standings::Standings;

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

/// Tell the mode, when anything is changed, what is paused or stopped, and how far first steps and paces are.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator controls show --env-file prod.env\n  policy-remediator controls show --json\n\nEnds with 3 where controls.json is missing or cannot be used (everything is paused then), where a breaker has stopped a policy, and where a document of an assignment cannot be used."
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
    #[serde(flatten)]
    standings: Standings,
    settings: String,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let Command::Show(ShowArguments { options }) = arguments.command;
    let connection = options.connect()?;
    let (found, at) = read(&connection).await?;
    let settings = &connection.app.settings;
    let window = &settings.tuning.change_window;
    let lost = found.lost();
    let document = match found {
        Found::Document(document, _) => Some(document),
        Found::NotYet => Some(ControlsDocument::default()),
        Found::Missing | Found::Unusable => None,
    };
    let standings = Standings::read(&connection, at).await?;
    complain(&standings.unusable);
    let controls = Controls {
        standings,
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
        let pauses = pauses.unwrap_or_else(|| lost.unwrap_or_default().to_owned());
        format!("{}\n\n{pauses}{}", rows.text(), controls.standings.text(&settings.tuning, at))
    })?;
    Ok(if lost.is_none() && !controls.standings.need_attention() { DONE } else { ATTENTION })
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
