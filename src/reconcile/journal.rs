//! The log of what was decided and done, written once, after it is stored. `docs/log-events.md` lists these events and their fields.

use tracing::{info, warn};

use remediation::decide::{Idle, Pass, Plan, SHORT_LISTS};
use remediation::document::{
    Change, EntryState, EvaluationPhase, FailureClass, SubscriptionDocument, TargetDocument, TargetPark, TaskName,
    TaskPhase, changes,
};
use remediation::fact::{NewTask, TaskStatus};
use remediation::id::Target;
use remediation::message::WakeUp;
use remediation::time::time_text;
use remediation::wave::Skipped;

use crate::arm::{ArmError, calls, cut_to};
use crate::azure::error_chain;
use crate::telemetry::about;

/// A write of a target's document: the task that opened, ended or is overdue, the target's park, and every resource that stands
/// differently.
pub fn written(before: &TargetDocument, after: &TargetDocument) {
    task(before, after);
    target_park(before, after);
    target_left_out(before, after);
    for change in changes(before, after) {
        resource(&change, after.parked.as_ref(), &after.target, task_name(before, after));
    }
}

fn target_left_out(before: &TargetDocument, after: &TargetDocument) {
    let rail = |document: &TargetDocument| document.excluded.as_ref().and_then(|excluded| excluded.rail);
    if let Some(reason) = rail(after).filter(|reason| rail(before) != Some(*reason)) {
        about!(
            info,
            &after.target,
            event = "target_left_out",
            reason = reason.as_str(),
            "the guard rails leave out the whole target"
        );
    }
}

fn target_park(before: &TargetDocument, after: &TargetDocument) {
    // The pause until the next try of what is refused is no news; and what is shared, another target tells.
    let told = |document: &'_ TargetDocument| document.parked.clone().filter(|park| !park.shared);
    let (was, is) = (told(before), told(after));
    if was.as_ref().map(|park| (park.reason, park.since)) == is.as_ref().map(|park| (park.reason, park.since)) {
        return;
    }
    if let Some(park) = &was {
        let resources = before.resources.values().filter(|entry| before.holds(entry)).count();
        about!(
            info,
            &after.target,
            event = "target_unparked",
            reason = park.reason.as_str(),
            since = time_text(park.since),
            resources,
            "the target's park is over; its resources go on"
        );
    }
    if let Some(park) = &is {
        let resources = after.resources.values().filter(|entry| after.holds(entry)).count();
        let class = park.class.map(FailureClass::as_str).unwrap_or_default();
        about!(
            warn,
            &after.target,
            event = "target_parked",
            reason = park.reason.as_str(),
            class,
            words = park.words,
            hint = park.hint,
            until = time_text(park.until),
            resources,
            "the whole target is parked"
        );
    }
}

fn task(before: &TargetDocument, after: &TargetDocument) {
    let target = &after.target;
    let was = before.active.as_ref();
    if let Some(active) = &after.active {
        let phase = was.filter(|was| was.name == active.name).map(|was| was.phase);
        let resources = after.in_task().count();
        match (phase, active.phase) {
            (None, TaskPhase::Opening) => {
                about!(debug, target, event = "task_opening", task = %active.name, kind = active.kind.as_str(), resources, "a remediation task is about to be opened");
            }
            (_, TaskPhase::Open) if phase != Some(TaskPhase::Open) => {
                about!(debug, target, event = "task_open", task = %active.name, resources, "the remediation task is open");
            }
            (Some(_), _) | (None, TaskPhase::Open) => {}
        }
        if active.overdue_reported && was.is_some_and(|was| !was.overdue_reported) {
            about!(warn, target, event = "task_overdue", task = %active.name, opened_at = time_text(active.opened_at), "the remediation task runs longer than TASK_TIMEOUT; look at it in the portal");
        }
    }
    let ended = was.filter(|was| after.active.as_ref().is_none_or(|active| active.name != was.name));
    let Some(ended) = ended else { return };
    if before.short_lists >= SHORT_LISTS {
        about!(warn, target, event = "deployments_lacking", task = %ended.name, passes = before.short_lists, "the list of the task's deployments lacks some that its counters tell of; what is not in it counts as not deployed");
    }
    match after.history.last().filter(|past| past.name == ended.name) {
        Some(past) => {
            // Two clocks: it was opened by storage's.
            let seconds = (past.ended_at - past.opened_at).as_seconds_f64().max(0.0);
            about!(info, target, event = "task_ended", task = %past.name, state = past.state, fixed = past.fixed, unfixed = past.unfixed, seconds, "the remediation task has ended");
        }
        None => {
            about!(info, target, event = "task_not_opened", task = %ended.name, "the remediation task was not opened; its resources wait")
        }
    }
}

