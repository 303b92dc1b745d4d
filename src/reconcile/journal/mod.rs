//! The log of what was decided and done, written once, after it is stored. `docs/log-events.md` lists these events and their fields.

mod calls;
mod document;
mod pass;
mod subscription;
#[cfg(test)]
mod tests;
mod verified;

pub(super) use calls::{
    controls_unread, effect_differs, granted, put, task_canceled, task_deleted, task_kept, task_not_canceled,
    unanswered,
};
pub use document::written;
pub(super) use pass::{passed, plan, tasks_awaited};
pub(super) use subscription::{evaluations, scope_parks};
