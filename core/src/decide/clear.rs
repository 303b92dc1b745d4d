//! Nothing is due: tasks that have been kept long enough are deleted, one a step.

use crate::transition::refusals::holding;
use crate::transition::retention;

use super::context::Context;
use super::question::Question;
use super::step::Next;

impl Context<'_> {
    /// What to do about a task that has been kept long enough; none when there is nothing to do, or nothing can be asked now.
    pub(crate) fn clearing(self) -> Option<Next> {
        let task = retention::over(self.document, self.tuning, self.now)?;
        if self.pass.end.deleted.as_ref() == Some(task) {
            return Some(Self::step(retention::seen_to(self.document, task)));
        }
        // What is refused in the scope is left alone in this, too.
        let is_held = holding(self.claims, &self.pass.target, &self.pass.hash).is_some();
        let may_act = !is_held
            && !self.pass.end.stays
            && self.no_questions().is_none()
            && self.pass.installation.copied.is_none();
        if may_act && self.pass.answers.facts.is_none() {
            // The assignment may say that nothing is to be changed.
            return Some(self.ask(Question::Facts));
        }
        may_act.then(|| self.held_back().unwrap_or_else(|| Next::DeleteTask(task.clone())))
    }
}
