use super::*;
use crate::document::{
    Claim, Doubt, EntryState, FailureClass, LastFailure, ParkReason, ScopePark, SkipReason, TargetCause, TaskName,
};
use crate::fixture::{SUB, in_task, installation, now, past_task, resource, target, tuning, waiting};
use crate::transition::park_target::park_target;
use crate::transition::states::park;
use std::time::Duration;

fn minutes(minutes: i64) -> Timestamp {
    now() + time::Duration::minutes(minutes)
}

fn claims() -> SubscriptionDocument {
    SubscriptionDocument::new(target().subscription().clone())
}

/// The story of the first resource, in one text.
fn of_first(document: &TargetDocument, claims: &SubscriptionDocument) -> String {
    let tuning = tuning();
    let story = Story { document, claims: Some(claims), stopped: None, tuning: &tuning, now: now() };
    let told = story.of_resource(&resource(0)).expect("it is listed");
    assert!(told.iter().all(|one| one.ends_with('.') || one.contains(" by: policy-remediator ")), "{told:#?}");
    told.join("\n")
}

fn with(change: impl FnOnce(&mut Entry)) -> TargetDocument {
    let mut document = waiting(1);
    document.resources.values_mut().next().map(change);
    document
}

fn parked(reason: ParkReason) -> EntryState {
    park(reason, Some(FailureClass::Permanent), "BadRequest: no".to_owned(), &tuning(), now())
}

#[test]
fn each_state_of_a_resource_is_told_with_what_comes_next() {
    let fixed = |verified_at| EntryState::Fixed { at: minutes(-5), verified_at };
    let failure = |not_evaluated_since| {
        Some(LastFailure {
            class: Some(FailureClass::Conflict),
            words: "busy".to_owned(),
            meets: None,
            not_evaluated_since,
            in_vain: 0,
        })
    };
    let cases: Vec<(TargetDocument, &[&str])> = vec![
        (
            with(|e| e.state = EntryState::Waiting { due: minutes(9) }),
            &["goes into a task from 2026-11-21T07:09:00Z (in 9 min) on"],
        ),
        (
            with(|e| e.state = EntryState::Waiting { due: minutes(-9) }),
            &["due since 2026-11-21T06:51:00Z (9 min ago)", "the next task"],
        ),
        (
            with(|e| (e.attempt, e.last_failure) = (3, failure(None))),
            &["2 attempts are used up, of 8", "failed (conflict): busy."],
        ),
        (
            with(|e| e.last_failure = failure(Some(minutes(-3)))),
            &["an evaluation that is newer than that of 2026-11-21T06:57:00Z (3 min ago)"],
        ),
        (
            with(|e| e.state = fixed(None)),
            &["succeeded at 2026-11-21T06:55:00Z (5 min ago)", "No evaluation has found it compliant"],
        ),
        (with(|e| e.state = fixed(Some(minutes(-3)))), &["found it compliant at 2026-11-21T06:57:00Z (3 min ago)"]),
        (
            with(|e| e.doubt = Some(Doubt { ask_at: minutes(7), asks: 0, compliant_at: None, deleted_at: None })),
            &["asked about it at 2026-11-21T07:07:00Z (in 7 min)"],
        ),
        (
            with(|e| {
                e.doubt = Some(Doubt { ask_at: now(), asks: 0, compliant_at: None, deleted_at: Some(minutes(-2)) })
            }),
            &["its policy state was deleted"],
        ),
        (
            with(|e| e.fixes = vec![minutes(-90), minutes(-60)]),
            &["fixed 2 times of late, last at 2026-11-21T06:00:00Z (60 min ago)"],
        ),
        (
            with(|e| e.state = parked(ParkReason::PermanentFailure)),
            &["parked for permanentFailure: BadRequest: no.", "How to fix it: Read", "parked retry /subscriptions/"],
        ),
        (
            with(|e| e.state = EntryState::skipped(SkipReason::Exempt, minutes(-8))),
            &["skipped since 2026-11-21T06:52:00Z (8 min ago)", "for exempt: the policy states say that it is exempt."],
        ),
        (
            with(|e| e.state = EntryState::skipped(SkipReason::TypeExcluded, minutes(-8))),
            &["EXCLUDE_RESOURCE_TYPES", "judged anew"],
        ),
        (in_task(1), &["It is in task pr-tests-", "the next look at the task is at"]),
    ];
    for (document, words) in cases {
        let told = of_first(&document, &claims());
        for word in words {
            assert!(told.contains(word), "{word:?} is missing in:\n{told}");
        }
    }
}

