//! Plays a scenario: the demo on its estate, under its conditions, with its steps, and the verdicts on how that ended.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use simulator::estate::Estate;
use simulator::faults::Rule;
use time::OffsetDateTime;

use super::format::{Act, Answer, Mode, Scenario};
use super::land::land;
use super::pace::allowance;
use super::verdict::{Outcome, verdicts};
use crate::demo::{Conditions, Demo};
use crate::run::{Show, run_with};
use crate::{Mode as Acting, Report};

/// What a scenario says of the start.
pub struct Situation {
    /// The estate.
    pub estate: Estate,
    /// The events that are sent at once.
    pub events: Vec<Value>,
    /// What Resource Manager is like.
    pub conditions: Conditions,
    /// What makes services slow.
    pub faults: Vec<Rule>,
}

/// What a scenario has come to.
pub struct Played {
    /// The demo's report, with the verdicts.
    pub report: Report,
    /// How it ends, by its mark.
    pub outcome: Outcome,
}

impl Scenario {
    /// The start, as found before `now`.
    ///
    /// # Errors
    /// When the file names what is not there.
    pub fn situation(&self, now: OffsetDateTime) -> anyhow::Result<Situation> {
        let land = land(self, now)?;
        let conditions = Conditions {
            tempo: self.lags.tempo(),
            allowance: allowance(self.budgets),
            fakes: self.answers.iter().map(Answer::fake).collect(),
        };
        Ok(Situation { estate: land.estate, events: land.events, conditions, faults: self.latency.rules() })
    }

    /// Whether the worker may act.
    pub fn acting(&self) -> Acting {
        match self.mode {
            Mode::Act => Acting::Act,
            Mode::Plan => Acting::Plan,
        }
    }

    /// The answers in the order in which they are added.
    pub(super) fn all_answers(&self) -> Vec<&Answer> {
        let later = self.later.iter().flat_map(|step| &step.acts).filter_map(|act| match act {
            Act::Answer(answer) => Some(answer.as_ref()),
            Act::DeleteResource(_)
            | Act::CancelTasks(_)
            | Act::DeleteTasks(_)
            | Act::OpenTask(_)
            | Act::Assign(_)
            | Act::RemoveAssignment(_)
            | Act::Register(_)
            | Act::Evaluate(_)
            | Act::TakeBackAnswer(_)
            | Act::Stop(_)
            | Act::Start(_)
            | Act::Fire(_)
            | Act::KillWorker(_) => None,
        });
        self.answers.iter().chain(later).collect()
    }
}

/// Plays a scenario with the worker of a package. `longer` times its longest run is given to it, on a machine that is busy.
///
/// # Errors
/// When the file names what is not there, or the local Azure or the worker does not start.
pub async fn play(
    scenario: &Scenario,
    package: PathBuf,
    longer: f64,
    log: Option<Box<dyn Write + Send>>,
    show: Show<'_>,
) -> anyhow::Result<Played> {
    let Situation { estate, events, conditions, faults } = scenario.situation(OffsetDateTime::now_utc())?;
    let demo = Demo {
        estate,
        events: events.into(),
        mode: scenario.acting(),
        package,
        limit: Duration::from_secs_f64(scenario.longest_run * longer),
        settings: scenario.settings.clone(),
        faults,
        conditions,
        instances: scenario.instances,
        goes_on: false,
        log,
        exchanges: None,
        owner: None,
    };
    let (mut report, end) = run_with(demo, &scenario.later, show).await?;
    report.verdicts = verdicts(&scenario.expect, &scenario.all_answers(), &end);
    let outcome = Outcome::of(scenario.failing.is_some(), &report.verdicts);
    Ok(Played { report, outcome })
}
