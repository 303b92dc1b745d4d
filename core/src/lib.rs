//! The decisions of the worker, pure: nothing here asks a clock, an environment, a file or a network, so all of it can be tested
//! over weeks in moments. The shell, crate `policy-remediator`, does the I/O and tells what it saw.
//!
//! An event's way is the order of the folders: [`event`] (what happened) → [`message`] (say it durably) → [`document`] (what is known),
//! changed by [`transition`] → [`wave`] (who goes) → [`decide`] (what next) → [`decision_event`] (what was decided), and
//! [`report`] (what a person is told of all that). [`fact`] is what
//! Azure says ([`policy`] and [`role`] what that means; [`run`] looks through whole scopes for it), [`settings`] what the owner says;
//! [`id`] and [`time`] are what all of them are told in.

pub mod control;
pub mod decide;
pub mod decision_event;
pub mod document;
pub mod event;
pub mod fact;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod id;
pub mod message;
pub mod policy;
pub mod report;
pub mod role;
pub mod run;
pub mod settings;
pub mod time;
pub mod transition;
pub mod wave;
