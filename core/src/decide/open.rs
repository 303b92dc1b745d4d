//! A task is written down as opening: finish its opening, if that is ours to do. Whoever wrote it down owns it for
//! `OPENING_GRACE`; afterwards whoever takes it over looks whether it exists before creating it.

use std::time::Duration;

use crate::document::{Absence, ActiveTask, EntryState, GivingUp, TaskKind};
use crate::fact::{Creation, NewTask};
use crate::id::TargetHash;
use crate::settings::Mode;
use crate::time::Timestamp;
use crate::transition::backoff::next_pass;
use crate::transition::open;
use crate::transition::park_target::park_target;
use crate::transition::refixed;
use crate::wave::conflicts::claim;
use crate::wave::may_still_go;

use super::admit::Booking;
use super::context::Context;
use super::idle::Idle;
use super::memory::Mine;
use super::question::Question;
use super::step::{Next, Transition};

/// Requests for one task without an answer before they count as a failed attempt. By then most of an hour has gone by.
const MOST_UNANSWERED: u32 = 8;

impl Context<'_> {
    pub(crate) fn opening(self, active: &ActiveTask) -> Next {
        if let Some(how) = &active.giving_up {
            return self.giving_up(active, how);
        }
        let left = self.grace_left(active);
        let Some(mine) = self.mine(active) else {
            if let Some(left) = left {
                return self.idle_until(Some(self.now + left), Idle::OpeningElsewhere);
            }
            let mut changed = self.document.clone();
            open::take_over(&mut changed, self.tuning, self.moment);
            return Self::write(changed, Transition::TookOver);
        };
        let grace_ends = self.now + left.unwrap_or_default();
        let put = self.pass.opening.creation.as_ref().filter(|(name, _)| *name == active.name).map(|(_, put)| put);
        match (put, self.exists(active)) {
            (Some(Creation::Accepted), _) | (Some(Creation::Unknown) | None, Some(true)) => self.opened(),
            (Some(Creation::Wait), _) => self.give_up(mine, GivingUp::Wait, self.later()),
            (Some(Creation::Throttled(until)), _) => self.give_up(mine, GivingUp::Wait, *until),
            (Some(Creation::Refused(words)), _) => self.refused(mine, words),
            // The target is parked when a task of its own begins to open.
            (Some(Creation::Park(_)), _) if mine.how == Transition::TookOver => self.begin_to_give_up(GivingUp::Wait),
            (Some(Creation::Park(cause)), _) => {
                let mut changed = self.document.clone();
                open::back_to_waiting(&mut changed, self.now);
                park_target(&mut changed, cause, self.tuning, self.now);
                Self::step(changed)
            }
            // It may still be on its way: whoever comes after the grace looks again, and only then creates it.
            (Some(Creation::Unknown), Some(false)) => {
                let mut changed = self.document.clone();
                open::unanswered(&mut changed);
                self.idle_until_with(&changed, Some(grace_ends), Idle::OpeningElsewhere)
            }
            (Some(Creation::Unknown), None) => self.ask_or_leave(task(active), grace_ends),
            (None, None) if mine.how == Transition::TookOver => self.ask_or_leave(task(active), grace_ends),
            (None, Some(false)) if mine.how == Transition::TookOver && active.absence != Some(Absence::Before) => {
                let mut changed = self.document.clone();
                changed.active = Some(ActiveTask { absence: Some(Absence::Seen), ..active.clone() });
                self.idle_until_with(&changed, Some(grace_ends), Idle::OpeningElsewhere)
            }
            (None, None | Some(false)) => self.claim_and_put(active, mine, grace_ends),
        }
    }

    /// The opening, if it is ours to finish: nobody has taken it over since.
    fn mine(&self, active: &ActiveTask) -> Option<&Mine> {
        self.pass.opening.mine.as_ref().filter(|mine| mine.task == active.name && mine.opened_at == active.opened_at)
    }

    /// How long the opening is left to its owner still; none when that is over, or not to be known.
    fn grace_left(self, active: &ActiveTask) -> Option<Duration> {
        let ends = active.opened_at + open::grace(active, self.tuning);
        Duration::try_from(ends - self.moment.stored_after).ok().filter(|left| !left.is_zero())
    }

    /// Whether Resource Manager has the task, as far as this pass has asked.
    fn exists(self, active: &ActiveTask) -> Option<bool> {
        self.pass.answers.task.as_ref().filter(|(name, _)| *name == active.name).map(|(_, status)| status.is_some())
    }

    /// Resource Manager has the task: that, and when it is looked at first, is one write, unless the subscription's document lacks
    /// something that would come between.
    fn opened(self) -> Next {
        let mut changed = self.document.clone();
        open::opened(&mut changed, self.tuning, self.now);
        refixed::learn(&mut changed, &self.pass.hash, self.claims);
        let task = changed.active.as_ref().map(|active| &active.name);
        let is_claimed = self.claims.claims.get(&self.pass.hash).is_some_and(|claim| Some(&claim.task) == task);
        if !is_claimed || self.told().is_some() {
            return Self::step(changed);
        }
        let check_at = changed.active.as_ref().map(|active| active.check_at);
        self.idle_until_with(&changed, check_at, Idle::TaskRunning)
    }

    /// Asks about a task that is opening; when that is not possible now, it stays as it is until its grace ends.
    fn ask_or_leave(self, question: Question, grace_ends: Timestamp) -> Next {
        match self.no_questions() {
            Some((until, why)) => self.idle_until(Some(grace_ends.max(until)), why),
            None => Next::Ask(question),
        }
    }

    /// Asks what the opening needs to know; when that is not possible now, nothing was sent yet and it is given up.
    fn ask_or_give_up(self, mine: &Mine, question: Question) -> Next {
        match self.no_questions() {
            Some((until, _)) => self.give_up(mine, GivingUp::Wait, until.max(self.later())),
            None => Next::Ask(question),
        }
    }

    /// Looks for a task that nobody asks for any more, until it was absent for two graces: then nothing of it is on its way.
    fn giving_up(self, active: &ActiveTask, how: &GivingUp) -> Next {
        let grace = open::grace(active, self.tuning);
        // One pass is not enough: Resource Manager may overlook a task that is there.
        let ends = active.missing_since.map_or(active.opened_at + grace * 2, |since| since + grace);
        if let Some(left) = Duration::try_from(ends - self.moment.stored_after).ok().filter(|left| !left.is_zero()) {
            return self.idle_until(Some(self.now + left), Idle::OpeningElsewhere);
        }
        let mut changed = self.document.clone();
        match (self.exists(active), how) {
            (None, _) => return self.ask(task(active)),
            (Some(true), _) => return self.opened(),
            (Some(false), _) if active.missing_since.is_none() => {
                let missing_since = Some(self.moment.stored_before);
                changed.active = Some(ActiveTask { missing_since, ..active.clone() });
                return self.idle_until_with(&changed, Some(self.now + grace), Idle::OpeningElsewhere);
            }
            (Some(false), GivingUp::Wait) => open::back_to_waiting(&mut changed, self.now),
            (Some(false), GivingUp::Refused { words }) => {
                open::refused(&mut changed, words, self.tuning, self.now);
            }
        }
        Self::step(changed)
    }

    /// An attempt of each resource is used up.
    fn refused(self, mine: &Mine, words: &str) -> Next {
        if mine.how == Transition::TookOver {
            return self.begin_to_give_up(GivingUp::Refused { words: words.to_owned() });
        }
        let mut changed = self.document.clone();
        open::refused(&mut changed, words, self.tuning, self.now);
        Self::step(changed)
    }

    /// When to try again what something is in the way of: the less often, the longer it has waited.
    fn later(self) -> Timestamp {
        let in_task = self.document.resources.values().filter(|entry| entry.state == EntryState::InTask);
        let since = in_task.map(|entry| entry.first_seen).min();
        next_pass(since.unwrap_or(self.now), self.tuning, self.now)
    }

    /// Gives the wave up without an attempt being counted. What another owner may have asked for may yet arrive.
    fn give_up(self, mine: &Mine, how: GivingUp, due: Timestamp) -> Next {
        if mine.how == Transition::TookOver {
            return self.begin_to_give_up(how);
        }
        let mut changed = self.document.clone();
        open::back_to_waiting(&mut changed, due);
        Self::step(changed)
    }

    fn begin_to_give_up(self, how: GivingUp) -> Next {
        let mut changed = self.document.clone();
        open::begin_to_give_up(&mut changed, how, self.moment);
        Self::step(changed)
    }

    fn claim_and_put(self, active: &ActiveTask, mine: &Mine, grace_ends: Timestamp) -> Next {
        if self.tuning.mode != Mode::Act {
            // Where the assignment may not act any more, others that may must not wait for what it has claimed.
            if self.acts && self.pass.installation.copied.is_none() {
                return self.give_up(mine, GivingUp::Wait, self.now);
            }
            return self.idle_until(Some(self.now + self.tuning.check_interval_max), Idle::PlanMode);
        }
        match self.not_admitted() {
            // A copied container: nobody knows whose task it is.
            Some((until, why)) if self.pass.installation.copied.is_some() => return self.idle_until(Some(until), why),
            // It may have been sent: then it keeps its claim until it was looked for long enough.
            Some(_) => return self.give_up(mine, GivingUp::Wait, self.now),
            None => {}
        }
        // What was not sent can be given up; what another began may yet arrive, so it keeps its name until it is found. To send
        // what was gathered needs no more questions.
        match mine.how {
            Transition::TookOver => {
                if let Some((until, why)) = self.no_questions() {
                    return self.idle_until(Some(grace_ends.max(until)), why);
                }
            }
            Transition::Opened | Transition::Step | Transition::Settled(_) => {
                if let Some(until) = self.floor() {
                    return self.give_up(mine, GivingUp::Wait, until);
                }
            }
        }
        // Whoever begins to ask so late would still be asking when another takes over.
        let longest = open::longest_request(self.tuning);
        let begin_until = mine.decided + open::grace(active, self.tuning).saturating_sub(longest);
        if self.moment.running >= begin_until {
            return if mine.how == Transition::Opened {
                // Not at once: where storage is so slow, it would be late again.
                self.give_up(mine, GivingUp::Wait, self.later())
            } else {
                self.idle_until(Some(grace_ends), Idle::OpeningElsewhere)
            };
        }
        let Some(facts) = &self.pass.answers.facts else { return self.ask_or_give_up(mine, Question::Facts) };
        // Nobody wrote down what was to be asked for: an older worker, or a person.
        let Some(request) = &active.request else { return self.begin_to_give_up(GivingUp::Wait) };
        if mine.how == Transition::TookOver {
            if active.unanswered >= MOST_UNANSWERED {
                let words = format!("Resource Manager never answered the {} requests for it", active.unanswered);
                return self.refused(mine, &words);
            }
            // Decided in another time, maybe under other settings: what would not go any more is decided anew.
            let is_uncounted = !active.booked && !self.limits().are_none();
            if active.kind.is_whole() || is_uncounted || !may_still_go(self.document, facts, &self.tuning.guard_rails) {
                return self.begin_to_give_up(GivingUp::Wait);
            }
        }
        match self.booking(active, facts) {
            Some(Booking::First(next)) => return next,
            Some(Booking::NoRoom) => return self.give_up(mine, GivingUp::Wait, self.now),
            None => {}
        }
        let is_claimed = self.claims.claims.get(&self.pass.hash).is_some_and(|claim| claim.task == active.name);
        if mine.how == Transition::TookOver || !is_claimed {
            // Whoever wrote the task down knew what else ran then; who takes it over asks anew.
            if self.pass.answers.active_tasks.is_none() {
                return self.ask_or_give_up(mine, Question::ActiveTasks);
            }
            let is_blocked = match self.is_blocked(active) {
                Ok(is_blocked) => is_blocked,
                Err(rival) => return Next::LoadRival(rival),
            };
            match (is_claimed, is_blocked) {
                // It may have been sent before, and may yet arrive.
                (true, true) => {
                    let again = grace_ends.max(self.now + self.tuning.check_interval_max);
                    return self.idle_until(Some(again), Idle::Blocked);
                }
                (false, true) => return self.give_up(mine, GivingUp::Wait, self.later()),
                (false, false) => return self.claim(active),
                (true, false) => {}
            }
        }
        let task = NewTask {
            name: active.name.clone(),
            kind: active.kind.clone(),
            target: self.pass.target.clone(),
            resources: self.document.in_task().cloned().collect(),
            request: request.clone(),
        };
        let closes = self.pass.sends_before(self.tuning, self.moment);
        Next::Create(Box::new(task), closes.map_or(begin_until, |closes| closes.min(begin_until)))
    }

    /// Whether something else has one of the task's resources. A rival of which it is not known whether its claim is void
    /// must be looked at first.
    fn is_blocked(&self, active: &ActiveTask) -> Result<bool, TargetHash> {
        let (blockers, scope) = (self.blockers(), &self.pass.target.scope);
        let rival = match active.kind {
            TaskKind::WholeScope { .. } => blockers.unknown_rival_in(scope),
            TaskKind::Listed => blockers.unknown_rival(scope, self.document.in_task()),
        };
        if let Some(rival) = rival {
            return Err(rival);
        }
        Ok(match active.kind {
            TaskKind::WholeScope { .. } => blockers.block_scope(scope),
            TaskKind::Listed => self.document.in_task().any(|id| blockers.block(id)),
        })
    }

    /// Claims the resources of the task. What claims of others turned out to be void goes with it.
    pub(crate) fn claim(self, active: &ActiveTask) -> Next {
        let blockers = self.blockers();
        let mut claims = self.claims.clone();
        for rival in blockers.void_rivals() {
            claims.claims.remove(rival);
        }
        claims.claims.insert(self.pass.hash.clone(), claim(active, self.document));
        refixed::note(&mut claims, &self.pass.hash, self.document, self.tuning, self.moment.stored_after);
        Next::SaveClaims(Box::new(claims))
    }
}

fn task(active: &ActiveTask) -> Question {
    Question::Task(active.name.clone())
}
