//! What the rights of the identity let a pass do, step by step.

use std::collections::BTreeMap;

use super::Pass;
use super::question::{Answer, Question};
use super::step::{Next, Observed, Transition};
use crate::document::{
    ETag, Installation, ParkReason, PastTask, SubscriptionDocument, TargetDocument, TaskName, Versioned,
};
use crate::fact::TaskState;
use crate::fact::{ActiveTasks, Found};
use crate::fixture::{
    deployment, facts, failed, installation, nothing_paused, now, past_task, resource, rights, status, target, tuning,
    waiting,
};
use crate::message::WakeUp;
use crate::role::{Grant, GrantAnswer, Home, Permission, Remedy, Rights, RoleAssignment, RoleDefinition, RoleId};
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;
use crate::transition::settle::settle;
use std::time::Duration;

const TAGS: &str = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";

fn role() -> RoleId {
    RoleId::of(TAGS).unwrap()
}

/// The policy asks for a role that the identity has or lacks.
fn told(has: bool, home: Home) -> Rights {
    let permission = Permission { actions: vec!["Microsoft.Resources/tags/*".to_owned()], ..Permission::default() };
    let known = RoleDefinition {
        id: role(),
        name: "Tag Contributor".to_owned(),
        permissions: vec![permission],
        is_built_in: true,
    };
    let there = RoleAssignment {
        scope: "/".to_owned(),
        role: role(),
        principal: rights().principal.unwrap(),
        has_condition: false,
    };
    Rights {
        home,
        required: Found::There(vec![role()]),
        assignments: Found::There(if has { vec![there] } else { Vec::new() }),
        definitions: BTreeMap::from([(role(), Found::There(known))]),
        ..rights()
    }
}

fn away() -> Home {
    Home::Delegated { grantable: Found::There(vec![role()]), worker: Some("worker".to_owned()) }
}

fn granting_tuning(mode: Mode) -> Tuning {
    Tuning { mode, grant_roles: vec![role()], ..tuning() }
}

/// A pass over a document that has been answered all but what it asks of rights, and what is next after each answer.
struct Story {
    pass: Pass,
    rights: Rights,
    asked: Vec<Option<Timestamp>>,
}

impl Story {
    fn new(document: &TargetDocument, rights: Rights) -> Self {
        let wake_up = WakeUp::new(target(), document.generation);
        let mut pass = Pass::new(&wake_up, Installation { id: installation(), copied: None });
        pass.observe(Observed::Controls(nothing_paused()));
        let claims = SubscriptionDocument::new(target().subscription().clone());
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        let etag = Some(ETag("1".to_owned()));
        pass.observe(Observed::Target(Box::new(Versioned { document: document.clone(), etag })));
        Self { pass, rights, asked: Vec::new() }
    }

    /// The next thing that is no question.
    fn next(&mut self, tuning: &Tuning, at: Timestamp) -> Next {
        for _ in 0..20 {
            let answer = match self.pass.next(tuning, at) {
                Next::Ask(Question::Facts | Question::FactsSince(_)) => {
                    Answer::Facts(crate::fact::Facts { read_at: at, ..facts() })
                }
                Next::Ask(Question::Rights(since)) => {
                    self.asked.push(since);
                    Answer::Rights(Rights { read_at: at, ..self.rights.clone() })
                }
                Next::Ask(Question::ActiveTasks) => Answer::ActiveTasks(ActiveTasks::All(Vec::new())),
                Next::Ask(Question::Listed { .. }) => Answer::Listed(now(), Vec::new()),
                Next::Ask(Question::States(asked)) => Answer::States(asked, Vec::new()),
                next => return next,
            };
            self.pass.observe(Observed::Answer(answer));
        }
        panic!("no end")
    }

    /// The document that is written next; what it means is observed.
    fn written(&mut self, tuning: &Tuning, at: Timestamp) -> (TargetDocument, Transition) {
        let Next::Save(write) = self.next(tuning, at) else { panic!("nothing is written") };
        let (document, transition) = ((*write.document).clone(), write.transition);
        self.pass.observe(Observed::Saved(write, ETag("2".to_owned())));
        (document, transition)
    }
}

/// How many resources the first wave has.
fn first_wave(rights: Rights) -> usize {
    let (document, transition) = Story::new(&waiting(5), rights).written(&tuning(), now());
    assert_eq!(transition, Transition::Opened, "{:?}", document.parked);
    document.in_task().count()
}

