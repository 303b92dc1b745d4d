//! Guard rails come and go, in two instances at different times: what they leave out is neither lost nor touched meanwhile.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;

use crate::decide::{Answer, Next, Observed, Question, Transition};
use crate::document::{ETag, EntryState, LeftOut, SubscriptionDocument, TargetDocument, Versioned};
use crate::event::ComplianceState;
use crate::fact::{ActiveTasks, Effect, PolicyState, ScopeStates};
use crate::fixture::{facts, now, pass_over, resource, seen, target, tuning, tuning_with};
use crate::message::{Finding, WakeUp};
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::wave::allowed::forbids;

use super::left_out::has_room;
use super::letting_in::let_in;
use super::merging::merge_all;

const RESOURCES: usize = 9;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// `collect` takes in that this resource does not comply.
    Finding(usize),
    /// A pass, on to its end or to its task, which fixes what is in it.
    Look,
    /// `sweep` walks what is left out.
    Walk,
}

/// A target under guard rails that change.
struct World {
    document: TargetDocument,
    /// What does not comply, and when it was evaluated.
    bad: BTreeMap<usize, Timestamp>,
    /// Whether Resource Manager refuses to tell the policy states of the scope.
    refuses: bool,
    now: Timestamp,
}

/// Everything is allowed by the first; the others leave out a part, or all in several ways.
static POLICIES: LazyLock<Vec<Tuning>> = LazyLock::new(|| {
    let rails = [
        tuning(),
        tuning_with("EXCLUDE_SCOPES", "*/storageaccounts/a000[0-3]"),
        tuning_with("EXCLUDE_SCOPES", "*/storageaccounts/a000[2-8]"),
        tuning_with("EXCLUDE_RESOURCE_TYPES", "Microsoft.Storage/*"),
        tuning_with("EXCLUDE_SCOPES", target().scope.as_str()),
        tuning_with("INCLUDE_ASSIGNMENTS", "another"),
    ];
    let tuned = |tuning| Tuning { settle_delay: Duration::ZERO, flap_limit: 1_000, ..tuning };
    rails.into_iter().map(tuned).collect()
});

/// The policies for documents of so many entries.
fn policies(most_entries: usize) -> Vec<Tuning> {
    POLICIES.iter().map(|tuning| Tuning { most_entries, ..tuning.clone() }).collect()
}

impl World {
    fn new(refuses: bool) -> Self {
        Self { document: TargetDocument::new(target()), bad: BTreeMap::new(), refuses, now: now() }
    }

    fn take(&mut self, step: Step, tuning: &Tuning) {
        self.now += Duration::from_secs(60);
        match step {
            Step::Finding(n) => {
                self.bad.insert(n, self.now);
                let observed = seen(Finding::NonCompliant, n, self.now);
                self.document = merge_all(&self.document, [&observed.into()], tuning, self.now).0;
            }
            Step::Look => self.pass(tuning),
            Step::Walk => {
                let_in(&mut self.document, tuning, self.now);
                let left = LeftOut::of(&self.document);
                assert!(
                    left.is_none_or(|left| left.rails_digest == Some(tuning.guard_rails.digest())),
                    "once a digest"
                );
            }
        }
        let waits = self.document.earliest_due().is_some();
        assert!(!waits || self.document.wake_at.is_some(), "something waits, and nothing will wake it");
    }

    /// `sweep` walks, and the target is looked at until nothing waits.
    fn come_to_rest(&mut self, tuning: &Tuning) {
        self.take(Step::Walk, tuning);
        for _ in 0..60 {
            if self.document.earliest_due().is_none() {
                break;
            }
            self.now += Duration::from_secs(3_600);
            self.take(Step::Look, tuning);
        }
    }

    fn pass(&mut self, tuning: &Tuning) {
        if self.document == TargetDocument::new(target()) {
            return;
        }
        let mut pass = pass_over(&WakeUp::new(target(), self.document.generation));
        let claims = SubscriptionDocument::new(target().subscription().clone());
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        loop {
            let observed = match pass.next(tuning, self.now) {
                Next::Load => {
                    let etag = Some(ETag("1".to_owned()));
                    Observed::Target(Box::new(Versioned { document: self.document.clone(), etag }))
                }
                Next::Save(write) if write.transition == Transition::Opened => {
                    return self.fix(&write.document, tuning);
                }
                Next::Save(write) => {
                    self.document = (*write.document).clone();
                    Observed::Saved(write, ETag("1".to_owned()))
                }
                Next::Ask(question) => self.answer(question),
                Next::Wake { .. } => Observed::Woken,
                Next::Done => break,
                next => panic!("{next:?}"),
            };
            pass.observe(observed);
        }
        let kept = self.document.resources.values().filter(|entry| entry.state.is_left_out()).count();
        assert!(self.refuses || kept <= (tuning.most_entries / 50).max(1), "{kept} entries of what is left out");
    }