/// The task that a change has to do with: the one that was active, or the one that is now.
fn task_name<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> &'a str {
    let active = before.active.as_ref().or(after.active.as_ref());
    active.map(|active| active.name.as_str()).unwrap_or_default()
}

fn resource(change: &Change<'_>, park: Option<&TargetPark>, target: &Target, task: &str) {
    let resource = change.resource;
    let attempt = change.after.attempt;
    if let Some(seconds) = change.seconds_to_fixed() {
        about!(info, target, event = "resource_fixed", %resource, attempt = change.before.map_or(attempt, |entry| entry.attempt), task, observed_to_fixed_seconds = seconds, "the resource is fixed");
    }
    if let Some(park) = park.filter(|_| change.is_held) {
        about!(debug, target, event = "resource_parked_with_target", %resource, attempt, task, reason = park.reason.as_str(), until = time_text(park.until), "the resource keeps its place while its target is parked");
        return;
    }
    match &change.after.state {
        EntryState::Waiting { due } if change.is_retry() => {
            let due = time_text(*due);
            if !change.is_counted_retry() {
                about!(debug, target, event = "resource_blocked", %resource, attempt, task, due, "the resource waits again");
                return;
            }
            let failure = change.after.last_failure.as_ref();
            let class = failure.and_then(|failure| failure.class).map(FailureClass::as_str).unwrap_or_default();
            let words = failure.map(|failure| failure.words.as_str()).unwrap_or_default();
            about!(info, target, event = "resource_retry", %resource, attempt, task, class, words, due, "the resource waits again");
        }
        // Only the time of the next pass over it is new.
        EntryState::Waiting { .. } if change.after.not_evaluated_since().is_some() => {}
        EntryState::Waiting { due } => {
            about!(debug, target, event = "resource_waiting", %resource, attempt, reason = why_waiting(change), due = time_text(*due), "the resource waits")
        }
        EntryState::InTask => {
            about!(debug, target, event = "resource_in_task", %resource, attempt, task, "the resource is in the task");
        }
        // The fix itself is said above.
        EntryState::Fixed { .. } => {
            let Some(seconds) = change.seconds_to_verified() else { return };
            about!(info, target, event = "resource_verified", %resource, observed_to_verified_seconds = seconds, "the fix is verified");
        }
        EntryState::Parked { reason, class, words, hint, until } => {
            let class = class.map(|class| class.as_str()).unwrap_or_default();
            about!(warn, target, event = "resource_parked", %resource, attempt, task, reason = reason.as_str(), class, words, hint, until = time_text(*until), "the resource is parked");
        }
        EntryState::Skipped { reason, .. } => {
            about!(info, target, event = "resource_skipped", %resource, reason = reason.as_str(), "the resource is skipped");
        }
    }
}

