//! Resources of which Azure Policy has no evaluation: what is asked for them, when, and when they go on.

use std::time::Duration;

use crate::document::{
    Entry, EntryState, Evaluation, EvaluationPhase, FailureClass, LastFailure, ParkReason, SkipReason,
    SubscriptionDocument, TargetDocument, TaskKind, Versioned,
};
use crate::event::ComplianceState;
use crate::fact::{ActiveTasks, Effect, PolicyState, Scanned};
use crate::fixture::{SUB, facts, now, pass_over, resource, target, tuning, tuning_with, waiting};
use crate::id::Scope;
use crate::message::WakeUp;
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;

use super::closed_gate_tests::etag;
use super::idle::Idle;
use super::pass::Pass;
use super::plan::Plan;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition, Write};

const HOUR: Duration = Duration::from_secs(3_600);
const LINK: &str = "https://management.azure.com/operation";

fn group() -> Scope {
    format!("{SUB}/resourceGroups/rg").parse().unwrap()
}

/// What is stored, and what the services answer.
struct Scene {
    document: TargetDocument,
    claims: SubscriptionDocument,
    tuning: Tuning,
    now: Timestamp,
    states: Vec<PolicyState>,
    /// The answers to a request and to a question after it.
    request: Scanned,
    question: Scanned,
    /// What was done, besides reading and writing documents.
    requests: Vec<(Timestamp, Scope)>,
    questions: usize,
    tasks: Vec<TargetDocument>,
    plans: Vec<Plan>,
    rest: Option<Idle>,
}

impl Scene {
    /// So many resources that failed for want of an evaluation a minute ago.
    fn new(count: usize) -> Self {
        let mut document = waiting(count);
        for entry in document.resources.values_mut() {
            let words = "No policy evaluation result was found.".to_owned();
            let class = Some(FailureClass::Stale);
            entry.last_failure =
                Some(LastFailure { class, words, not_evaluated_since: Some(now()), ..LastFailure::default() });
            entry.attempt = 2;
            entry.state = EntryState::Waiting { due: now() };
        }
        Self {
            document,
            claims: SubscriptionDocument::new(target().subscription().clone()),
            tuning: tuning(),
            now: now() + Duration::from_secs(60),
            states: Vec::new(),
            request: Scanned::Running(LINK.to_owned(), None),
            question: Scanned::Running(LINK.to_owned(), None),
            requests: Vec::new(),
            questions: 0,
            tasks: Vec::new(),
            plans: Vec::new(),
            rest: None,
        }
    }

