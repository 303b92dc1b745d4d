//! Some resources wait for an evaluation: let go those that were evaluated, ask after an evaluation that runs, ask for one
//! where that may be, and set the time of the next pass over the others.

use crate::document::Entry;
use crate::fact::Facts;
use crate::id::{ResourceId, Scope};
use crate::settings::Mode;
use crate::time::Timestamp;
use crate::transition::evaluate;
use crate::transition::evaluate::{Fate, UnderWay, evaluated, fate, let_go, scope_of, under_way};
use crate::transition::open::longest_request;
use crate::wave::due::Due;

use super::context::Context;
use super::idle::Idle;
use super::judge::Judged;
use super::question::Question;
use super::step::Next;

/// What is to be done about the resources that wait for an evaluation.
pub(crate) enum Evaluating {
    /// This first.
    Next(Next),
    /// What they need no evaluation for.
    Judged(Judged),
    /// Nothing now.
    Nothing,
}

impl Context<'_> {
    /// What to do about the resources that wait for an evaluation.
    pub(crate) fn evaluating(self, facts: &Facts) -> Evaluating {
        let first = self.asking().or_else(|| let_go(self.document, self.claims, self.now).map(Self::step));
        if let Some(next) = first.or_else(|| self.expecting()) {
            return Evaluating::Next(next);
        }
        let Some(due) = Due::not_evaluated(self.document, self.now) else { return Evaluating::Nothing };
        let waiting = match self.judged(due, facts) {
            Judged::Left(wave) => wave.into_resources(),
            judged => return Evaluating::Judged(judged),
        };
        let newer: Vec<_> = waiting.iter().filter_map(|id| Some((id, self.state_newer_than_failure(id)?))).collect();
        if !newer.is_empty() {
            return Evaluating::Next(Self::step(evaluated(self.document, newer.into_iter(), self.now)));
        }
        let next = match self.tuning.mode {
            Mode::Act => self.waiting(&waiting),
            // The plan says what would be asked for.
            Mode::Plan | Mode::Approve => None,
        };
        next.map_or(Evaluating::Nothing, Evaluating::Next)
    }

    /// The evaluation that act mode would ask for.
    pub(crate) fn wanted_evaluation(self) -> Option<Scope> {
        let is_allowed = |id: &&ResourceId| self.forbidden(std::iter::once(*id)).is_empty();
        scope_of(self.document.not_evaluated().map(|(id, _)| id).filter(is_allowed))
    }

    /// What was learned of an evaluation is told before anything else, and one that was written down is asked for.
    fn asking(self) -> Option<Next> {
        if self.pass.evaluation.scanned.is_some() {
            return self.told();
        }
        let (scope, started_at) = self.pass.evaluation.requested.as_ref()?;
        self.claims.evaluations.get(scope).filter(|known| known.started_at == *started_at)?;
        if let Some((until, why)) = self.no_questions() {
            return Some(self.idle_until(Some(until), why));
        }
        if let Some(held_back) = self.held_back() {
            return Some(held_back);
        }
        // Whoever stood still for so long must not send what others do not expect any more.
        if self.moment.local(*started_at) + self.tuning.opening_grace <= self.now + longest_request(self.tuning) {
            return Some(self.idle_until(Some(self.now), Idle::OutOfTime));
        }
        Some(Next::Evaluate(scope.clone()))
    }

    /// What an evaluation that is under way will tell of waits for that, and needs no other question. None when there is
    /// nothing of the kind.
    fn expecting(self) -> Option<Next> {
        if self.tuning.mode != Mode::Act {
            return None;
        }
        let mut waits = Vec::new();
        for id in Due::all(self.document, self.now) {
            let Some(since) = self.not_evaluated_since(id) else { continue };
            match under_way(id, since, self.claims, self.tuning, self.moment.stored_after) {
                Some(UnderWay::Question(scope, link)) => return Some(self.ask(Question::Evaluation(scope, link))),
                Some(UnderWay::Wait(at)) => waits.push((id, self.moment.local(at))),
                None => {}
            }
        }
        if waits.is_empty() {
            return None;
        }
        let mut changed = self.document.clone();
        waits.into_iter().for_each(|(id, at)| evaluate::wait(&mut changed, id, at));
        Some(Self::step(changed))
    }

    fn not_evaluated_since(self, id: &ResourceId) -> Option<Timestamp> {
        self.document.resources.get(id).and_then(Entry::not_evaluated_since)
    }

    /// When the latest policy state of the resource was evaluated, if that was after its failure.
    fn state_newer_than_failure(self, id: &ResourceId) -> Option<Timestamp> {
        let since = self.not_evaluated_since(id)?;
        let of_it = self.pass.answers.states.iter().filter(|state| state.resource == id.as_str());
        of_it.filter_map(|state| state.at).max().filter(|at| *at > since)
    }

    /// Nothing tells yet of these resources.
    fn waiting(self, resources: &[ResourceId]) -> Option<Next> {
        let scope = self.wanted_evaluation()?;
        let mut changed = self.document.clone();
        for id in resources {
            let Some(since) = self.not_evaluated_since(id) else { continue };
            match fate(
                since,
                &scope,
                self.claims,
                !self.pass.evaluation.has_requested,
                self.tuning,
                self.moment.stored_after,
            ) {
                Fate::Request => return Some(self.request(scope)),
                Fate::Wait(at) => evaluate::wait(&mut changed, id, self.moment.local(at)),
                Fate::GiveUp => evaluate::give_up(&mut changed, id, self.tuning, self.now),
            }
        }
        Some(Self::step(changed))
    }

    /// Writes down that an evaluation is to be asked for, so that no other asks for it too.
    fn request(self, scope: Scope) -> Next {
        if let Some(held_back) = self.held_back() {
            return held_back;
        }
        if let Some((until, why)) = self.no_questions() {
            return self.idle_until(Some(until), why);
        }
        let mut claims = self.claims.clone();
        evaluate::request(&mut claims, scope, self.tuning, self.moment.stored(self.now));
        Next::SaveClaims(Box::new(claims))
    }
}