/// Why a resource waits that did not come from a failed attempt.
fn why_waiting(change: &Change<'_>) -> &'static str {
    match change.before.map(|entry| &entry.state) {
        None => "new",
        Some(state) if state.is_left_out() => "letIn",
        Some(EntryState::Fixed { .. }) if change.after.last_failure.is_some() => "fixDidNotHelp",
        Some(EntryState::Fixed { .. } | EntryState::Skipped { .. }) => "again",
        Some(EntryState::InTask) => "fixDidNotLast",
        Some(EntryState::Parked { .. }) => "parkOver",
        Some(EntryState::Waiting { .. }) if change.was_held => "targetParkOver",
        Some(EntryState::Waiting { .. }) => "evaluated",
    }
}

/// A write of the subscription's document: what Resource Manager refuses from now on, and what it does not any more.
pub(super) fn scope_parks(before: &SubscriptionDocument, after: &SubscriptionDocument) {
    let subscription = &after.subscription;
    let parked = |document: &SubscriptionDocument, key: &String| {
        document.parks.get(key).is_some_and(|park| park.parked_since.is_some())
    };
    for (scope, park) in after.parks.iter().filter(|(key, _)| parked(after, key) && !parked(before, key)) {
        warn!(event = "subscription_parked", %subscription, scope, reason = park.reason.as_str(), words = park.words, hint = park.reason.hint(), next_try = time_text(park.next_try), "Resource Manager refuses the worker what it asks here; all that this holds rests, and is tried again more and more rarely");
    }
    for (scope, park) in before.parks.iter().filter(|(key, _)| parked(before, key) && !parked(after, key)) {
        info!(event = "subscription_unparked", %subscription, scope, reason = park.reason.as_str(), since = time_text(park.since), "Resource Manager answers again; all that was held goes on");
    }
}

/// A write of the subscription's document: what is new of its evaluations.
pub(super) fn evaluations(before: &SubscriptionDocument, after: &SubscriptionDocument) {
    for (scope, evaluation) in &after.evaluations {
        let known = before.evaluations.get(scope).filter(|known| known.started_at == evaluation.started_at);
        let was_asked = known.is_some_and(|known| known.phase == EvaluationPhase::Asked);
        if known.is_some_and(|known| known.phase == evaluation.phase) {
            continue;
        }
        match &evaluation.phase {
            EvaluationPhase::Asked => {
                info!(event = "evaluation_requested", %scope, "Azure Policy is about to be asked for an evaluation");
            }
            EvaluationPhase::Running { .. } if was_asked => {
                info!(event = "evaluation_running", %scope, "Azure Policy evaluates");
            }
            EvaluationPhase::Running { .. } => {}
            EvaluationPhase::Ended { at } => {
                let seconds = (*at - evaluation.started_at).as_seconds_f64();
                info!(event = "evaluation_ended", %scope, seconds, "the evaluation is done; what waits for it goes on");
            }
            EvaluationPhase::Unavailable { words } => {
                warn!(event = "evaluation_unavailable", %scope, reason = words, "there is no such evaluation, or nobody can tell; what waits for it goes on after the next natural one");
            }
        }
    }
    let asked = before.evaluations.iter().filter(|(_, known)| known.phase == EvaluationPhase::Asked);
    for (scope, _) in asked.filter(|(scope, _)| !after.evaluations.contains_key(*scope)) {
        info!(event = "evaluation_not_sent", %scope, "the evaluation was not asked for: the subscription is to be left alone, or could not be reached");
    }
}

/// The answer to the creation of a task.
pub(super) fn put(task: &NewTask, answer: &Result<TaskStatus, ArmError>) {
    let target = &task.target;
    match answer {
        Ok(status) => {
            about!(info, target, event = "task_created", task = %task.name, resources = task.resources.len(), state = status.word, "Resource Manager took the remediation task");
        }
        Err(error @ (ArmError::Held { .. } | ArmError::NotSent { .. })) => {
            about!(info, target, event = "task_not_sent", task = %task.name, %error, "the remediation task was not asked for; its resources wait")
        }
        Err(error @ (ArmError::Lost { .. } | ArmError::Unauthorized { .. } | ArmError::Unreadable { .. })) => {
            about!(warn, target, event = "task_unanswered", task = %task.name, %error, "nobody knows whether Resource Manager has the remediation task; it is looked for")
        }
        Err(error) => {
            about!(warn, target, event = "task_refused", task = %task.name, %error, "Resource Manager did not take the remediation task")
        }
    }
}

/// Resource Manager did not answer what was asked for the target.
pub(super) fn unanswered(target: &Target, error: &ArmError) {
    about!(
        warn,
        target,
        event = "question_unanswered",
        error = error_chain(error),
        "Resource Manager did not answer; the target waits"
    );
}

/// A finished task was deleted.
pub(super) fn task_deleted(target: &Target, task: &TaskName) {
    about!(info, target, event = "task_deleted", %task, "a finished task was kept for KEEP_TASKS_FOR and is deleted");
}

/// A finished task may not be deleted. Told once a subscription.
pub(super) fn task_kept(target: &Target, task: &TaskName, error: &ArmError) {
    about!(warn, target, event = "task_kept", %task, error = error_chain(error), "a finished task cannot be deleted and stays, and so do others of the subscription; grant the action, or leave KEEP_TASKS_FOR at none");
}

/// Longest request that a plan shows, in bytes: log lines beyond 32 KiB are cut by who takes them in, without a word.
const LONGEST_BODY: usize = 24 << 10;
/// Most resources of a plan that are told one by one.
const MOST_LEAVING: usize = 100;

/// Plan mode: what would be done. A plan that was shown last as well is only mentioned.
pub(super) fn plan(target: &Target, plan: &Plan) {
    let task = plan.task.as_ref().map(|task| task.name.as_str()).unwrap_or_default();
    let (count, leaving) = (plan.task.as_ref().map_or(0, |task| task.resources.len()), plan.leaving());
    if plan.is_known {
        about!(info, target, event = "plan_unchanged", task, count, leaving, "plan mode: as shown before, {plan}");
        return;
    }
    let body = plan.task.as_ref().map(|task| calls::create_task(task).body_text()).unwrap_or_default();
    let request = cut_to(body, LONGEST_BODY);
    about!(info, target, event = "plan", task, count, leaving, request, "plan mode: {plan}");
    if let Some(cause) = &plan.cause {
        about!(
            info,
            target,
            event = "plan_target_parked",
            reason = cause.reason.as_str(),
            words = cause.words,
            hint = cause.reason.hint(),
            "plan mode: the whole target would be parked"
        );
    }
    if let Some(scope) = &plan.evaluation {
        about!(info, target, event = "plan_evaluation", evaluated_scope = %scope, "plan mode: an evaluation of this scope would be asked for");
    }
    for Skipped { resource, reason } in plan.skipped.iter().take(MOST_LEAVING) {
        about!(info, target, event = "plan_leaving", %resource, reason = reason.as_str(), "plan mode: this resource would leave");
    }
}

/// The end of a pass.
pub(super) fn passed(wake_up: &WakeUp, pass: &Pass) {
    let idle = pass.idle().map(Idle::as_str).unwrap_or_default();
    let wake_at = pass.document().and_then(|d| d.wake_at).map(time_text).unwrap_or_default();
    about!(
        info,
        &wake_up.target,
        event = "target_reconciled",
        generation = wake_up.generation,
        stale = pass.is_stale(),
        idle,
        wake_at,
        "the pass over the target has ended"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use proptest::prelude::*;
    use tracing::field::{Field, Visit};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    use super::*;
    use remediation::document::{ActiveTask, Hour, Sums, TaskKind, TaskName, last_24_hours, sum_up};
    use remediation::fact::{Deployment, DeploymentCounts, DeploymentStatus, TaskState};
    use remediation::fixture::{installation, now, resource, seen, target, tuning};
    use remediation::message::Finding;
    use remediation::time::Timestamp;
    use remediation::transition::back_to_waiting;
    use remediation::transition::merge_all;
    use remediation::transition::reschedule_overdue;
    use remediation::transition::settle;

    /// Sums up the lines of the log, as a reader of the log would.
    #[derive(Clone, Default)]
    struct Reader(Arc<Mutex<Sums>>);

    #[derive(Default)]
    struct Line {
        event: String,
        seconds: f64,
    }

    impl Visit for Line {
        fn record_str(&mut self, field: &Field, value: &str) {
            if field.name() == "event" {
                self.event = value.to_owned();
            }
        }

        fn record_f64(&mut self, field: &Field, value: f64) {
            if field.name().starts_with("observed_to_") {
                self.seconds = value;
            }
        }

        fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
    }

    impl<S: tracing::Subscriber> Layer<S> for Reader {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            let mut line = Line::default();
            event.record(&mut line);
            let one = match line.event.as_str() {
                "resource_fixed" => Sums { fixed: 1, seconds_to_fixed: line.seconds, ..Sums::default() },
                "resource_verified" => Sums { verified: 1, seconds_to_verified: line.seconds, ..Sums::default() },
                "resource_parked" | "resource_parked_with_target" => Sums { parked: 1, ..Sums::default() },
                "resource_retry" => Sums { retried: 1, ..Sums::default() },
                _ => return,
            };
            self.0.lock().unwrap().add(&one);
        }
    }

    type Observed = (usize, u64, bool);

    #[derive(Debug, Clone)]
    enum Happening {
        /// Observations of one batch: resource, seconds from now, compliant.
        Finding(Vec<Observed>),
        /// All that waits goes into a task, of which this is seen meanwhile, and which ends like this: for each resource the
        /// number of its deployment's end.
        Task(Vec<Observed>, Vec<u8>),
        /// All that waits goes into a task, which is given up before it is created.
        GivenUp,
        Sweep,
    }

    fn happenings() -> impl Strategy<Value = Vec<Happening>> {
        let seen = || proptest::collection::vec((0_usize..5, 0_u64..600, any::<bool>()), 1..6);
        let task = (seen(), proptest::collection::vec(0_u8..6, 5)).prop_map(|(seen, ends)| Happening::Task(seen, ends));
        let one = prop_oneof![
            3 => seen().prop_map(Happening::Finding),
            3 => task,
            1 => Just(Happening::GivenUp),
            1 => Just(Happening::Sweep)
        ];
        proptest::collection::vec(one, 1..25)
    }

    fn see(document: &TargetDocument, seen_then: &[Observed], now: Timestamp) -> TargetDocument {
        let observe = |(n, offset, compliant): &Observed| {
            let kind = if *compliant { Finding::Compliant } else { Finding::NonCompliant };
            seen(kind, *n, now + Duration::from_secs(*offset))
        };
        let observations: Vec<_> = seen_then.iter().map(observe).collect();
        merge_all(document, &observations, &tuning(), now).0
    }

    /// A change as a pass makes it: with its sums.
    fn change(document: &TargetDocument, now: Timestamp, change: impl FnOnce(&mut TargetDocument)) -> TargetDocument {
        let mut after = document.clone();
        change(&mut after);
        sum_up(document, &mut after, now);
        after
    }

    fn open(document: &mut TargetDocument, now: Timestamp) {
        let waits = |state: &EntryState| matches!(state, EntryState::Waiting { .. });
        document.resources.values_mut().filter(|e| waits(&e.state)).for_each(|e| e.state = EntryState::InTask);
        let name = TaskName::new(&installation(), &document.target.hash(), 1);
        document.active = Some(ActiveTask::new(name, TaskKind::Listed, TaskPhase::Open, now, now));
    }

    fn end(document: &mut TargetDocument, ends: &[u8], now: Timestamp) {
        let ended = TaskStatus {
            state: TaskState::Failed,
            word: "Failed".to_owned(),
            created_on: None,
            deployments: DeploymentCounts::default(),
        };
        let failed = |code: &str| DeploymentStatus::Failed { code: code.to_owned(), message: String::new() };
        let deployment = |(n, end): (usize, &u8)| {
            let status = match end {
                0 | 1 => DeploymentStatus::Succeeded,
                2 => failed("ServerBusy"),
                3 => failed("Nonsense"),
                4 => failed("AuthorizationFailed"),
                _ => return None,
            };
            Some(Deployment { resource: resource(n).to_string(), status, ended: Some(now) })
        };
        let deployments: Vec<_> = ends.iter().enumerate().filter_map(deployment).collect();
        settle(document, &ended, &deployments, &tuning(), now);
    }

    /// The writes of the document that follow, one after the other.
    fn writes(document: &TargetDocument, happening: &Happening, now: Timestamp) -> Vec<TargetDocument> {
        let opened = || change(document, now, |document| open(document, now));
        match happening {
            Happening::Finding(all) => vec![see(document, all, now)],
            Happening::Sweep => vec![change(document, now, |document| reschedule_overdue(document, now))],
            Happening::Task(..) | Happening::GivenUp if document.parked.is_some() => Vec::new(),
            Happening::Task(meanwhile, ends) => {
                let told = see(&opened(), meanwhile, now);
                let ended = change(&told, now, |document| end(document, ends, now));
                vec![opened(), told, ended]
            }
            Happening::GivenUp => vec![opened(), change(&opened(), now, |document| back_to_waiting(document, now))],
        }
    }

    proptest! {
        #[test]
        fn the_sums_by_the_hour_are_what_the_log_says(story in happenings(), step in prop_oneof![60_u64..3_600, Just(86_400 * 15)]) {
            let reader = Reader::default();
            let subscriber = tracing_subscriber::registry().with(reader.clone());
            tracing::subscriber::with_default(subscriber, || {
                let (mut document, mut now, mut forgotten) = (TargetDocument::new(target()), now(), Sums::default());
                for happening in &story {
                    for after in writes(&document, happening, now) {
                        written(&document, &after);
                        // What a write forgets was said a day ago.
                        let is_gone = |hour: &&Hour| after.hours.iter().all(|kept| kept.begun != hour.begun);
                        document.hours.iter().filter(is_gone).for_each(|hour| forgotten.add(&hour.sums));
                        document = after;
                    }
                    now += Duration::from_secs(step);
                }
                let mut total = forgotten;
                document.hours.iter().for_each(|hour| total.add(&hour.sums));
                let said = *reader.0.lock().unwrap();
                let counts = |sums: &Sums| (sums.fixed, sums.verified, sums.parked, sums.retried);
                assert_eq!(counts(&total), counts(&said), "{story:?}");
                assert!((total.seconds_to_fixed - said.seconds_to_fixed).abs() < 1e-3);
                assert!((total.seconds_to_verified - said.seconds_to_verified).abs() < 1e-3);
                let last = last_24_hours(&document.hours, now);
                assert!(last.fixed <= total.fixed && document.hours.len() <= 24);
            });
        }
    }
}