    /// One pass, to its end, to the opening of a task, or to what `stop` is waiting for.
    fn look_until(&mut self, stop: impl Fn(&Next) -> bool) -> Pass {
        let mut pass = pass_over(&WakeUp::new(target(), self.document.generation));
        for _ in 0..200 {
            let next = pass.next(&self.tuning, self.now);
            self.now += Duration::from_millis(10);
            if stop(&next) {
                return pass;
            }
            let target = || Box::new(Versioned { document: self.document.clone(), etag: Some(etag()) });
            pass.observe(match next {
                Next::Load => Observed::Target(target()),
                Next::LoadClaims => Observed::Claims(Versioned { document: self.claims.clone(), etag: Some(etag()) }),
                Next::Save(Write { document, transition: Transition::Opened, .. }) => {
                    self.tasks.push(*document);
                    return pass;
                }
                Next::Save(write) => {
                    self.document = (*write.document).clone();
                    if let Transition::Settled(rest) = write.transition {
                        self.rest = Some(rest);
                        return pass;
                    }
                    Observed::Saved(write, etag())
                }
                Next::SaveClaims(claims) => {
                    self.claims = (*claims).clone();
                    Observed::ClaimsSaved(claims, etag())
                }
                Next::Ask(Question::Facts) => Observed::Answer(Answer::Facts(facts())),
                Next::Ask(Question::ActiveTasks) => Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new()))),
                Next::Ask(Question::States(asked)) => Observed::Answer(Answer::States(asked, self.states.clone())),
                Next::Ask(Question::Evaluation(scope, link)) => {
                    assert_eq!(link, LINK);
                    self.questions += 1;
                    Observed::Scanned(scope, self.question.clone())
                }
                Next::Evaluate(scope) => {
                    self.requests.push((self.now, scope.clone()));
                    Observed::Scanned(scope, self.request.clone())
                }
                Next::Show(plan) => {
                    let digest = plan.digest();
                    self.plans.push(*plan);
                    Observed::Shown(digest)
                }
                other => panic!("not expected: {other:?}"),
            });
        }
        panic!("no end");
    }

    fn pass(&mut self) {
        self.look_until(|_| false);
    }

    /// Looks whenever it is time, until then or until a task opens; how often.
    fn play(&mut self, until: Timestamp) -> usize {
        let mut looks = 0;
        while self.now < until && self.tasks.is_empty() {
            self.pass();
            looks += 1;
            let Some(at) = self.document.wake_at else { break };
            self.now = self.now.max(at);
        }
        looks
    }

    fn phase(&self) -> &EvaluationPhase {
        &self.claims.evaluations.values().next().expect("an evaluation").phase
    }

    /// Whether all wait, and no attempt was counted.
    fn waits(&self) -> bool {
        let waits = |entry: &Entry| entry.not_evaluated_since().is_some() && entry.attempt == 2;
        self.document.resources.values().all(waits)
    }
}

fn state(n: usize, state: ComplianceState, at: Timestamp) -> PolicyState {
    PolicyState {
        resource: resource(n).to_string(),
        state,
        at: Some(at),
        effect: Some(Effect::Remediable),
        location: None,
    }
}

#[test]
fn forty_resources_ask_for_one_evaluation_and_then_go_together() {
    let mut scene = Scene::new(40);
    scene.pass();
    assert_eq!(scene.requests.iter().map(|(_, scope)| scope.clone()).collect::<Vec<_>>(), [group()]);
    assert_eq!((scene.rest, scene.tasks.len()), (Some(Idle::NotEvaluatedYet), 0));
    assert!(matches!(scene.phase(), EvaluationPhase::Running { .. }) && scene.waits());
    scene.now += Duration::from_secs(600);
    scene.pass();
    assert_eq!((scene.requests.len(), scene.questions), (1, 1));
    scene.question = Scanned::Ended;
    scene.now += Duration::from_secs(600);
    scene.pass();
    assert_eq!((scene.requests.len(), scene.questions, scene.tasks.len()), (1, 2, 1));
    let opened = &scene.tasks[0];
    assert_eq!((opened.in_task().count(), &opened.active.as_ref().unwrap().kind), (40, &TaskKind::Listed));
    assert!(opened.resources.values().all(Entry::is_stale), "a second time in a row will be known for one");
}

#[test]
fn an_evaluation_tells_of_what_failed_before_it_was_asked_for_and_of_nothing_else() {
    for (began, phase, goes) in [
        (1, EvaluationPhase::Ended { at: now() }, true),
        (0, EvaluationPhase::Ended { at: now() }, false),
        (-1, EvaluationPhase::Ended { at: now() }, false),
        (1, EvaluationPhase::Running { location: LINK.to_owned(), look_at: now() + HOUR }, false),
        (1, EvaluationPhase::Unavailable { words: String::new(), again_at: None }, false),
    ] {
        for scope in [group(), target().scope] {
            let mut scene = Scene::new(3);
            let started_at = now() + time::Duration::seconds(began);
            scene.claims.evaluations.insert(scope.clone(), Evaluation { started_at, phase: phase.clone() });
            scene.pass();
            assert_eq!(scene.tasks.len(), usize::from(goes), "{scope} {began} {phase:?}");
        }
    }
}

