//! What the record of a run says about the worker, measured against the estate's own script of failures: what could have
//! been fixed, how few tasks would have done, which resources were troubled too often, and which calls came too early.
//! Pure: values in, values out.

mod retry_after;
mod script;

pub use retry_after::{Shared, TooEarly, too_early, too_early_for_all};
pub use script::{Park, attempts, fixable, hopeless, least_tasks, troubled_too_often};
