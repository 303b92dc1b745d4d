//! The target is parked as a whole: nothing is gathered and nothing asked until that ends. Guard rails hold all the same.

use crate::wave::due::Due;

use super::context::Context;
use super::idle::Idle;
use super::step::Next;

impl Context<'_> {
    /// What to do about the target's park: rest until its end, and end it then. None when there is none.
    pub(crate) fn parked(self) -> Option<Next> {
        let park = self.document.parked.as_ref().filter(|park| !park.is_of_refusal())?;
        if park.until <= self.now {
            let mut changed = self.document.clone();
            changed.parked = None;
            return Some(Self::step(changed));
        }
        if let Some(skip) = self.leave_out(Due::or_later(self.document).cloned()) {
            return Some(skip);
        }
        if let Some(checked) = self.still_missing() {
            return Some(checked);
        }
        let at = park.check_at.map_or(park.until, |at| at.min(park.until));
        Some(self.idle_until(Some(at), Idle::TargetParked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::question::{Answer, Question};
    use crate::decide::step::{Observed, Transition};
    use crate::document::TargetCause;
    use crate::document::{ETag, EntryState, ParkReason, SubscriptionDocument, TargetDocument, Versioned};
    use crate::fact::{ActiveTasks, Assignment, Facts, Found};
    use crate::fixture::{assignment, facts_of, now, pass_over, resource, seen, target, tuning, tuning_with};
    use crate::message::{Finding, WakeUp};
    use crate::settings::{Mode, Tuning};
    use crate::time::Timestamp;
    use crate::transition::observe::merge;
    use crate::transition::park_target::park_target;
    use crate::transition::schedule::wake_up_of;
    use std::time::Duration;

    /// A target with three due resources, parked since now.
    fn parked() -> TargetDocument {
        let mut document = TargetDocument::new(target());
        for n in 0..3 {
            merge(&mut document, &seen(Finding::NonCompliant, n, now() - Duration::from_secs(7_200)), &tuning(), now());
        }
        let words = format!("policy assignment {} has no managed identity", target().policy_assignment_id);
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words, hint: None };
        park_target(&mut document, &cause, &tuning(), now());
        document
    }

    /// Answers what gathering asks; the assignment has no identity. None when something else is next.
    fn answer(question: &Question) -> Option<Observed> {
        match question {
            Question::Facts | Question::FactsSince(_) => {
                let facts = facts_of(Assignment { has_identity: false, ..assignment() });
                Some(Observed::Answer(Answer::Facts(facts)))
            }
            Question::ActiveTasks => Some(Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new())))),
            Question::Listed { .. } => Some(Observed::Answer(Answer::Listed(now(), Vec::new()))),
            Question::States(asked) => Some(Observed::Answer(Answer::States(asked.clone(), Vec::new()))),
            Question::Rights(_)
            | Question::AllNonCompliant(_)
            | Question::Task(_)
            | Question::Deployments(..)
            | Question::Evaluation(..) => None,
        }
    }

    /// The first step of a pass that is no question.
    fn decided(before: &TargetDocument, tuning: &Tuning, answer: impl Fn(&Question) -> Option<Observed>) -> Next {
        let mut pass = pass_over(&WakeUp::new(target(), before.generation));
        let claims = SubscriptionDocument::new(before.target.subscription().clone());
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        let etag = Some(ETag("1".to_owned()));
        pass.observe(Observed::Target(Box::new(Versioned { document: before.clone(), etag })));
        loop {
            match pass.next(tuning, now()) {
                Next::Ask(question) => pass.observe(answer(&question).unwrap()),
                next => return next,
            }
        }
    }

    #[test]
    fn where_the_assignment_cannot_be_read_nothing_more_is_asked_and_no_task_is_opened() {
        let mut before = parked();
        before.parked = None;
        let words = "AuthorizationFailed: no policyAssignments/read";
        let answer = |question: &Question| {
            let assignment = Found::Unreadable(words.to_owned());
            let facts = Facts::without_assignment(assignment, now());
            (*question == Question::Facts).then_some(Observed::Answer(Answer::Facts(facts)))
        };
        for mode in [Mode::Act, Mode::Plan] {
            let (reason, said) = match decided(&before, &Tuning { mode, ..tuning() }, answer) {
                Next::Save(write) if mode == Mode::Act => {
                    assert_eq!((&write.document.active, &write.document.resources), (&None, &before.resources));
                    let park = write.document.parked.unwrap();
                    (park.reason, park.words)
                }
                Next::Show(plan) if mode == Mode::Plan => {
                    assert_eq!(plan.task, None);
                    let cause = plan.cause.unwrap();
                    (cause.reason, cause.words)
                }
                next => panic!("{mode:?}: {next:?}"),
            };
            assert_eq!(reason, ParkReason::WorkerLacksPermission);
            assert!(said.ends_with(words), "{said}");
        }
    }

    #[test]
    fn a_target_without_identity_is_parked_in_act_mode_and_in_plan_mode_only_shown_to_be() {
        let mut before = parked();
        before.parked = None;
        for mode in [Mode::Act, Mode::Plan] {
            let tuning = Tuning { mode, ..tuning() };
            match (mode, decided(&before, &tuning, answer)) {
                (Mode::Act, Next::Save(write)) => {
                    assert_eq!(
                        (&write.document.parked, &write.document.resources),
                        (&parked().parked, &before.resources)
                    );
                    assert_eq!(write.document.hours[0].sums.parked, 3);
                }
                (Mode::Plan, Next::Show(plan)) => {
                    assert_eq!((&plan.task, plan.cause.unwrap().reason), (&None, ParkReason::NoIdentity));
                }
                (_, next) => panic!("{mode:?}: {next:?}"),
            }
        }
    }

    /// A pass over the document that goes on for as long as it only writes: every write, and what then is next.
    fn pass(document: TargetDocument, tuning: &Tuning, now: Timestamp) -> (Vec<(Transition, TargetDocument)>, Next) {
        let etag = || Some(ETag("1".to_owned()));
        let mut pass = pass_over(&WakeUp::new(document.target.clone(), document.generation));
        let claims = SubscriptionDocument::new(document.target.subscription().clone());
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        pass.observe(Observed::Target(Box::new(Versioned { document, etag: etag() })));
        let mut writes = Vec::new();
        loop {
            match pass.next(tuning, now) {
                Next::Save(write) => {
                    writes.push((write.transition, (*write.document).clone()));
                    pass.observe(Observed::Saved(write, ETag("1".to_owned())));
                }
                next => return (writes, next),
            }
        }
    }

    #[test]
    fn nothing_is_asked_until_the_park_ends_and_the_wake_up_is_at_its_end() {
        let until = now() + tuning().park_for;
        for mode in [Mode::Act, Mode::Plan] {
            let tuning = Tuning { mode, ..tuning() };
            let (writes, next) = pass(parked(), &tuning, until - Duration::from_secs(1));
            let [(Transition::Settled(Idle::TargetParked), document)] = writes.as_slice() else { panic!("{writes:?}") };
            assert_eq!((document.wake_at, &document.parked), (Some(until), &parked().parked));
            assert_eq!(document.resources, parked().resources);
            assert_eq!(next, Next::Wake(wake_up_of(document).unwrap()));
        }
    }

    #[test]
    fn one_whose_assignment_cannot_be_read_rests_and_is_looked_at_now_and_then() {
        let mut document = parked();
        let check_at = now() + Duration::from_secs(900);
        let park = document.parked.as_mut().unwrap();
        (park.reason, park.check_at) = (ParkReason::WorkerLacksPermission, Some(check_at));
        let (writes, _) = pass(document.clone(), &tuning(), now());
        let [(Transition::Settled(Idle::TargetParked), rests)] = writes.as_slice() else { panic!("{writes:?}") };
        assert_eq!((rests.wake_at, &rests.parked), (Some(check_at), &document.parked));
        let looked = |found: Found<Assignment>| {
            let mut pass = pass_over(&WakeUp::new(target(), document.generation));
            let claims = SubscriptionDocument::new(target().subscription().clone());
            pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
            let etag = Some(ETag("1".to_owned()));
            pass.observe(Observed::Target(Box::new(Versioned { document: document.clone(), etag })));
            assert_eq!(pass.next(&tuning(), check_at), Next::Ask(Question::FactsSince(check_at)));
            pass.observe(Observed::Answer(Answer::Facts(Facts { read_at: check_at, ..facts_of_found(found) })));
            let Next::Save(write) = pass.next(&tuning(), check_at) else { panic!("nothing is written") };
            write.document.parked.map(|park| (park.since, park.check_at))
        };
        let later = Some(check_at + Duration::from_secs(900));
        assert_eq!(looked(Found::Unreadable("no".to_owned())), Some((now(), later)), "the same park, told once");
        assert_eq!(looked(Found::There(assignment())), None);
    }

    fn facts_of_found(found: Found<Assignment>) -> Facts {
        Facts::without_assignment(found, now())
    }

    #[test]
    fn when_it_has_ended_everything_due_goes_on_by_itself() {
        let (writes, next) = pass(parked(), &tuning(), now() + tuning().park_for);
        let [(Transition::Step, document)] = writes.as_slice() else { panic!("{writes:?}") };
        assert_eq!((&document.parked, &document.resources), (&None, &parked().resources));
        assert_eq!(next, Next::Ask(Question::Facts));
    }

    #[test]
    fn guard_rails_skip_in_a_parked_target_even_what_is_not_due() {
        let mut document = parked();
        document.resources.get_mut(&resource(2)).unwrap().state =
            EntryState::Waiting { due: now() + Duration::from_secs(60) };
        let tuning = tuning_with("EXCLUDE_SCOPES", resource(2).as_str());
        let (writes, _) = pass(document, &tuning, now());
        let skipped = |document: &TargetDocument| {
            document.resources.values().filter(|entry| matches!(entry.state, EntryState::Skipped { .. })).count()
        };
        assert_eq!(writes.iter().map(|(_, document)| skipped(document)).collect::<Vec<_>>(), [1, 1]);
        assert!(matches!(writes[1].0, Transition::Settled(Idle::TargetParked)));
    }
}