#[test]
fn what_another_target_has_asked_for_is_not_asked_for_again() {
    let mut scene = Scene::new(3);
    scene.question = Scanned::Ended;
    let running = EvaluationPhase::Running { location: LINK.to_owned(), look_at: scene.now + HOUR };
    for phase in [EvaluationPhase::Asked, running] {
        let started_at = scene.now - Duration::from_secs(1);
        scene.claims.evaluations.insert(target().scope, Evaluation { started_at, phase });
        scene.pass();
        assert_eq!((scene.requests.len(), scene.questions, scene.tasks.len()), (0, 0, 0));
        assert!(scene.waits() && scene.document.wake_at.is_some_and(|at| at <= scene.now + HOUR));
        scene.document.resources.values_mut().for_each(|entry| entry.state = EntryState::Waiting { due: now() });
    }
    scene.now += HOUR;
    scene.pass();
    assert_eq!((scene.requests.len(), scene.questions, scene.tasks.len()), (0, 1, 1));
}

#[test]
fn where_no_evaluation_can_be_had_what_waits_is_looked_at_now_and_then_and_parked_after_three_days() {
    let tuned = tuning();
    for (answer, pause, most) in [
        (Scanned::Unavailable("403".to_owned()), tuned.reevaluate_interval, 13),
        (Scanned::Throttled(now(), "429".to_owned()), 6 * tuned.check_interval_max, 75),
    ] {
        let mut scene = Scene::new(3);
        scene.request = answer;
        let looks = scene.play(now() + HOUR * 100);
        assert!(looks < 160, "{looks} looks in three days");
        for pair in scene.requests.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= pause, "{pair:?}");
        }
        assert!((10..=most).contains(&scene.requests.len()), "{:?}", scene.requests);
        for entry in scene.document.resources.values() {
            let EntryState::Parked { reason, class, hint, until, .. } = &entry.state else { panic!("{entry:?}") };
            assert_eq!((*reason, *class), (ParkReason::PermanentFailure, Some(FailureClass::Stale)));
            assert!(hint.contains("triggerEvaluation/action"), "{hint}");
            assert!(*until > now() + HOUR * 72 + scene.tuning.park_for, "not before three days: {until}");
        }
        assert_eq!(scene.document.wake_at, None);
    }
}

#[test]
fn an_evaluation_that_does_not_end_is_given_up_and_the_states_decide() {
    let mut scene = Scene::new(3);
    scene.play(now() + HOUR * 3);
    assert!(scene.questions > 3 && matches!(scene.phase(), EvaluationPhase::Running { .. }));
    let questions = scene.questions;
    scene.play(now() + HOUR * 5);
    assert!(scene.questions <= questions + 1 && matches!(scene.phase(), EvaluationPhase::Unavailable { .. }));
    scene.states = vec![state(1, ComplianceState::NonCompliant, now() + HOUR)];
    scene.play(now() + HOUR * 7);
    assert_eq!(scene.tasks[0].in_task().cloned().collect::<Vec<_>>(), [resource(1)]);
}

#[test]
fn a_state_that_is_newer_than_the_failure_lets_go_and_an_older_one_does_not() {
    use ComplianceState::{Compliant, NonCompliant};
    for (compliance, seconds, tasks, skipped) in
        [(NonCompliant, 1, 1, 0), (NonCompliant, 0, 0, 0), (NonCompliant, -9, 0, 0), (Compliant, 1, 0, 1)]
    {
        let mut scene = Scene::new(1);
        scene.states = vec![state(0, compliance.clone(), now() + time::Duration::seconds(seconds))];
        scene.pass();
        let is_compliant =
            |entry: &&Entry| matches!(entry.state, EntryState::Skipped { reason: SkipReason::Compliant, .. });
        let found = (scene.tasks.len(), scene.document.resources.values().filter(is_compliant).count());
        assert_eq!(found, (tasks, skipped), "{compliance:?} {seconds}");
        assert_eq!(scene.requests.len(), usize::from(tasks + skipped == 0), "{compliance:?} {seconds}");
    }
}

