//! People pause everything, a subscription or an assignment, and end it again; now and then the document is damaged. Each instance
//! believes what it read for a while.

use std::sync::Arc;
use std::time::Duration;

use remediation::control::{CONTROLS_COUNT_FOR, Controls, KnownControls};
use remediation::document::{ControlsDocument, Pause, PauseOf};
use remediation::id::Target;
use remediation::time::Timestamp;

use crate::world::World;

/// As the shell does.
const READ_AFTER: Duration = Duration::from_secs(10);

/// What is paused, and what each instance has read of it.
#[derive(Debug)]
pub(crate) struct Pauses {
    controls: Controls,
    since: Timestamp,
    known: [Option<KnownControls>; 2],
}

impl Pauses {
    pub(crate) fn none(now: Timestamp) -> Self {
        Self { controls: Controls::Read(ControlsDocument::default()), since: now, known: [None, None] }
    }

    pub(crate) fn forget(&mut self, instance: usize) {
        self.known[instance] = None;
    }

    fn is_none(&self) -> bool {
        self.controls == Controls::Read(ControlsDocument::default())
    }
}

impl World {
    /// What the instance knows of the pauses at this step.
    pub(crate) fn controls_known(&mut self, instance: usize) -> KnownControls {
        let asked = self.moment(instance).running;
        if let Some(known) = self.pauses.known[instance].as_ref().filter(|known| asked < known.asked + READ_AFTER) {
            return known.clone();
        }
        let known = KnownControls { controls: Arc::new(self.pauses.controls.clone()), asked };
        self.pauses.known[instance] = Some(known.clone());
        known
    }

    /// Now and then people pause something, and end it. In the end nothing is paused.
    pub(crate) fn people_pause(&mut self) {
        let share = self.scenario.spices.pauses;
        if share == 0.0 {
            return;
        }
        let changes =
            if self.pauses.is_none() { self.strikes(share) } else { !self.strikes(1.0) || self.chance(share) };
        if !changes {
            return;
        }
        let controls =
            if self.pauses.is_none() { self.some_pause() } else { Controls::Read(ControlsDocument::default()) };
        self.tell(|| format!("people pause: {controls:?}"));
        (self.pauses.controls, self.pauses.since) = (controls, self.now);
    }

    fn some_pause(&mut self) -> Controls {
        let targets = self.scenario.assigned.len().max(1);
        let place = self.random.usize(..targets);
        let Some((target, _)) = self.scenario.assigned.get(place).cloned() else {
            return Controls::Unusable("damaged".to_owned());
        };
        let of = match self.random.usize(..5) {
            0 => return Controls::Unusable("damaged".to_owned()),
            1 => PauseOf { scope: Some(target.scope), assignment: None },
            2 => PauseOf { scope: None, assignment: Some(target.policy_assignment_id.to_string()) },
            _ => PauseOf::default(),
        };
        let until = self.chance(0.3).then(|| self.now + self.span(60..7_200));
        let mut document = ControlsDocument::default();
        let cancel_tasks = self.chance(0.4);
        document.pause(Pause { of, reason: None, by: None, at: self.now, until, cancel_tasks });
        Controls::Read(document)
    }

    /// Whether people want tasks of the target to end, or did when an instance may have read it last.
    pub(crate) fn may_cancel(&self, target: &Target) -> bool {
        let is_new = self.now <= self.pauses.since + CONTROLS_COUNT_FOR;
        let holding = self.pauses.controls.pause(target, self.now - CONTROLS_COUNT_FOR);
        is_new || holding.is_some_and(|pause| pause.cancels)
    }

    /// What is paused for longer than an instance may believe otherwise is not touched.
    pub(crate) fn check_pause(&self, target: &Target) -> Result<(), String> {
        let is_new = self.now <= self.pauses.since + CONTROLS_COUNT_FOR;
        // Storage tells whole seconds: a pause that is about to end may be over for an instance.
        let held = self.pauses.controls.pause(target, self.now + Duration::from_secs(1));
        if held.is_some() && !is_new {
            return Err(format!("something is changed for {target:?}, which is paused since {}", self.pauses.since));
        }
        Ok(())
    }
}