#[test]
fn what_is_certain_goes_as_a_whole_and_what_is_not_sends_one_ahead() {
    assert_eq!(first_wave(told(true, Home::Ours)), 5);
    assert_eq!(first_wave(told(true, away())), 5);
    assert_eq!(first_wave(told(false, away())), 1, "a delegated reader does not see all");
    let unread = Rights { assignments: Found::Unreadable("no".to_owned()), ..told(true, Home::Ours) };
    assert_eq!(first_wave(unread), 1);
    let version = Found::Unreadable("version 1.*.* cannot be named".to_owned());
    assert_eq!(
        first_wave(Rights { required: version, ..told(true, Home::Ours) }),
        1,
        "of a version that cannot be read"
    );
}

#[test]
fn an_identity_that_has_fixed_something_is_not_asked_about() {
    let mut document = waiting(5);
    let past = |sequence, fixed, unfixed| {
        let name = TaskName::new(&installation(), &target().hash(), sequence);
        PastTask { fixed, unfixed, ..past_task(name) }
    };
    document.history = vec![past(1, 1, 0), past(2, 0, 0)];
    let mut story = Story::new(&document, told(false, Home::Ours));
    let (opened, _) = story.written(&tuning(), now());
    assert_eq!((opened.in_task().count(), story.asked), (5, Vec::new()));
    document.history.push(past(3, 0, 4));
    let mut story = Story::new(&document, told(false, Home::Ours));
    assert!(story.written(&tuning(), now()).0.parked.is_some(), "the last task fixed nothing");
}

#[test]
fn what_is_certainly_missing_parks_the_target_with_the_command_and_goes_on_once_it_was_given() {
    let (parked, _) = Story::new(&waiting(5), told(false, Home::Ours)).written(&tuning(), now());
    let park = parked.parked.clone().unwrap();
    assert_eq!(park.reason, ParkReason::MissingPermission);
    assert!(park.words.contains("Tag Contributor") && park.words.contains(TAGS), "{}", park.words);
    let command = format!("--role {TAGS} --scope '{}'", target().scope);
    assert!(park.hint.contains(&command) && park.hint.contains("GRANT_ROLES"), "{}", park.hint);
    assert_eq!(parked.in_task().count(), 0, "no attempt is used up");

    let check_at = park.check_at.unwrap();
    let mut still = Story::new(&parked, told(false, Home::Ours));
    let (rests, _) = still.written(&tuning(), check_at);
    let later = rests.parked.as_ref().unwrap().check_at.unwrap();
    assert!(later > check_at && rests.wake_at == Some(later), "{later} {:?}", rests.wake_at);
    assert_eq!(rests.parked.unwrap().since, park.since, "it is the same park, told once");

    let mut story = Story::new(&parked, told(true, Home::Ours));
    assert_eq!(story.written(&tuning(), check_at).0.parked, None);
    let (opened, transition) = story.written(&tuning(), check_at);
    assert_eq!((opened.in_task().count(), transition), (5, Transition::Opened));
}

#[test]
fn a_role_is_granted_after_it_was_written_down_and_one_resource_follows_when_it_acts() {
    let tuning = granting_tuning(Mode::Act);
    for home in [Home::Ours, away()] {
        let mut story = Story::new(&waiting(5), told(false, home.clone()));
        let (begun, transition) = story.written(&tuning, now());
        assert_eq!((begun.granting.as_ref().unwrap().made_at, transition), (None, Transition::Step));
        let Next::Grant(grant) = story.next(&tuning, now()) else { panic!("no grant") };
        let again = Story::new(&begun, told(false, home.clone())).next(&tuning, now() + Duration::from_secs(90));
        assert_eq!(again, Next::Grant(grant.clone()), "after a crash the very same grant");
        story.pass.observe(Observed::Granted(grant.name.clone(), GrantAnswer::Made));
        let (made, transition) = story.written(&tuning, now());
        assert!(matches!(transition, Transition::Settled(_)) && made.granting.as_ref().unwrap().made_at.is_some());

        let at = made.wake_at.unwrap();
        let mut next = Story::new(&made, told(true, home));
        let (opened, _) = next.written(&tuning, at);
        assert_eq!((opened.in_task().count(), opened.granting), (1, None), "what acts late must not fail a wave");
        let (since, made_at) = (next.asked[0].unwrap(), made.granting.clone().unwrap().made_at.unwrap());
        assert!(since >= made_at && next.asked.len() == 1, "rights that were read after the grant");
        // A list that was read while the role was on its way, and is kept, must not be believed for as long as it is kept.
        let late = at + Duration::from_secs(120);
        let mut later = Story::new(&made, told(true, Home::Ours));
        later.written(&tuning, late);
        assert!(later.asked[0].unwrap() > late - Duration::from_secs(30), "{:?}", later.asked);
    }
}

