//! `sweep`, every quarter of an hour: it heals overdue wake-ups, ends parks, follows the guard rails, wakes what other settings held and deletes what is settled. Time is virtual, so sweeps that would find
//! nothing are passed over.

use std::time::Duration;

use remediation::control::ControlsNow;
use remediation::decide::{Effect, Errand, Outcome, Purpose};
use remediation::document::{EntryState, Held, LeftOut, Noted, TargetDocument, TargetSummary, quiet_since};
use remediation::id::Target;
use remediation::settings::Mode;
use remediation::time::Timestamp;
use remediation::transition::{is_overdue, may_be_settled, needs_walk};

use crate::tally::Ingredient;
use crate::world::World;

const EVERY: Duration = Duration::from_secs(900);

fn summary(document: &TargetDocument) -> TargetSummary {
    let parked = document.resources.values().filter_map(|entry| match entry.state {
        EntryState::Parked { until, .. } => Some(until),
        _ => None,
    });
    let parked = parked.chain(document.parked.as_ref().map(|park| park.until));
    let is_unsettled = document.unlisted.is_some()
        || document.resources.values().any(|entry| match entry.state {
            EntryState::Waiting { .. } => !document.holds(entry),
            EntryState::InTask => true,
            _ => false,
        });
    TargetSummary {
        counts: None,
        is_newer: false,
        blob: format!("targets/{}/{}.json", document.target.subscription(), document.target.hash()),
        wake_at: document.wake_at,
        held_under: document.held_under.clone().filter(|_| document.active.is_none()),
        parked_until: parked.min(),
        is_unsettled,
        left_out: LeftOut::of(document),
        quiet_since: quiet_since(document),
        noted: Noted::of(document),
        hours: Vec::new(),
    }
}

impl World {
    /// When the next sweep comes that finds something to do, if nothing else happens until then.
    pub(crate) fn sweep_at(&self) -> Option<Timestamp> {
        let digest = self.tuning.guard_rails.digest();
        let first = self.store.targets.values().filter_map(|(document, _)| {
            let summary = summary(document);
            let overdue = summary.wake_at.map(|at| at + self.tuning.opening_grace + Duration::from_nanos(1));
            let asleep = (summary.is_unsettled && summary.wake_at.is_none()).then_some(self.now);
            let over = summary.parked_until.filter(|until| *until <= self.horizon);
            let left_out = needs_walk(&summary, &digest).then_some(self.now);
            let held = self.asks_again(&summary).then_some(self.now);
            let settled =
                summary.quiet_since.filter(|_| summary.wake_at.is_none()).map(|at| at + self.tuning.flap_window);
            let settled = settled.map(|at| at + Duration::from_nanos(1)).filter(|at| *at <= self.horizon);
            [overdue, asleep, over, left_out, held, settled].into_iter().flatten().min()
        });
        let first = first.min()?;
        let ahead = Duration::try_from(first - self.next_sweep).unwrap_or_default();
        let sweeps = u32::try_from(ahead.as_nanos().div_ceil(EVERY.as_nanos())).ok()?;
        Some(self.next_sweep + EVERY * sweeps)
    }

    pub(crate) fn sweep_step(&mut self) -> Result<(), String> {
        if self.now < self.next_sweep {
            return Ok(());
        }
        while self.next_sweep <= self.now {
            self.next_sweep += EVERY;
        }
        self.check_nobody_starves()?;
        let slack = self.tuning.opening_grace;
        let overdue: Vec<TargetDocument> = self
            .store
            .targets
            .values()
            .map(|(d, _)| d)
            .filter(|d| is_overdue(&summary(d), slack, self.now))
            .cloned()
            .collect();
        for document in overdue {
            let was_over = summary(&document).parked_until.is_some_and(|until| until <= self.now);
            self.tell(|| format!("sweep wakes {}", document.target.hash()));
            if self.run(&document.target, Purpose::Wake)? == Outcome::Woken && was_over {
                self.meet(Ingredient::ParkOver);
            }
        }
        self.walk()?;
        self.wake_held()?;
        self.delete_settled()
    }

    /// As the shell does: what is only planned for is held by nothing.
    fn asks_again(&self, summary: &TargetSummary) -> bool {
        let known = self.approvals.known_now();
        let controls = ControlsNow::new(&self.tuning, Some(&known), self.now);
        self.tuning.mode != Mode::Plan && !controls.to_ask_again(std::slice::from_ref(summary), self.now).is_empty()
    }

    fn wake_held(&mut self) -> Result<(), String> {
        let targets = self.store.targets.values().map(|(document, _)| document);
        let is_woken = |document: &&TargetDocument| self.asks_again(&summary(document));
        let held = targets.filter(is_woken).map(|document| (document.target.clone(), document.held_under.clone()));
        for (target, held) in held.collect::<Vec<_>>() {
            let Some(held) = held else { continue };
            let of_approval = matches!(held, Held::Approval { .. });
            if self.run(&target, Purpose::AskAgain(held))? == Outcome::Woken {
                self.tell(|| format!("sweep wakes {}, which controls held that are others now", target.hash()));
                self.meet(if of_approval { Ingredient::ApprovedAnew } else { Ingredient::AskedAgain });
                if of_approval {
                    self.check_woken_for_approval(&target)?;
                }
            }
        }
        Ok(())
    }

    /// Runs an errand of `sweep`, which may fail before it sends what it wrote.
    fn run(&mut self, target: &Target, purpose: Purpose) -> Result<Outcome, String> {
        let mut errand = Errand::to(self.store.target(target), purpose);
        loop {
            match errand.next(&self.tuning, self.now) {
                Effect::Load => return Err("sweep reads what it has read".to_owned()),
                Effect::Save(mut document) => match self.save_target(&mut document, errand.etag())? {
                    Some(_) => errand.saved(*document),
                    None => errand.lost_race(),
                },
                Effect::Send(_) if self.strikes(0.1) => return Ok(Outcome::Nothing),
                Effect::Send(wake_up) => {
                    self.send_wake_up(&wake_up);
                    errand.ended();
                }
                Effect::Delete => {
                    let document = self.store.target(target).document;
                    self.delete_target(&document)?;
                    errand.ended();
                }
                Effect::Done => return Ok(errand.outcome().clone()),
            }
        }
    }

    fn delete_settled(&mut self) -> Result<(), String> {
        let window = self.tuning.flap_window;
        let may_be = |document: &&TargetDocument| may_be_settled(&summary(document), window, self.now);
        let listed = self.store.targets.values().map(|(document, _)| document);
        let settled: Vec<_> = listed.filter(may_be).map(|document| document.target.clone()).collect();
        for target in settled {
            if self.run(&target, Purpose::Clear)? == Outcome::Settled {
                self.tell(|| format!("sweep deletes {}", target.hash()));
                self.meet(Ingredient::DocumentSettled);
            }
        }
        Ok(())
    }

    fn walk(&mut self) -> Result<(), String> {
        let digest = self.tuning.guard_rails.digest();
        let targets = self.store.targets.values().map(|(document, _)| document);
        let left_out: Vec<_> = targets.filter(|d| needs_walk(&summary(d), &digest)).map(|d| d.target.clone()).collect();
        for target in left_out {
            let Outcome::LetIn(now_in) = self.run(&target, Purpose::LetIn)? else { continue };
            self.tell(|| format!("sweep lets in {now_in:?} of {}", target.hash()));
            if now_in.listed > 0 {
                self.meet(Ingredient::LetIn);
            }
            if now_in.counted > 0 {
                self.meet(Ingredient::CountedLetIn);
            }
        }
        Ok(())
    }
}