#[test]
fn what_the_guard_rails_exclude_asks_for_no_evaluation() {
    let mut scene = Scene::new(3);
    scene.tuning = tuning_with("EXCLUDE_RESOURCE_TYPES", "Microsoft.Storage/*");
    scene.pass();
    assert_eq!((scene.requests.len(), scene.questions), (0, 0));
    assert!(scene.document.resources.values().all(|entry| matches!(entry.state, EntryState::Skipped { .. })));
}

#[test]
fn plan_mode_asks_for_no_evaluation_and_says_what_it_would_ask_for() {
    let mut scene = Scene::new(3);
    scene.tuning = Tuning { mode: Mode::Plan, ..tuning() };
    let before = scene.document.resources.clone();
    scene.pass();
    assert_eq!((scene.requests.len(), scene.questions, scene.rest), (0, 0, Some(Idle::PlanMode)));
    assert_eq!(scene.plans, [Plan { evaluation: Some(group()), ..Plan::default() }]);
    assert_eq!((&scene.document.resources, scene.claims.evaluations.len()), (&before, 0));
}

#[test]
fn a_request_for_which_the_service_is_too_busy_is_made_again_soon_and_given_up_after_three_days() {
    let mut scene = Scene::new(1);
    scene.request = Scanned::Throttled(scene.now + Duration::from_secs(17), "429".to_owned());
    scene.pass();
    let (first, again) = (scene.requests[0].0, 6 * scene.tuning.check_interval_max);
    assert!(matches!(scene.phase(), EvaluationPhase::Unavailable { again_at: Some(at), .. } if *at - first >= again));
    assert!(scene.waits() && scene.document.wake_at.is_some_and(|at| at > first));
    scene.request = Scanned::Running(LINK.to_owned(), None);
    scene.question = Scanned::Ended;
    scene.play(first + 2 * HOUR);
    assert_eq!((scene.requests.len(), scene.tasks.len()), (2, 1), "the interval is six hours: {:?}", scene.requests);

    let mut busy = Scene::new(1);
    for _ in 0..2_000 {
        let retry_after = busy.now + Duration::from_secs(30);
        busy.request = Scanned::Throttled(retry_after, "429".to_owned());
        busy.pass();
        let Some(at) = busy.document.wake_at.filter(|_| busy.waits()) else { break };
        busy.now = busy.now.max(at);
    }
    assert!(!busy.waits(), "it is given up");
    let given_up = busy.now - now();
    assert!(given_up < time::Duration::days(4) && busy.requests.len() < 100, "{given_up} {}", busy.requests.len());
    for pair in busy.requests.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= again, "{pair:?}");
    }
}

#[test]
fn a_request_that_is_not_sent_is_taken_back_so_that_it_can_be_made_later() {
    let mut scene = Scene::new(1);
    scene.request = Scanned::NotSent;
    scene.pass();
    assert_eq!((scene.requests.len(), scene.claims.evaluations.len()), (1, 0));
    // The gate closes, or the sender stalls, between the writing down and the sending.
    for (floor, stall) in [(Some(HOUR), Duration::ZERO), (None, HOUR)] {
        scene.now += HOUR;
        let mut pass = scene.look_until(|next| matches!(next, Next::Evaluate(_)));
        assert_eq!(scene.claims.evaluations.len(), 1);
        let now = scene.now + stall;
        if let Some(floor) = floor {
            pass.observe(Observed::Floor(now + floor));
        }
        let Next::SaveClaims(claims) = pass.next(&scene.tuning, now) else { panic!("not taken back") };
        assert_eq!((claims.evaluations.len(), claims.throttled_until), (0, floor.map(|floor| now + floor)));
        pass.observe(Observed::ClaimsSaved(claims, etag()));
        let settled = loop {
            match pass.next(&scene.tuning, now) {
                Next::Save(write) if write.transition == Transition::Step => {
                    pass.observe(Observed::Saved(write, etag()))
                }
                Next::Save(write) => break write.document,
                other => panic!("{other:?}"),
            }
        };
        assert!(settled.not_evaluated().count() == 1 && settled.wake_at.is_some_and(|at| at > now));
        scene.claims.evaluations.clear();
    }
}