#[test]
fn a_refused_grant_parks_and_one_that_is_too_early_is_tried_again_for_minutes() {
    let tuning = granting_tuning(Mode::Act);
    let answered = |document: &TargetDocument, answer: GrantAnswer, at| {
        let mut story = Story::new(document, told(false, Home::Ours));
        let Next::Grant(grant) = story.next(&tuning, at) else { panic!("no grant") };
        story.pass.observe(Observed::Granted(grant.name, answer));
        story.written(&tuning, at).0
    };
    let (begun, _) = Story::new(&waiting(5), told(false, Home::Ours)).written(&tuning, now());
    let refused = answered(&begun, GrantAnswer::Refused("AuthorizationFailed: no".to_owned()), now());
    assert!(refused.parked.unwrap().words.ends_with("AuthorizationFailed: no"));
    assert!(refused.granting.unwrap().refused);
    let early = GrantAnswer::NotYet("PrincipalNotFound".to_owned());
    let waits = answered(&begun, early.clone(), now());
    assert!(waits.parked.is_none() && waits.wake_at.is_some());
    let late = answered(&begun, early, now() + Duration::from_secs(900));
    assert_eq!(late.parked.unwrap().reason, ParkReason::MissingPermission);
}

#[test]
fn what_the_worker_may_not_grant_is_told_once_and_goes_on_when_a_person_has_granted_it() {
    let tuning = granting_tuning(Mode::Act);
    let (begun, _) = Story::new(&waiting(5), told(false, Home::Ours)).written(&tuning, now());
    let mut story = Story::new(&begun, told(false, Home::Ours));
    let Next::Grant(grant) = story.next(&tuning, now()) else { panic!("no grant") };
    story.pass.observe(Observed::Granted(grant.name, GrantAnswer::Refused("AuthorizationFailed: no".to_owned())));
    let mut parked = story.written(&tuning, now()).0;
    let first = parked.parked.clone().unwrap();
    assert!(first.hint.contains("az role assignment create"), "{}", first.hint);
    let mut at = first.check_at.unwrap();
    for _ in 0..5 {
        let (still, _) = Story::new(&parked, told(false, Home::Ours)).written(&tuning, at);
        let park = still.parked.clone().unwrap();
        assert_eq!(park.since, first.since, "the same park, so it is told once");
        assert!(park.check_at.unwrap() > at, "more and more rarely");
        (at, parked) = (park.check_at.unwrap(), still);
    }
    let mut granted = Story::new(&parked, told(true, Home::Ours));
    assert_eq!(granted.written(&tuning, at).0.parked, None);
    assert_eq!(granted.written(&tuning, at).0.in_task().count(), 1);
    let over = parked.parked.clone().unwrap().until;
    let mut again = Story::new(&parked, told(false, Home::Ours));
    assert_eq!(again.written(&tuning, over).0.parked, None);
    assert!(!again.written(&tuning, over).0.granting.unwrap().refused, "then it is tried once more");
}

#[test]
fn what_another_identity_fixed_says_nothing_of_the_one_that_took_its_place() {
    let mut document = waiting(5);
    let name = TaskName::new(&installation(), &target().hash(), 1);
    document.history = vec![PastTask { fixed: 1, unfixed: 0, ..past_task(name) }];
    document.replaced_at = Some(now());
    let mut story = Story::new(&document, told(false, Home::Ours));
    assert!(story.written(&tuning(), now()).0.parked.is_some());
}

#[test]
fn a_command_is_safe_to_paste_whatever_stands_in_names() {
    let mut rights = told(false, away());
    rights.holder = "/x/o'neill$(reboot)".to_owned();
    let scope = "/subscriptions/s/resourceGroups/a'b`c`";
    let command = Remedy { rights: &rights, scope, allowed: &[], was_refused: false }.command(&role()).unwrap();
    let (mut is_quoted, mut bare, mut letters) = (false, String::new(), command.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => drop(letters.next()),
            _ if !is_quoted => bare.push(letter),
            _ => {}
        }
    }
    assert!(!is_quoted && bare.chars().all(|c| c.is_ascii_alphanumeric() || " -".contains(c)), "{bare}");
}

