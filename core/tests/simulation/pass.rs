//! One effect of a pass: what the real decisions ask for next is done to the model, and its answer is handed back.

use std::fmt::Debug;
use std::time::Duration;

use remediation::decide::{Idle, Next, Observed, Pass, Transition, Write};
use remediation::fact::{Creation, NewTask};
use remediation::settings::Mode;
use remediation::time::Timestamp;

use crate::broker::Body;
use crate::tally::Ingredient;
use crate::worker::Flow;
use crate::world::World;

impl World {
    /// Does the next thing of a pass; none at its end.
    pub(crate) fn pass(&mut self, flow: &mut Flow, pass: &Pass) -> Result<Option<Observed>, String> {
        let Body::Wake(wake_up) = &flow.message.body else { return Ok(None) };
        let target = wake_up.target.clone();
        let number = flow.message.number;
        if let Some((task, until)) = flow.unsent.take() {
            return self.send(flow, *task, until).map(Some);
        }
        let next = pass.refreshed(pass.next(&self.tuning, self.moment(flow.instance)));
        Ok(Some(match next {
            Next::Done => return Ok(None),
            Next::Load => Observed::Target(Box::new(self.store.target(&target))),
            Next::Save(write) => {
                if write.transition == Transition::Settled(Idle::OutsideWindow) {
                    self.meet(Ingredient::OutsideWindow);
                }
                for (why, ingredient) in [
                    (Idle::FirstSteps, Ingredient::FirstSteps),
                    (Idle::PaceReached, Ingredient::PaceReached),
                    (Idle::PolicyFails, Ingredient::PolicyFails),
                    (Idle::AwaitingApproval, Ingredient::AwaitingApproval),
                    (Idle::ApprovalUsedUp, Ingredient::ApprovalUsedUp),
                ] {
                    if write.transition == Transition::Settled(why) {
                        self.meet(ingredient);
                    }
                }
                if write.transition == Transition::Settled(Idle::Paused) {
                    self.meet(Ingredient::Paused);
                }
                self.save(write, pass, number)?
            }
            Next::LoadClaims => {
                let read = self.store.subscription(target.subscription());
                flow.floor = flow.floor.max(read.document.throttled_until);
                if flow.floor.is_some_and(|until| self.now < until) {
                    self.meet(Ingredient::FloorHeld);
                }
                Observed::Claims(read)
            }
            Next::SaveClaims(claims) => {
                let saved = self.save_subscription(&claims, pass.claims_etag());
                self.tell(|| {
                    format!(
                        "[{number}] saves claims {:?}: {}",
                        claims.claims.values().map(|c| c.task.as_str()).collect::<Vec<_>>(),
                        saved.is_some()
                    )
                });
                match saved {
                    Some(etag) if !self.strikes(0.01) => {
                        flow.floor = flow.floor.max(claims.throttled_until);
                        Observed::ClaimsSaved(claims, etag)
                    }
                    _ => Observed::ClaimsConflict,
                }
            }
            Next::LoadRival(hash) => {
                let rival = self.store.rival_of(&hash);
                Observed::Rival(hash, rival)
            }
            Next::Ask(question) => {
                self.check_floor(flow.floor, &question)?;
                let observed = self.answer(flow.instance, &target, &question);
                if let Observed::Unanswered(error) = &observed {
                    self.tell(|| format!("[{number}] unanswered: {error:?} ({question:?})"));
                }
                observed
            }
            Next::LoadFleet => Observed::Fleet(self.fleet_known(flow.instance, &target)),
            Next::LoadApprovals => Observed::Approvals(self.approvals_known(flow.instance)),
            Next::Enter(entry) => self.enter(flow.instance, &target, &entry)?,
            Next::Create(..) if self.tuning.mode == Mode::Plan => {
                return Err("a task is created in plan mode".to_owned());
            }
            Next::Create(task, until) => {
                self.check_floor(flow.floor, &task.name)?;
                if self.stalls(flow) {
                    flow.unsent = Some((task, until));
                    return Ok(Some(Observed::Shown(String::new())));
                }
                self.send(flow, *task, until)?
            }
            Next::Grant(grant) if self.tuning.mode == Mode::Plan => {
                return Err(format!("{grant:?} is granted in plan mode"));
            }
            Next::Grant(grant) => {
                self.check_floor(flow.floor, &grant.name)?;
                self.check_window(&grant.name)?;
                self.check_pause(&target)?;
                self.check_grant_approved(&target)?;
                self.grant(flow.instance, &target, &grant)?
            }
            Next::Evaluate(scope) => {
                self.check_floor(flow.floor, &scope)?;
                self.check_window(&scope)?;
                self.check_pause(&target)?;
                let scanned = self.request_evaluation(flow.instance, &scope)?;
                self.tell(|| format!("[{number}] asks for an evaluation of {scope}: {scanned:?}"));
                Observed::Scanned(scope, scanned)
            }
            Next::DeleteTask(name) => {
                self.check_floor(flow.floor, &name)?;
                self.check_window(&name)?;
                self.check_pause(&target)?;
                match self.delete_finished(flow.instance, &name)? {
                    Ok(()) => Observed::TaskDeleted(name),
                    Err(unanswered) if unanswered.not_before.is_some() => Observed::Unanswered(unanswered),
                    Err(_) => Observed::TaskStays,
                }
            }
            Next::CancelTask(name) => {
                self.check_floor(flow.floor, &name)?;
                self.cancel_paused(&target, &name)?;
                Observed::TaskCanceled(name)
            }
            Next::Show(plan) if self.tuning.mode != Mode::Act => Observed::Shown(plan.digest()),
            Next::Show(_) => return Err("a plan is shown in act mode".to_owned()),
            Next::Wake(wake_up) => {
                self.send_wake_up(&wake_up);
                Observed::Woken
            }
        }))
    }

