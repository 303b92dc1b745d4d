//! One effect of a look: what the real decisions ask for next is done to the model, and its answer is handed back.

use std::fmt::Debug;

use policy_remediator::event::Timestamp;
use policy_remediator::remediation::{Next, Observed, Reconciliation, Write};

use crate::broker::Body;
use crate::tally::Ingredient;
use crate::worker::Flow;
use crate::world::World;

impl World {
    /// Does the next thing of a look; none at its end.
    pub(crate) fn look(&mut self, flow: &mut Flow, look: &Reconciliation) -> Result<Option<Observed>, String> {
        let Body::Wake(wake_up) = &flow.message.body else { return Ok(None) };
        let target = wake_up.target.clone();
        let next = look.refreshed(look.next(&self.policy, self.now));
        let number = flow.message.number;
        Ok(Some(match next {
            Next::Done => return Ok(None),
            Next::Load => Observed::Target(Box::new(self.store.target(&target))),
            Next::Save(write) => self.save(write, look, number)?,
            Next::LoadClaims => {
                let read = self.store.subscription(target.subscription());
                flow.floor = flow.floor.max(read.document.throttled_until);
                if flow.floor.is_some_and(|until| self.now < until) {
                    self.meet(Ingredient::FloorHeld);
                }
                Observed::Claims(read)
            }
            Next::SaveClaims(claims) => {
                let saved = self.save_subscription(&claims, look.claims_etag());
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
                let active = self.store.active_of(&hash);
                Observed::Rival(hash, active)
            }
            Next::Ask(question) => {
                self.check_floor(flow.floor, &question)?;
                let observed = self.answer(flow.instance, &target, &question);
                if let Observed::Unanswered(error) = &observed {
                    self.tell(|| format!("[{number}] unanswered: {error} ({question:?})"));
                }
                observed
            }
            Next::Put(task) => {
                self.check_floor(flow.floor, &task.name)?;
                let put = self.put(flow.instance, &task)?;
                self.tell(|| format!("[{number}] PUT {}: {put:?}", task.name));
                Observed::Put(task.name, put)
            }
            Next::Evaluate(scope) => {
                self.check_floor(flow.floor, &scope)?;
                let scanned = self.request_evaluation(flow.instance, &scope)?;
                self.tell(|| format!("[{number}] asks for an evaluation of {scope}: {scanned:?}"));
                Observed::Scanned(scope, scanned)
            }
            Next::Show(_) => return Err("a plan is shown in act mode".to_owned()),
            Next::Wake(wake_up) => {
                self.send_wake_up(&wake_up);
                Observed::Woken
            }
        }))
    }

    fn save(&mut self, mut write: Write, look: &Reconciliation, number: u64) -> Result<Observed, String> {
        let saved = self.save_target(&mut write.document, look.etag());
        let was_saved = matches!(saved, Ok(Some(_)));
        self.tell(|| {
            let active = write.document.active.as_ref().map(|a| format!("{} {:?}", a.name, a.phase));
            format!(
                "[{number}] saves {:?} {} generation {}: {was_saved}",
                write.meaning,
                active.unwrap_or_default(),
                write.document.generation,
            )
        });
        Ok(match saved? {
            Some(etag) if !self.strikes(0.01) => Observed::Saved(write, etag),
            _ => Observed::Conflict,
        })
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
