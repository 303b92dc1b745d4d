//! What does not comply in whole scopes, found by the very steps of a batch run, in memory: nothing is stored and nothing is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;

use policy_remediator::app::App;
use policy_remediator::azure::{Deadline, now};
use policy_remediator::functions::ask_of_run;
use remediation::document::RunDocument;
use remediation::id::Target;
use remediation::message::{BatchRun, Sighting};
use remediation::run::{Answer, Terms, advance, begin, question};

use crate::cli::operator::progress;

/// Longest time for the answer to one question.
const PATIENCE: Duration = Duration::from_secs(120);
/// Questions of a run: far more than a thousand subscriptions with 100,000 resources take.
const MOST_QUESTIONS: usize = 50_000;

/// What was found.
pub(super) struct Discovered {
    pub(super) seen: BTreeMap<Target, Vec<Sighting>>,
    /// How the run ended.
    pub(super) run: RunDocument,
}

/// Looks through the scopes of the run. Nothing is handed over: each resource is wanted by name.
pub(super) async fn discover(app: &App, run: BatchRun) -> anyhow::Result<Discovered> {
    let terms = Terms { escalate_above: usize::MAX, discovery: app.settings.discovery };
    let mut document = begin(run, terms.discovery, now());
    let mut seen: BTreeMap<Target, Vec<Sighting>> = BTreeMap::new();
    let bar = progress("questions", MOST_QUESTIONS);
    bar.set_length(0);
    for _ in 0..MOST_QUESTIONS {
        if document.ended_at.is_some() {
            bar.finish_and_clear();
            return Ok(Discovered { seen, run: document });
        }
        let answer = match question(&document) {
            Some(question) => ask_of_run(app, &question, Deadline::after(PATIENCE)).await,
            None => Answer::Refused(String::new()),
        };
        let now = now();
        let step = advance(&document, answer, terms, now);
        bar.inc(1);
        for message in &step.send {
            let sighting =
                Sighting::read(&message.body).context("what the run found cannot be read; please report this")?;
            seen.entry(sighting.target()).or_default().push(sighting);
        }
        document = step.document;
        if let Some(until) = step.wait_until {
            tokio::time::sleep(Duration::try_from(until - now).unwrap_or_default()).await;
        }
    }
    anyhow::bail!("no end after {MOST_QUESTIONS} questions; please report this")
}