    fn answer(&self, question: Question) -> Observed {
        let state = |(n, at): (&usize, &Timestamp)| PolicyState {
            resource: resource(*n).to_string(),
            state: ComplianceState::NonCompliant,
            at: Some(*at),
            effect: Some(Effect::Remediable),
            location: None,
        };
        let states: Vec<_> = self.bad.iter().map(state).collect();
        match question {
            Question::Facts => Observed::Answer(Answer::Facts(facts())),
            Question::ActiveTasks => Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new()))),
            Question::Listed { .. } => Observed::Answer(Answer::Listed(now(), states)),
            Question::States(asked) => Observed::Answer(Answer::States(asked, states)),
            Question::AllNonCompliant(from) => {
                let mut list = ScopeStates::unread(from);
                if self.refuses {
                    list.is_refused = true;
                } else {
                    list.push(states, None);
                }
                Observed::Answer(Answer::AllNonCompliant(list))
            }
            other => panic!("{other:?}"),
        }
    }

    /// The task that was opened fixes what is in it.
    fn fix(&mut self, opened: &TargetDocument, tuning: &Tuning) {
        self.document = opened.clone();
        self.document.active = None;
        for n in 0..RESOURCES {
            let id = resource(n);
            let Some(entry) = self.document.resources.get_mut(&id) else { continue };
            if entry.state == EntryState::InTask {
                assert_eq!(forbids(&id, &target(), &tuning.guard_rails), None, "{id} is left out, and remediated");
                entry.state = EntryState::Fixed { at: self.now, verified_at: None };
                self.bad.remove(&n);
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<(Step, usize)>> {
    let step = prop_oneof![
        4 => (0..RESOURCES).prop_map(Step::Finding),
        2 => Just(Step::Look),
        2 => Just(Step::Walk),
    ];
    // Most steps are of the instance with the guard rails of their time, some of another.
    proptest::collection::vec((step, 0_usize..6), 1..60)
}

/// First other guard rails stay for a while after the story, then nothing is left out any more.
fn is_fixed_once_it_is_let_in(story: &[(Step, usize)], last: usize, most: usize) {
    let policies = policies(most);
    let mut world = World::new(false);
    for (step, rails) in story {
        world.take(*step, &policies[*rails]);
    }
    for tuning in [&policies[last], &policies[0]] {
        world.come_to_rest(tuning);
        let is_allowed = |n: &&usize| forbids(&resource(**n), &target(), &tuning.guard_rails).is_none();
        let allowed: Vec<_> = world.bad.keys().filter(is_allowed).collect();
        assert!(allowed.is_empty(), "{allowed:?} of {:#?}", world.document);
    }
    assert_eq!((&world.document.excluded, &world.document.unlisted), (&None, &None));
}

#[test]
fn as_many_left_out_by_other_guard_rails_are_not_taken_for_the_same() {
    use Step::{Finding, Look, Walk};
    let story = [(Finding(2), 1), (Finding(0), 2), (Look, 3), (Walk, 1), (Finding(4), 2), (Look, 1)];
    is_fixed_once_it_is_let_in(&story, 2, 4);
}

proptest! {
    #[test]
    fn what_is_left_out_is_fixed_once_it_is_let_in_whatever_happened_in_between(story in steps(), last in 0_usize..6, most in prop_oneof![Just(4_usize), Just(100), Just(5_000)]) {
        is_fixed_once_it_is_let_in(&story, last, most);
    }

    #[test]
    fn where_the_policy_states_cannot_be_read_what_is_not_fixed_stays_told(story in steps()) {
        let policies = policies(100);
        let mut world = World::new(true);
        for (step, rails) in &story {
            world.take(*step, &policies[*rails]);
        }
        world.take(Step::Walk, &policies[0]);
        for _ in 0..20 {
            world.now += Duration::from_secs(3_600);
            world.take(Step::Look, &policies[0]);
        }
        let document = &world.document;
        let lost = world.bad.keys().any(|n| !document.resources.contains_key(&resource(*n)));
        prop_assert_eq!(lost, document.unlisted.is_some() && lost, "{:#?}", document);
        if let Some(unlisted) = &document.unlisted {
            prop_assert!(unlisted.seen > 0 && document.states_refused);
            // From now on every entry is kept.
            prop_assert!(has_room(document, &policies[3]));
        }
    }
}
