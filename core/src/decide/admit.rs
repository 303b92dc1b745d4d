//! May anything be begun now? Asked before a wave asks its first question, and again right before whatever is sent: the time goes
//! on meanwhile, and who takes over what another began may come much later.

use std::borrow::Cow;
use std::time::Duration;

use crate::control::fleet::{Entered, Entry, Limits, Taken, lets};
use crate::control::mode::{mode, said};
use crate::control::{AssignedControls, KnownControls, Pacing, Paused, SPREAD, Windows, share};
use crate::document::ActiveTask;
use crate::fact::Facts;
use crate::id::{IdDigest, ResourceId};
use crate::role::Grant;
use crate::settings::{Mode, Tuning};
use crate::time::{Moment, Timestamp};
use crate::wave::admitted::{Full, admitted, asked, let_go};
use crate::wave::due::Due;
use crate::wave::free::Free;

use super::context::Context;
use super::idle::Idle;
use super::pass::Pass;
use super::step::Next;

impl Context<'_> {
    /// Until when nothing may be begun, and why. Plan mode begins nothing anyway, and plans on.
    pub(crate) fn not_admitted(self) -> Option<(Timestamp, Idle)> {
        if self.tuning.mode != Mode::Act {
            return None;
        }
        if self.pass.installation.copied.is_some() {
            return Some((self.now + self.tuning.check_interval_max, Idle::Paused));
        }
        if let Some(Paused { until, .. }) = self.pass.pause(self.moment) {
            let later = self.now + self.tuning.check_interval_max.mul_f64(1.0 + self.share());
            let ends = until.map(|until| self.moment.local(until));
            return Some((ends.map_or(later, |ends| ends.min(later)), Idle::Paused));
        }
        self.outside_window().map(|opens| (opens, Idle::OutsideWindow))
    }

    /// Rests where nothing may be begun now.
    pub(crate) fn held_back(self) -> Option<Next> {
        self.not_admitted().map(|(until, why)| self.idle_until(Some(until), why))
    }

    /// The limits that hold for the target.
    pub(crate) fn limits(self) -> Limits {
        let approvals = self.pass.approvals.as_ref();
        let approvals =
            approvals.map(|known| known.allowances(self.document, self.pass.facts(), self.moment.stored_after));
        Limits { approvals, ..Limits::of(self.tuning, self.pass.said()) }
    }

    /// Whether an approval lets the resource go, as far as the fleet's document was read.
    pub(crate) fn is_approved(self, id: &ResourceId, limits: &Limits) -> bool {
        let fleet = self.pass.fleet.as_ref().filter(|_| self.tuning.mode == Mode::Act);
        fleet.is_none_or(|fleet| lets(fleet, limits, IdDigest::from(id), self.moment.stored_after))
    }

    /// Whether these roles may be granted now.
    pub(crate) fn may_grant(self, grants: &[Grant]) -> bool {
        let (target, at) = (&self.pass.target, self.moment.stored_after);
        self.pass.approvals.as_ref().is_none_or(|known| known.let_grant(target, self.pass.facts(), grants, at))
    }

    /// Why a target rests that is only planned for.
    pub(crate) fn planned(self) -> Idle {
        // Whoever may act once it is approved has read the approvals.
        let awaits = self.tuning.mode != Mode::Plan && self.pass.approvals.is_some();
        if awaits { Idle::AwaitingApproval } else { Idle::PlanMode }
    }

    /// As much of a wave as first steps, pace and approvals let go. They are counted where something is changed: a plan is of all.
    pub(crate) fn admitting(self, wave: Free, facts: &Facts) -> Result<Free, Next> {
        let limits = self.limits();
        if self.tuning.mode != Mode::Act || limits.are_none() {
            return Ok(wave);
        }
        let Some(fleet) = &self.pass.fleet else { return Err(Next::LoadFleet) };
        let asked = asked(&self.pass.target, facts);
        admitted(wave, fleet, &asked, &limits, self.moment.stored_after).map_err(|full| self.full(full))
    }

    /// Rests where first steps and pace let nothing go of all that is due: then no question about it need be put. Of a part of it they
    /// let go no more.
    pub(crate) fn no_room(self, facts: &Facts) -> Option<Next> {
        let limits = self.limits();
        if self.tuning.mode != Mode::Act || limits.are_none() {
            return None;
        }
        let Some(fleet) = &self.pass.fleet else { return Some(Next::LoadFleet) };
        let due: Vec<IdDigest> = Due::all(self.document, self.now).map(IdDigest::from).collect();
        let asked = asked(&self.pass.target, facts);
        let_go(fleet, &asked, &due, &limits, self.moment.stored_after).err().map(|full| self.full(full))
    }

    /// Rests until there may be room.
    fn full(self, full: Full) -> Next {
        let later = self.now + self.tuning.check_interval_max.mul_f64(1.0 + self.share());
        match full {
            Full::Step(until) => {
                let at = until.map_or(later, |until| self.moment.local(until) + SPREAD.mul_f64(self.share() / 10.0));
                self.idle_until(Some(at), Idle::FirstSteps)
            }
            Full::Pace(until) => {
                self.idle_until(Some(self.moment.local(until) + SPREAD.mul_f64(self.share())), Idle::PaceReached)
            }
            Full::Unapproved => self.idle_until(Some(later), Idle::AwaitingApproval),
            Full::PolicyFails(until) => self.idle_until(Some(later.min(self.moment.local(until))), Idle::PolicyFails),
            Full::ApprovalUsedUp => self.idle_until(Some(later), Idle::ApprovalUsedUp),
        }
    }

    /// Enters what the opening takes, once; none when that stands.
    pub(crate) fn booking(self, active: &ActiveTask, facts: &Facts) -> Option<Booking> {
        if !active.booked {
            return None;
        }
        match self.pass.entered.as_ref().filter(|(task, _)| *task == active.name) {
            Some((_, Entered::Yes | Entered::Awaited)) => None,
            Some((_, Entered::NoRoom)) => Some(Booking::NoRoom),
            None => {
                let asked = asked(&self.pass.target, facts);
                let resources = self.document.in_task().map(IdDigest::from).collect();
                let taken = Taken { task: active.name.clone(), asked, resources, limits: self.limits() };
                Some(Booking::First(Next::Enter(Box::new(Entry::Book(Box::new(taken))))))
            }
        }
    }

    /// When the window opens, by this machine's clock, and with the target's own delay, over a quarter of a short one; none while it is open.
    fn outside_window(self) -> Option<Timestamp> {
        let after = self.moment.stored_after;
        self.pass.windows(self.tuning, |windows| {
            if windows.are_open(&self.moment) {
                return None;
            }
            let opens = windows.open(after);
            // It is about to close: the next one counts.
            let opens = if opens == after { windows.open(windows.close(after).unwrap_or(after)) } else { opens };
            let length = windows.close(opens).map_or(SPREAD, |end| Duration::try_from(end - opens).unwrap_or_default());
            Some(self.moment.local(opens) + SPREAD.min(length / 4).mul_f64(self.share()))
        })
    }

    /// The target's own share of a time over which many are spread.
    fn share(self) -> f64 {
        share(&self.pass.hash)
    }
}

