//! On-demand evaluations: asked for, refused, lost, slow; at their end all that their scope holds has been evaluated.

use std::time::Duration;

use remediation::decide::Observed;
use remediation::fact::{Scanned, Unanswered};
use remediation::id::Scope;
use remediation::time::Timestamp;

use crate::tally::Ingredient;
use crate::world::World;

use super::Key;

/// How long the worker asks after an evaluation.
const ASKED_AFTER: Duration = Duration::from_secs(3 * 3_600);
/// Longest time from the writing down of a request to its arrival.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Scans {
    begun: Vec<Begun>,
    /// When an evaluation was asked for last, by scope, whatever became of it, but where the service was too busy.
    requests: Vec<(Scope, Timestamp)>,
}

#[derive(Clone)]
struct Begun {
    scope: Scope,
    began_at: Timestamp,
    ends_at: Timestamp,
    link: String,
    ended: bool,
}

impl Scans {
    /// When those end that run.
    pub(super) fn ends(&self) -> impl Iterator<Item = Timestamp> {
        self.begun.iter().filter(|scan| !scan.ended).map(|scan| scan.ends_at)
    }
}

impl World {
    /// The request of an instance for an evaluation.
    pub(crate) fn request_evaluation(&mut self, instance: usize, scope: &Scope) -> Result<Scanned, String> {
        let since = self.now + ON_ITS_WAY - self.tuning.reevaluate_interval;
        if self.cloud.scans.requests.iter().any(|(of, at)| of == scope && *at > since) {
            return Err(format!("an evaluation of {scope} is asked for twice within the interval"));
        }
        self.meet(Ingredient::EvaluationRequested);
        let scanned = self.taken_request(instance, scope);
        // What was not taken is no load.
        if !matches!(scanned, Scanned::Throttled(..)) {
            self.cloud.scans.requests.push((scope.clone(), self.now));
        }
        Ok(scanned)
    }

    fn taken_request(&mut self, instance: usize, scope: &Scope) -> Scanned {
        if let Some(Unanswered { not_before, message, .. }) = self.refusal(instance) {
            if let Some(until) = not_before {
                return Scanned::Throttled(until, message);
            }
            self.meet(Ingredient::EvaluationLost);
            if self.chance(0.5) {
                self.begin_scan(scope);
            }
            return Scanned::Unavailable(message);
        }
        if self.chance(self.scenario.spices.refused_evaluations) {
            self.meet(Ingredient::EvaluationRefused);
            return Scanned::Unavailable("AuthorizationFailed: no triggerEvaluation".to_owned());
        }
        let link = self.begin_scan(scope);
        if self.strikes(0.02) {
            return Scanned::Unavailable("it does not say where to ask after it".to_owned());
        }
        Scanned::Running(link, Some(self.now + Duration::from_secs(30)))
    }

    fn begin_scan(&mut self, scope: &Scope) -> String {
        let lasts = match self.random.u8(0..10) {
            0..4 => self.span(20..600),
            4..8 => self.span(600..2 * 3_600),
            _ => self.span(3 * 3_600..6 * 3_600),
        };
        let link = format!("scan {}", self.cloud.scans.begun.len());
        let (began_at, ends_at) = (self.now, self.now + lasts);
        let scan = Begun { scope: scope.clone(), began_at, ends_at, link: link.clone(), ended: false };
        self.cloud.scans.begun.push(scan);
        self.tell(|| format!("an evaluation of {scope} runs until {ends_at}"));
        link
    }

    /// What a question after an evaluation is told.
    pub(super) fn tell_of_evaluation(&mut self, scope: &Scope, link: &str, refusal: Option<Unanswered>) -> Observed {
        let scanned = match refusal {
            Some(unanswered) if unanswered.not_before.is_some() => return Observed::Unanswered(unanswered),
            Some(_) => Scanned::Unanswered,
            None => self.how_far(link),
        };
        Observed::Scanned(scope.clone(), scanned)
    }

    fn how_far(&mut self, link: &str) -> Scanned {
        let scan = self.cloud.scans.begun.iter().find(|scan| scan.link == link).cloned();
        let Some(scan) = scan.filter(|_| !self.strikes(0.03)) else {
            return Scanned::Unavailable("NotFound: it leads nowhere".to_owned());
        };
        if scan.ended {
            return Scanned::Ended;
        }
        self.meet(Ingredient::EvaluationRuns);
        Scanned::Running(scan.link, Some(self.now + Duration::from_secs(30)))
    }

    /// Ends the evaluations whose time has come. An event comes only of some: most find nothing new.
    pub(super) fn end_scans(&mut self) {
        for place in 0..self.cloud.scans.begun.len() {
            let scan = self.cloud.scans.begun[place].clone();
            if scan.ended || scan.ends_at > self.now {
                continue;
            }
            self.cloud.scans.begun[place].ended = true;
            self.tell(|| format!("the evaluation of {} ends", scan.scope));
            if scan.began_at + ASKED_AFTER < scan.ends_at {
                self.meet(Ingredient::EvaluationOverdue);
            }
            let in_it = format!("{}/", scan.scope);
            let keys: Vec<Key> =
                self.cloud.truth.keys().filter(|(_, id)| id.as_str().starts_with(&in_it)).cloned().collect();
            for key in keys {
                let has_event = self.chance(0.2);
                let is_there = !self.cloud.is_gone(&key.0);
                let Some(truth) = self.cloud.truth.get_mut(&key) else { continue };
                truth.evaluated_at = Some(scan.ends_at);
                match is_there && !truth.gone {
                    true if has_event => self.evaluate(&key),
                    true => truth.evaluated(scan.ends_at),
                    false => {}
                }
            }
        }
    }
}
