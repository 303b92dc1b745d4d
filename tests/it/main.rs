//! The worker as it is deployed, driven through its real protocols on a local Azure. One file a property; every test
//! ends at rest (`stage::rest`), so that nothing is left behind unseen. The worker has no hooks for tests: they act
//! through sockets, settings and the local Azure's handles, and judge by the wire, the documents and the log.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure that is wanted")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the clock, and are told by the environment how long to play"
)]

mod approvals;
mod audit_only;
mod batch_runs;
mod batch_runs_killed;
mod batch_runs_large;
mod change_windows;
mod clock_behind;
mod command_line;
mod commands;
mod crashes;
mod cut_off_looks;
mod dead_letters;
mod dead_letters_kept;
mod deadly_dead_letters;
mod delegated;
mod delegated_states;
mod duplicates;
mod effects;
mod ended_stops;
mod evaluated_anew;
mod exit_codes;
mod facts_read_anew;
mod few_calls;
mod first_steps;
mod fixtures;
mod foreign_messages;
mod fresh_tokens;
#[cfg(target_os = "linux")]
mod frozen_owner;
mod healing;
mod host_files;
mod host_protocol;
mod host_recordings;
mod hundred_tasks;
mod identity_policies;
mod initiatives;
mod installations;
mod isolation;
mod kept_tasks;
mod left_behind;
mod lenient_reading;
mod letters;
mod links;
mod log_fields;
mod log_tells_all;
mod long_lines;
mod lost_answers;
mod lost_claims;
mod lost_documents;
mod low_budgets;
mod malformed;
mod many_targets;
mod newer_version;
mod older_clouds;
mod one_refusal;
mod other_tasks;
mod outages;
mod oversized;
mod pace_of_refusals;
mod package;
mod parked_targets;
mod pauses;
mod plan_then_act;
mod poison;
mod queued_events;
mod redelivery;
mod refusals;
mod refused_starts;
mod refused_tokens;
mod refused_wake_ups;
mod refused_worker;
mod replaced_assignments;
mod rights;
mod scans;
mod scenario_command;
mod scenarios;
mod settled_documents;
mod short_lists;
mod simulate_options;
mod simulate_split;
mod slow_creations;
mod slow_states;
mod slowness;
mod stage;
mod stopped_documents;
mod storms;
mod storms_as_recorded;
mod storms_attempts;
mod storms_demo;
mod storms_end;
mod storms_hardship;
mod storms_people;
mod storms_races;
mod storms_split;
mod storms_two;
mod storms_weather;
mod sweeps;
mod task_history;
mod task_not_found;
mod throttling;
mod times_in_the_future;
mod two_instances;
mod unlisted;
mod unverified_fixes;
mod verified_fixes;
mod where_it_acts;
mod whole_scope;
mod widened_guard_rails;
