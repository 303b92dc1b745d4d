//! The stages of a target, a file each: a task that opens, a task that runs, a park of the whole target, none of these (a wave is
//! gathered, or one task for the whole scope is considered: `escalating`). Each looks at a `View` and names the first thing
//! that is missing.

mod escalating;
mod gathering;
mod opening;
mod parked;
mod running;
mod view;

pub(super) use view::View;