    /// Sends the request for a task, if it is not too late for it: the last thing that is looked at is the clock.
    fn send(&mut self, flow: &Flow, task: NewTask, until: Duration) -> Result<Observed, String> {
        let put = if self.moment(flow.instance).running < until {
            self.check_window(&task.name)?;
            self.check_pause(&task.target)?;
            self.check_approved(&task)?;
            self.put(flow.instance, &task)?
        } else {
            self.meet(Ingredient::TooLate);
            Creation::Wait
        };
        self.tell(|| format!("[{}] PUT {}: {put:?}", flow.message.number, task.name));
        Ok(Observed::Creation(task.name, put))
    }

    fn save(&mut self, mut write: Write, pass: &Pass, number: u64) -> Result<Observed, String> {
        let saved = self.save_target(&mut write.document, pass.etag());
        let was_saved = matches!(saved, Ok(Some(_)));
        self.tell(|| {
            let active = write.document.active.as_ref().map(|a| format!("{} {:?}", a.name, a.phase));
            format!(
                "[{number}] saves {:?} {} generation {}: {was_saved}",
                write.transition,
                active.unwrap_or_default(),
                write.document.generation,
            )
        });
        Ok(match saved? {
            Some(etag) if !self.strikes(0.01) => Observed::Saved(write, etag),
            _ => Observed::Conflict,
        })
    }

    /// Nothing is changed outside of the window, whatever the instance's own clock shows.
    fn check_window(&self, call: &dyn Debug) -> Result<(), String> {
        if self.tuning.change_window.is_open(self.now) {
            return Ok(());
        }
        Err(format!("{call:?} is sent outside of the window"))
    }

    /// Whoever has read how long Resource Manager is to be left alone makes no call before.
    fn check_floor(&self, floor: Option<Timestamp>, call: &dyn Debug) -> Result<(), String> {
        match floor.filter(|until| self.now < *until) {
            Some(until) => {
                Err(format!("{call:?} is asked, but the look has read that no call is wanted before {until}"))
            }
            None => Ok(()),
        }
    }
}