/// What comes of the booking of an opening.
pub(crate) enum Booking {
    /// This first.
    First(Next),
    /// Others have taken the room.
    NoRoom,
}

impl Pass {
    /// How long the process may have been running, at most, when a change is sent: until the window closes, and no longer than it may
    /// count what was read of the pauses.
    #[must_use]
    pub fn sends_before(&self, tuning: &Tuning, moment: Moment) -> Option<Duration> {
        let closes = self.windows(tuning, |windows| windows.close(moment.stored_after));
        let left = closes.map(|at| Duration::try_from(at - moment.stored_before).unwrap_or_default());
        let controls = self.controls.as_ref().map(KnownControls::count_until);
        let approvals = self.approvals.as_ref().map(|known| {
            let covering = known.covering(&self.target, self.facts(), moment.stored_after);
            let ends = covering.iter().map(|(approval, _)| approval.until - moment.stored_before).min();
            let left = ends.map(|left| moment.running + Duration::try_from(left).unwrap_or_default());
            left.map_or(known.count_until(), |left| left.min(known.count_until()))
        });
        left.map(|left| moment.running + left).into_iter().chain(controls).chain(approvals).min()
    }

    /// The settings as far as approvals let the target go; none while they are to be read.
    pub(crate) fn approved<'t>(&self, tuning: &'t Tuning, moment: Moment) -> Option<Cow<'t, Tuning>> {
        if tuning.mode != Mode::Approve {
            return Some(Cow::Borrowed(tuning));
        }
        let known = self.approvals.as_ref().filter(|known| moment.running < known.count_until())?;
        let is_covered = !known.covering(&self.target, self.facts(), moment.stored_after).is_empty();
        Some(if is_covered { Cow::Owned(Tuning { mode: Mode::Act, ..tuning.clone() }) } else { Cow::Borrowed(tuning) })
    }

    /// What would hold the target back now if the worker's mode were this, as far as the pass has read: for whoever plans.
    #[must_use]
    pub fn held_in(&self, mode: Mode, tuning: &Tuning, moment: Moment) -> Option<Idle> {
        let acting = Tuning { mode, ..tuning.clone() };
        let narrowed = self.narrowed(&acting);
        let narrowed = self.approved(&narrowed, moment).unwrap_or(Cow::Borrowed(&narrowed));
        match narrowed.mode {
            Mode::Plan => return Some(Idle::PlanMode),
            Mode::Approve => return Some(Idle::AwaitingApproval),
            Mode::Act => {}
        }
        let (document, claims) = (self.document()?, self.claims()?);
        let context = Context { pass: self, document, claims, tuning: &narrowed, acts: true, moment, now: moment.now };
        context.not_admitted().map(|(_, why)| why)
    }

    /// Whether a person holds the target. What was not read may be anything.
    pub(crate) fn pause(&self, moment: Moment) -> Option<Paused> {
        match &self.controls {
            Some(known) if moment.running < known.count_until() => {
                known.controls.pause(&self.target, moment.stored_after)
            }
            Some(_) | None => Some(Paused { until: None, cancels: false }),
        }
    }

    /// All windows that hold for the target.
    fn windows<T>(&self, tuning: &Tuning, judge: impl FnOnce(Windows<'_>) -> T) -> T {
        match self.said().and_then(|said| said.window.as_ref()) {
            Some(narrower) => judge(Windows(&[&tuning.change_window, narrower])),
            None => judge(Windows(&[&tuning.change_window])),
        }
    }

    /// The facts, as far as they were read.
    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.answers.facts.as_ref()
    }

    /// The digest of the facts, as far as they were read: for whoever plans.
    #[must_use]
    pub fn facts_digest(&self) -> Option<String> {
        self.facts().map(Facts::digest)
    }

    /// What the assignment says of itself, as far as it was read.
    pub(crate) fn said(&self) -> Option<&AssignedControls> {
        self.answers.facts.as_ref().and_then(said)
    }

    /// What holds for what is planned of the target, as far as its assignment was read.
    #[must_use]
    pub fn pacing(&self, tuning: &Tuning) -> Option<Pacing> {
        let (facts, said) = (self.facts()?, self.said());
        let own = said.and_then(|said| said.window.clone());
        let windows = std::iter::once(tuning.change_window.clone()).chain(own).collect();
        Some(Pacing { asked: asked(&self.target, facts), limits: Limits::of(tuning, said), windows })
    }

    /// Whose the assignment is, as far as that was read.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.said().and_then(|said| said.owner.as_deref())
    }

    /// The settings with the mode that the target has under all that lets it act.
    pub(crate) fn narrowed<'t>(&self, tuning: &'t Tuning) -> Cow<'t, Tuning> {
        let mode = mode(tuning, &self.target.policy_assignment_id, self.answers.facts.as_ref());
        if mode == tuning.mode { Cow::Borrowed(tuning) } else { Cow::Owned(Tuning { mode, ..tuning.clone() }) }
    }
}
