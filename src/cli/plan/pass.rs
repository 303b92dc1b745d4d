//! Goes through the worker's own passes for one target, in plan mode, on documents that are kept in memory: nothing is written, nothing
//! is sent, and where a pass would change something in Azure it ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use policy_remediator::arm::calls;
use policy_remediator::azure::Clocks;
use remediation::control::fleet::{Entered, Entry};
use remediation::control::{Controls, KnownApprovals, KnownControls};
use remediation::decide::{Idle, Next, Observed, Pass, Plan};
use remediation::document::{ETag, FleetDocument, Installation, SubscriptionDocument, TargetDocument, Versioned};
use remediation::fact::NewTask;
use remediation::message::WakeUp;
use remediation::report::Forecast;
use remediation::settings::{Mode, Tuning};

use super::source::Source;

/// Steps of a pass, as the worker bounds them.
const MOST_STEPS: usize = 2_000;
/// Plans of a target: 5,000 resources in waves of 100, and what is listed after them.
const MOST_PLANS: usize = 600;
/// So long, at most, is it waited for Resource Manager, which wants to be left alone for a while.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// The documents as they would be.
pub(super) struct Documents {
    pub(super) target: TargetDocument,
    pub(super) claims: SubscriptionDocument,
    pub(super) installation: Installation,
    /// What people have paused.
    pub(super) controls: Arc<Controls>,
    /// What they have approved.
    pub(super) approvals: KnownApprovals,
    /// How far the worker goes; the plan is made in plan mode.
    pub(super) mode: Mode,
}

/// How a pass ended.
enum End {
    /// It would do this.
    Plan(Box<Plan>),
    /// The opening of this task was begun already, and goes on.
    Opening(Box<NewTask>),
    /// It rests.
    Idle(Option<Idle>),
}

/// What would be done for the target, from plan to plan.
pub(super) async fn forecast(
    source: &Source<'_>,
    tuning: &Tuning,
    clocks: &Clocks,
    mut documents: Documents,
) -> anyhow::Result<Forecast> {
    let mut forecast = Forecast::of(&documents.target.target);
    let body = |task: &NewTask| serde_json::from_str(&calls::create_task(task).body_text()).unwrap_or(Value::Null);
    let (mut idle, mut has_waited, mut granted) = (None, false, false);
    for _ in 0..MOST_PLANS {
        let (end, held) = pass(source, tuning, clocks, &mut documents, granted, &mut forecast).await?;
        forecast.held_back = held.map(Idle::as_str).or(forecast.held_back);
        match end {
            End::Plan(plan) => {
                forecast.add(&plan, body);
                granted |= !plan.grants.is_empty();
                match plan.carried_out(&documents.target, tuning, clocks.moment().now) {
                    Some(after) => documents.target = after,
                    None if !plan.grants.is_empty() => {}
                    None => break,
                }
            }
            End::Opening(task) => {
                forecast.add(&Plan { task: Some(*task), ..Plan::default() }, body);
                idle = Some(Idle::OpeningElsewhere);
                break;
            }
            End::Idle(Some(Idle::Throttled)) if !has_waited => {
                has_waited = true;
                let until = documents.target.wake_at.map(|until| until - clocks.moment().now);
                let pause = until.and_then(|pause| Duration::try_from(pause).ok()).unwrap_or_default();
                tokio::time::sleep(pause.min(LONGEST_WAIT)).await;
            }
            End::Idle(why) => {
                idle = why;
                break;
            }
        }
    }
    forecast.end(&documents.target, idle);
    Ok(forecast)
}

async fn pass(
    source: &Source<'_>,
    tuning: &Tuning,
    clocks: &Clocks,
    documents: &mut Documents,
    granted: bool,
    forecast: &mut Forecast,
) -> anyhow::Result<(End, Option<Idle>)> {
    let target = documents.target.target.clone();
    let etag = || ETag("in memory".to_owned());
    let wake_up = WakeUp::new(target.clone(), documents.target.generation);
    let mut pass = Pass::new(&wake_up, documents.installation.clone());
    let controls = KnownControls { controls: Arc::clone(&documents.controls), asked: clocks.running() };
    pass.observe(Observed::Controls(controls));
    let approvals = KnownApprovals { asked: clocks.running(), ..documents.approvals.clone() };
    for _ in 0..MOST_STEPS {
        let next = pass.refreshed(pass.next(tuning, clocks.moment()));
        let observed = match next {
            Next::Load => {
                Observed::Target(Box::new(Versioned { document: documents.target.clone(), etag: Some(etag()) }))
            }
            Next::Save(write) => {
                documents.target = (*write.document).clone();
                Observed::Saved(write, etag())
            }
            Next::LoadClaims => Observed::Claims(Versioned { document: documents.claims.clone(), etag: Some(etag()) }),
            Next::SaveClaims(claims) => {
                documents.claims = (*claims).clone();
                Observed::ClaimsSaved(claims, etag())
            }
            Next::LoadRival(hash) => {
                let rival = source.rival(target.subscription(), &hash).await?;
                Observed::Rival(hash, rival)
            }
            Next::Ask(question) => source.ask(question, &target, granted).await,
            Next::LoadApprovals => Observed::Approvals(approvals.clone()),
            // Nothing is counted for a plan, and nothing is entered.
            Next::LoadFleet => {
                Observed::Fleet(Arc::new(FleetDocument::new(FleetDocument::name_of(&documents.target.target))))
            }
            Next::Enter(entry) => match *entry {
                Entry::Report(unreported, _) => Observed::Reported(unreported.task, Entered::Yes),
                Entry::Judge(judged, _) => Observed::Judged(Box::new(judged)),
                Entry::Book(taken) => Observed::Entered(taken.task, Entered::Yes),
            },
            Next::Show(plan) => {
                // Who gets no task is held back by that, and by nothing else.
                let is_task = plan.task.is_some() || !plan.grants.is_empty();
                forecast.facts = pass.facts_digest();
                forecast.pacing = pass.pacing(tuning).or(forecast.pacing.take());
                let mode = if documents.mode == Mode::Approve { Mode::Approve } else { Mode::Act };
                pass.observe(Observed::Approvals(approvals));
                let held = pass.held_in(mode, tuning, clocks.moment()).filter(|_| is_task);
                return Ok((End::Plan(plan), held));
            }
            Next::Create(task, _) => return Ok((End::Opening(task), None)),
            // What waits for these goes on once they are done.
            Next::Grant(_) => return Ok((End::Idle(Some(Idle::RolesArrive)), None)),
            Next::Evaluate(_) => return Ok((End::Idle(Some(Idle::NotEvaluatedYet)), None)),
            Next::CancelTask(_) => return Ok((End::Idle(Some(Idle::TaskRunning)), None)),
            Next::DeleteTask(_) => return Ok((End::Idle(Some(Idle::NothingDue)), None)),
            Next::Wake(_) => Observed::Woken,
            Next::Done => return Ok((End::Idle(pass.idle()), None)),
        };
        pass.observe(observed);
    }
    anyhow::bail!("no end after {MOST_STEPS} steps for target {}; please report this", target.hash())
}
