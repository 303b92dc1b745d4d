//! `sweep`, every quarter of an hour: it heals overdue wake-ups, ends parks, follows the guard rails and deletes what is settled. Time is virtual, so sweeps that would find
//! nothing are passed over.

use std::time::Duration;

use remediation::document::{EntryState, LeftOut, TargetDocument, TargetSummary, quiet_since};
use remediation::time::Timestamp;
use remediation::transition::{
    is_overdue, is_settled, keeps_tasks, let_in, may_be_settled, needs_walk, reschedule_overdue, wake_up_of,
};

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
        blob: String::new(),
        wake_at: document.wake_at,
        parked_until: parked.min(),
        is_unsettled,
        left_out: LeftOut::of(document),
        quiet_since: quiet_since(document),
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
            let settled =
                summary.quiet_since.filter(|_| summary.wake_at.is_none()).map(|at| at + self.tuning.flap_window);
            let settled = settled.map(|at| at + Duration::from_nanos(1)).filter(|at| *at <= self.horizon);
            [overdue, asleep, over, left_out, settled].into_iter().flatten().min()
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
        for mut document in overdue {
            let found = self.store.target(&document.target);
            let was_over = summary(&document).parked_until.is_some_and(|until| until <= self.now);
            reschedule_overdue(&mut document, self.now);
            self.tell(|| format!("sweep wakes {} generation {}", document.target.hash(), document.generation));
            if self.save_target(&mut document, found.etag.as_ref())?.is_none() || self.strikes(0.1) {
                continue;
            }
            if was_over {
                self.meet(Ingredient::ParkOver);
            }
            if let Some(wake_up) = wake_up_of(&document) {
                self.send_wake_up(&wake_up);
            }
        }
        self.walk()?;
        self.delete_settled()
    }

    fn delete_settled(&mut self) -> Result<(), String> {
        let window = self.tuning.flap_window;
        let may_be = |document: &&TargetDocument| may_be_settled(&summary(document), window, self.now);
        let is = |document: &&TargetDocument| is_settled(document, window, self.now);
        let listed = self.store.targets.values().map(|(document, _)| document);
        let settled: Vec<_> = listed.filter(may_be).filter(is).cloned().collect();
        for mut document in settled {
            if keeps_tasks(&document, &self.tuning) {
                let etag = self.store.target(&document.target).etag;
                reschedule_overdue(&mut document, self.now);
                if self.save_target(&mut document, etag.as_ref())?.is_some()
                    && let Some(wake_up) = wake_up_of(&document)
                {
                    self.send_wake_up(&wake_up);
                }
                continue;
            }
            self.tell(|| format!("sweep deletes {}", document.target.hash()));
            self.delete_target(&document)?;
            self.meet(Ingredient::DocumentSettled);
        }
        Ok(())
    }

    fn walk(&mut self) -> Result<(), String> {
        let digest = self.tuning.guard_rails.digest();
        let targets = self.store.targets.values().map(|(document, _)| document);
        let left_out: Vec<_> = targets.filter(|d| needs_walk(&summary(d), &digest)).map(|d| d.target.clone()).collect();
        for target in left_out {
            let found = self.store.target(&target);
            let mut document = found.document;
            let now_in = let_in(&mut document, &self.tuning, self.now);
            self.tell(|| format!("sweep lets in {now_in:?} of {}", target.hash()));
            if self.save_target(&mut document, found.etag.as_ref())?.is_none() || self.strikes(0.1) {
                continue;
            }
            if now_in.listed > 0 {
                self.meet(Ingredient::LetIn);
            }
            if now_in.counted > 0 {
                self.meet(Ingredient::CountedLetIn);
            }
            if let Some(wake_up) = wake_up_of(&document) {
                self.send_wake_up(&wake_up);
            }
        }
        Ok(())
    }
}