#[test]
fn what_stands_in_the_way_is_told() {
    let task = TaskName::new(&installation(), &target().hash(), 9);
    let other: crate::id::TargetHash = "0123456789abcdef0123".parse().unwrap();
    let mut with_claim = claims();
    let on = Claimed::Resources([&resource(0)].into_iter().collect());
    with_claim.claims.insert(other.clone(), Claim { task: task.clone(), on });
    assert!(of_first(&waiting(1), &with_claim).contains(&format!("Task {task} of target {other} has it now")));
    with_claim.claims.values_mut().for_each(|claim| claim.on = Claimed::Scope(target().scope));
    assert!(of_first(&waiting(1), &with_claim).contains("has it now"));
    let own = with_claim.claims.remove(&other).unwrap();
    with_claim.claims.insert(target().hash(), own);
    assert!(!of_first(&waiting(1), &with_claim).contains("has it now"), "its own claim is not in its way");

    let mut throttled = claims();
    throttled.throttled_until = Some(minutes(4));
    assert!(of_first(&waiting(1), &throttled).contains("no call before 2026-11-21T07:04:00Z (in 4 min)"));

    let mut refused = claims();
    let refusal = ScopePark {
        reason: ParkReason::WorkerLacksPermission,
        words: "AuthorizationFailed".to_owned(),
        call: "listTasks".to_owned(),
        by: target().hash(),
        since: now(),
        tries: 9,
        next_try: minutes(30),
        parked_since: Some(now()),
    };
    refused.parks.insert(SUB.to_owned(), refusal);
    let told = of_first(&waiting(1), &refused);
    assert!(
        told.contains("(workerLacksPermission): AuthorizationFailed.")
            && told.contains("again at 2026-11-21T07:30:00Z (in 30 min)"),
        "{told}"
    );
}

#[test]
fn the_story_of_a_target_tells_its_park_its_tasks_and_how_many_stand_where() {
    let mut document = waiting(3);
    document.resources.get_mut(&resource(2)).unwrap().state = parked(ParkReason::Locked);
    document.history = vec![past_task(TaskName::new(&installation(), &target().hash(), 7))];
    let tuning = tuning();
    let tell = |document: &TargetDocument, stopped: Option<&StoppedTarget>, tuning: &Tuning| {
        Story { document, claims: None, stopped, tuning, now: now() }.of_target().join("\n")
    };
    let told = tell(&document, None, &tuning);
    for words in
        [&format!("Target {}: assignment {SUB}", target().hash()), "2 wait, 1 are parked", "as Succeeded: 1 fixed"]
    {
        assert!(told.contains(words), "{words} is missing in {told}");
    }
    let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: "none".to_owned(), hint: None };
    park_target(&mut document, &cause, &tuning, now());
    let stop = StoppedTarget::new(target(), "it died".to_owned(), 2, now(), minutes(60));
    let told = tell(&document, Some(&stop), &tuning);
    let retry = format!("policy-remediator parked retry {}", target().hash());
    for words in [
        "stopped since 2026-11-21T07:00:00Z (0 s ago): it died.",
        "parked since 2026-11-21T07:00:00Z (0 s ago)",
        "for noIdentity: none.",
        &retry,
    ] {
        assert!(told.contains(words), "{words} is missing in {told}");
    }
    let plan = Tuning { mode: Mode::Plan, ..tuning };
    assert!(tell(&waiting(1), None, &plan).contains("plan mode"));
    assert!(tell(&TargetDocument::new(target()), None, &plan).contains("No look is planned"));
}

#[test]
fn what_is_only_counted_is_told_as_such() {
    let mut document = TargetDocument::new(target());
    document.unlisted = Some(crate::document::Unlisted {
        due: minutes(2),
        seen: 7_000,
        evaluated_after: None,
        reading: None,
        of_run: None,
    });
    let mut excluded = crate::document::Excluded { rail: None, rails_digest: None, since: now(), seen: 0 };
    excluded.count(40, Some(SkipReason::AssignmentNotIncluded), None, now() - Duration::from_secs(60));
    document.excluded = Some(excluded);
    let tuning = tuning();
    let told =
        Story { document: &document, claims: None, stopped: None, tuning: &tuning, now: now() }.of_target().join("\n");
    for words in [
        "7000 wait, 40 are skipped",
        "7000 of those that wait are only counted",
        "because INCLUDE_ASSIGNMENTS does not name",
    ] {
        assert!(told.contains(words), "{words} is missing in {told}");
    }
}