#[test]
fn one_that_went_ahead_and_lacked_permission_tells_what_the_template_lacks_and_goes_on_when_the_role_is_seen() {
    let tuning = granting_tuning(Mode::Act);
    let home = || Home::Delegated { grantable: Found::There(Vec::new()), worker: Some("worker".to_owned()) };
    let mut ahead = Story::new(&waiting(5), told(false, home())).written(&tuning, now()).0;
    assert_eq!((ahead.in_task().count(), ahead.granting.clone()), (1, None));
    let place = (0..5).find(|n| ahead.in_task().any(|id| *id == resource(*n))).unwrap();
    let refused = deployment(place, failed("AuthorizationFailed"));
    settle(&mut ahead, &status(TaskState::Failed), &[refused], &tuning, now());
    let park = ahead.parked.clone().unwrap();
    assert_eq!((park.reason, park.words.as_str()), (ParkReason::MissingPermission, "AuthorizationFailed: words"));
    let line = format!(
        r#"{{ "principalId": "worker", "roleDefinitionId": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "delegatedRoleDefinitionIds": ["{TAGS}"] }}"#
    );
    assert!(park.hint.starts_with("Have the customer run: az role assignment create"), "{}", park.hint);
    assert!(park.hint.contains(&line) && park.hint.contains("is not seen"), "{}", park.hint);

    let at = park.check_at.unwrap();
    let still = Story::new(&ahead, told(false, home())).written(&tuning, at).0;
    assert!(still.parked.unwrap().check_at.unwrap() > at, "it has shown that it may not");
    assert_eq!(Story::new(&ahead, told(true, home())).written(&tuning, at).0.parked, None);
    let open = Story::new(&waiting(5), told(true, home())).written(&tuning, now()).0;
    assert_eq!(open.canary, None);
}

#[test]
fn what_helps_is_told_for_whom_it_is() {
    let owner = RoleId::of("8e3af657-a8ff-443c-a75c-2fe8c4bcb635").unwrap();
    let mine = RoleId::of("cccccccc-0000-4000-8000-000000000001").unwrap();
    let mut rights = told(false, away());
    let all = Permission { actions: vec!["*".to_owned()], ..Permission::default() };
    let known = |id: &RoleId, is_built_in, permissions| {
        (id.clone(), Found::There(RoleDefinition { id: id.clone(), name: "R".to_owned(), permissions, is_built_in }))
    };
    rights.definitions.extend([known(&owner, true, vec![all]), known(&mine, false, Vec::new())]);
    let scope = target().scope.to_string();
    let hint = |rights: &Rights, roles: &[&RoleId], was_refused| {
        let roles: Vec<_> = roles.iter().map(|role| (*role).clone()).collect();
        Remedy { rights, scope: &scope, allowed: &roles, was_refused }.of(&roles)
    };
    let granted_by_us = hint(&rights, &[&role()], false);
    assert!(
        granted_by_us.starts_with("Run: az rest --method put") && !granted_by_us.contains("template"),
        "{granted_by_us}"
    );
    let refused = hint(&rights, &[&role()], true);
    assert!(refused.starts_with("Have the customer run: az role assignment create"), "{refused}");
    assert!(refused.contains("template") && refused.contains(r#""principalId": "worker""#), "{refused}");
    let gives_rights = hint(&rights, &[&owner], false);
    assert!(
        gives_rights.contains("Lighthouse delegates no such role") && !gives_rights.contains("the line"),
        "{gives_rights}"
    );
    let custom = hint(&rights, &[&mine], false);
    assert!(custom.contains("custom role") && !custom.contains("the line"), "{custom}");
    let both = hint(&rights, &[&role(), &owner], false);
    assert!(both.contains("az rest") && both.contains("; az role assignment create"), "{both}");
    let at_home = hint(&Rights { home: Home::Ours, ..rights }, &[&role()], false);
    assert!(at_home.starts_with("Run: az role assignment create") && !at_home.contains("Lighthouse"), "{at_home}");
}

#[test]
fn plan_mode_shows_what_would_be_granted_and_grants_nothing() {
    let tuning = granting_tuning(Mode::Plan);
    let mut story = Story::new(&waiting(5), told(false, Home::Ours));
    let Next::Show(plan) = story.next(&tuning, now()) else { panic!("nothing is shown") };
    let [Grant { role: granted, .. }] = plan.grants.as_slice() else { panic!("{plan}") };
    assert_eq!((granted, plan.task.is_none()), (&role(), true));
    assert!(plan.to_string().contains("roles that would be granted first: 1"), "{plan}");
}