#[test]
fn others_that_are_due_do_not_wait_for_the_evaluation() {
    let mut scene = Scene::new(150);
    for n in 140..150 {
        scene.document.resources.get_mut(&resource(n)).unwrap().last_failure = None;
    }
    scene.pass();
    assert_eq!((scene.requests.len(), scene.tasks.len()), (1, 1));
    assert_eq!(scene.tasks[0].in_task().cloned().collect::<Vec<_>>(), (140..150).map(resource).collect::<Vec<_>>());
}

#[test]
fn what_azure_policy_could_not_evaluate_waits_for_an_evaluation_that_can() {
    let other = |word: &str| ComplianceState::Other(word.to_owned());
    for word in ["Error", "unknown"] {
        let mut scene = Scene::new(2);
        for entry in scene.document.resources.values_mut() {
            (entry.last_failure, entry.attempt) = (None, 2);
        }
        scene.states = vec![state(0, other(word), now()), state(1, other(word), now())];
        scene.pass();
        assert_eq!((scene.tasks.len(), scene.rest), (0, Some(Idle::NotEvaluatedYet)), "{word}");
        assert!(scene.waits(), "no attempt is used");
        // An evaluation that is over, and of which it is no better, is no reason to go on.
        scene.question = Scanned::Ended;
        scene.now += HOUR;
        scene.states = (0..2).map(|n| state(n, other(word), scene.now)).collect();
        scene.pass();
        assert!(scene.tasks.is_empty() && scene.waits(), "{word}");
        assert_eq!(scene.requests.len(), 1);
        scene.now += HOUR;
        scene.states = vec![state(0, ComplianceState::NonCompliant, scene.now), state(1, other(word), now())];
        scene.pass();
        assert_eq!(scene.tasks.len(), 1, "{word}");
        assert_eq!(scene.tasks[0].in_task().collect::<Vec<_>>(), [&resource(0)]);
    }
}

#[test]
fn what_is_never_evaluated_with_a_result_is_told_after_some_evaluations() {
    let error = || ComplianceState::Other("Error".to_owned());
    let mut scene = Scene::new(1);
    for entry in scene.document.resources.values_mut() {
        (entry.last_failure, entry.attempt) = (None, 2);
    }
    let mut days = 0;
    while scene.waits() || days == 0 {
        scene.states = vec![state(0, error(), scene.now)];
        scene.pass();
        scene.now += 24 * HOUR;
        days += 1;
        assert!(days < 9, "it is asked for ever: {:?}", scene.document.resources);
    }
    let entry = &scene.document.resources[&resource(0)];
    assert!(days >= 3 && scene.tasks.is_empty(), "{days}");
    let EntryState::Parked { hint, words, .. } = &entry.state else { panic!("{entry:?}") };
    assert!(
        words.contains("the latest policy state is Error") && *hint == ParkReason::NOT_EVALUATED,
        "{words}: {hint}"
    );
}

#[test]
fn a_result_that_was_there_before_the_look_and_is_told_late_counts() {
    let mut scene = Scene::new(1);
    for entry in scene.document.resources.values_mut() {
        (entry.last_failure, entry.attempt) = (None, 2);
    }
    scene.states = vec![state(0, ComplianceState::Other("Error".to_owned()), now())];
    scene.now += HOUR;
    scene.pass();
    assert!(scene.tasks.is_empty() && scene.waits());
    let evaluated_at = now() + time::Duration::minutes(30);
    scene.question = Scanned::Ended;
    scene.now += HOUR;
    scene.states = vec![state(0, ComplianceState::NonCompliant, evaluated_at)];
    scene.pass();
    assert_eq!(scene.tasks.len(), 1);
}
