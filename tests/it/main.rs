//! The worker as it is deployed, driven through its real protocols on a local Azure. One file a property; every test
//! ends at rest (`stage::rest`), so that nothing is left behind unseen. The worker has no hooks for tests: they act
//! through sockets, settings and the local Azure's handles, and judge by the wire, the documents and the log.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure that is wanted")]

mod command_line;
mod crashes;
mod dead_letters;
mod dead_letters_kept;
mod duplicates;
mod evaluated_anew;
mod exit_codes;
mod fixtures;
mod foreign_messages;
mod fresh_tokens;
mod healing;
mod host_files;
mod host_protocol;
mod hundred_tasks;
mod initiatives;
mod isolation;
mod lenient_reading;
mod letters;
mod links;
mod log_tells_all;
mod lost_answers;
mod lost_documents;
mod low_budgets;
mod malformed;
mod many_targets;
mod newer_version;
mod older_clouds;
mod other_tasks;
mod outages;
mod package;
mod parked_targets;
mod plan_then_act;
mod poison;
mod redelivery;
mod refusals;
mod refused_starts;
mod slow_states;
mod slowness;
mod stage;
mod stopped_documents;
mod storms;
mod storms_attempts;
mod storms_demo;
mod storms_end;
mod storms_hardship;
mod storms_people;
mod storms_races;
mod storms_two;
mod storms_weather;
mod task_history;
mod throttling;
mod two_instances;
mod unlisted;
mod verified_fixes;
mod whole_scope;
mod widened_guard_rails;
