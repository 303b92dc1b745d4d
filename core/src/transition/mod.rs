//! How a document changes. What is seen is taken in (`observe`), a task is opened and its outcome settled (`open`, `settle`, `failure`,
//! `missing`, `park_target`, `policy_fails`, `refixed`; `named` and `hint` read what the words name), what waits for an evaluation, is in doubt, left out, not listed or of a policy that no task remediates is seen to (`evaluate`, `doubts`,
//! `left_out`, `letting_in`, `listing`, `never`, `looks`), the next wake-up is set (`schedule`, `backoff`). A person
//! says what is to be tried again or forgotten (`by_person`). In the end tasks are deleted (`retention`) and
//! nothing is left of it (`settled`).

pub(crate) mod backoff;
mod by_person;
mod counted;
pub(crate) mod doubts;
pub(crate) mod evaluate;
pub(crate) mod failure;
pub(crate) mod handover;
pub(crate) mod hint;
pub(crate) mod left_out;
mod letting_in;
pub(crate) mod listing;
mod looks;
mod merging;
pub(crate) mod missing;
pub(crate) mod named;
pub(crate) mod never;
pub(crate) mod observe;
pub(crate) mod of_run;
mod of_subscription;
pub(crate) mod open;
pub(crate) mod park_target;
mod policy_fails;
pub(crate) mod refixed;
pub(crate) mod refusals;
pub(crate) mod retention;
pub(crate) mod schedule;
pub(crate) mod settle;
mod settled;
pub(crate) mod states;
#[cfg(test)]
mod widened_tests;

pub use backoff::wait_for_document;
pub use by_person::{Chosen, STOPPED, Touched, forget_parked, refused_at, retry_parked, try_scopes_again};
pub use letting_in::{LetIn, let_in, needs_walk};
pub use looks::to_look;
pub use merging::merge_all;
pub use observe::{Merged, merge};
pub use open::{back_to_waiting, longest_request};
pub use policy_fails::{CommonCause, common_cause, is_of_policy};
pub use schedule::{AfterDeath, after_death, is_overdue, reschedule_overdue, wake_up_of};
pub use settle::settle;
pub use settled::{is_settled, keeps_tasks, may_be_settled};
