//! Before anything else the fleet's document hears what became of the tasks that had booked there, and of the fixes that a first step
//! waits to see confirmed.

use std::time::Duration;

use crate::control::fleet::{BreakerRule, Entered, Entry, await_fixes_of, judged, no_longer_awaited};
use crate::fact::CallKind;
use crate::transition::refusals::holding;

use super::context::Context;
use super::step::Next;

impl Context<'_> {
    /// What is still to be reported, one after the other.
    pub(crate) fn reporting(self) -> Option<Next> {
        let rule = BreakerRule::of(self.tuning);
        let Some(first) = self.document.unreported.first() else { return self.judging(rule) };
        let Some((_, entered)) = self.pass.reported.as_ref().filter(|(task, _)| *task == first.task) else {
            return Some(Next::Enter(Box::new(Entry::Report(first.clone(), rule))));
        };
        let mut changed = self.document.clone();
        let reported = changed.unreported.remove(0);
        if *entered == Entered::Awaited {
            await_fixes_of(&mut changed, &reported);
        }
        Some(Self::step(changed))
    }

    /// The same of fixes that a first step waits for.
    fn judging(self, rule: BreakerRule) -> Option<Next> {
        let judged = judged(self.document, self.give_up_after(), self.now)?;
        if self.pass.judged.as_ref() != Some(&judged) {
            return Some(Next::Enter(Box::new(Entry::Judge(judged, rule))));
        }
        let mut changed = self.document.clone();
        no_longer_awaited(&mut changed, &judged);
        Some(Self::step(changed))
    }

    /// When a fix is given up that nothing confirms: where policy states are refused to the worker, as soon as they would have been
    /// asked for; else when it would be forgotten.
    fn give_up_after(self) -> Duration {
        let refused = holding(self.claims, &self.pass.target, &self.pass.hash);
        let is_unreadable = refused.is_some_and(|(_, park)| park.call == CallKind::QueryStates.as_str());
        let asked_after = self.tuning.verify_after.min(self.tuning.flap_window);
        if is_unreadable { asked_after } else { self.tuning.flap_window.max(asked_after * 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::fleet::{Judged, note_outcome};
    use crate::decide::pass::Pass;
    use crate::decide::step::Observed;
    use crate::decide::{Effect, Errand, Purpose};
    use crate::document::{
        EntryState, ParkReason, SkipReason, SubscriptionDocument, TargetCause, TargetDocument, TaskName, Versioned,
        quiet_since,
    };
    use crate::fixture::{in_task, installation, now, pass_over, resource, seen, target, tuning};
    use crate::id::IdDigest;
    use crate::message::{Finding, WakeUp};
    use crate::settings::Tuning;
    use crate::time::Timestamp;
    use crate::transition::park_target::park_target;
    use crate::transition::{Chosen, merge};

    use crate::transition::states::park;
    use std::collections::BTreeSet;

    use super::super::closed_gate_tests::etag;

    fn task() -> TaskName {
        TaskName::new(&installation(), &target().hash(), 1)
    }

    fn verifying() -> Tuning {
        Tuning { verify_steps: true, ..tuning() }
    }

    /// A document whose booked task has fixed so many resources in this write.
    fn fixed(count: usize) -> TargetDocument {
        let mut before = in_task(count);
        before.active.as_mut().unwrap().booked = true;
        let mut after = before.clone();
        after.active = None;
        after.resources.values_mut().for_each(|entry| entry.state = EntryState::Fixed { at: now(), verified_at: None });
        note_outcome(&before, &mut after, true);
        after
    }

    #[test]
    fn what_each_part_of_a_long_list_tells_is_reported_in_one() {
        let state = |document: &mut TargetDocument, n, state| {
            document.resources.get_mut(&resource(n)).unwrap().state = state;
        };
        let parked = || park(ParkReason::PermanentFailure, None, String::new(), &tuning(), now());
        let mut before = in_task(5);
        before.active.as_mut().unwrap().booked = true;
        let mut part = before.clone();
        state(&mut part, 0, EntryState::Fixed { at: now(), verified_at: None });
        state(&mut part, 1, parked());
        note_outcome(&before, &mut part, true);
        assert!(part.unreported.is_empty(), "the rest is not known");
        // A write in between that takes nothing in.
        let mut between = part.clone();
        note_outcome(&part, &mut between, true);
        assert_eq!(between, part);
        let mut after = between.clone();
        after.active = None;
        state(&mut after, 2, EntryState::Fixed { at: now(), verified_at: None });
        state(&mut after, 3, EntryState::skipped(SkipReason::ResourceGone, now()));
        state(&mut after, 4, parked());
        note_outcome(&between, &mut after, true);

        let digests =
            |all: &[usize]| -> BTreeSet<IdDigest> { all.iter().map(|n| IdDigest::from(&resource(*n))).collect() };
        let [told] = after.unreported.as_slice() else { panic!("{:?}", after.unreported) };
        let set = |all: &[IdDigest]| all.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!((told.fixed, told.failed, told.is_void), (2, 2, false));
        assert_eq!((set(&told.tried), set(&told.given_back)), (digests(&[0, 1, 2, 4]), digests(&[3])));
        assert_eq!((set(&told.fixes), told.tried.len()), (digests(&[0, 2]), 4));
    }

    /// What passes over the document report of fixes at this time, to a fleet's document that waits for them; and what is left.
    fn reports(mut document: TargetDocument, at: Timestamp) -> (Vec<Judged>, TargetDocument) {
        let mut pass: Pass = pass_over(&WakeUp::new(target(), document.generation));
        let claims = SubscriptionDocument::new(target().subscription().clone());
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        pass.observe(Observed::Target(Box::new(Versioned { document: document.clone(), etag: Some(etag()) })));
        let mut judged = Vec::new();
        for _ in 0..20 {
            match pass.next(&verifying(), at) {
                Next::Enter(entry) => match *entry {
                    Entry::Judge(one, _) => {
                        judged.push(one.clone());
                        pass.observe(Observed::Judged(Box::new(one)));
                    }
                    other => pass.observe(Observed::Reported(other.task().clone(), Entered::Awaited)),
                },
                Next::Save(write) => {
                    document = (*write.document).clone();
                    pass.observe(Observed::Saved(write, etag()));
                }
                _ => break,
            }
        }
        (judged, document)
    }

    #[test]
    fn a_step_hears_of_each_fix_once_when_it_is_known_what_became_of_it() {
        let (none, document) = reports(fixed(4), now());
        assert!(none.is_empty() && document.unreported.is_empty(), "nothing is known yet");
        let is_awaited =
            |document: &TargetDocument| document.resources.values().all(|entry| entry.fix_awaited.is_some());
        assert!(is_awaited(&document));
        let mut told = document.clone();
        let later = now() + Duration::from_secs(600);
        merge(&mut told, &seen(Finding::Compliant, 0, later), &tuning(), later);
        assert!(told.wake_at.is_some_and(|at| at <= later + tuning().coalesce_window), "an evaluation wakes it");
        let park = |reason| EntryState::Parked {
            reason,
            class: None,
            words: String::new(),
            hint: String::new(),
            until: now() + Duration::from_secs(90_000),
        };
        told.resources.get_mut(&resource(1)).unwrap().state = park(ParkReason::FixDidNotHelp);
        told.resources.get_mut(&resource(2)).unwrap().state = park(ParkReason::Locked);
        told.resources.get_mut(&resource(3)).unwrap().state =
            EntryState::Waiting { due: now() + Duration::from_secs(9_000) };
        let (judged, left) = reports(told, later);
        let digests = |of: &[usize]| of.iter().map(|n| IdDigest::from(&resource(*n))).collect::<Vec<_>>();
        let [one] = judged.as_slice() else { panic!("{judged:?}") };
        assert_eq!((&one.task, &one.settled, &one.failed), (&task(), &digests(&[0, 2]), &digests(&[1])));
        assert!(one.given_up.is_empty());
        let awaited: Vec<bool> = (0..4).map(|n| left.resources[&resource(n)].fix_awaited.is_some()).collect();
        assert_eq!(awaited, [false, false, false, true], "what waits again is tried again in its place");
        assert!(reports(left, later).0.is_empty());
    }

    #[test]
    fn what_nothing_confirms_is_given_up_when_it_would_be_forgotten() {
        let (_, document) = reports(fixed(1), now());
        let at = |days: u64| now() + Duration::from_secs(days * 86_400);
        assert!(reports(document.clone(), at(6)).0.is_empty());
        let (judged, _) = reports(document, at(7));
        assert_eq!(judged.iter().map(|one| one.given_up.len()).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_fix_whose_entry_a_person_clears_is_settled_by_the_next_pass() {
        let (_, mut document) = reports(fixed(3), now());
        // Two of them were found in vain and wait again, and then the target is parked with them.
        let later = now() + Duration::from_secs(60);
        for n in [0, 1] {
            document.resources.get_mut(&resource(n)).unwrap().state = EntryState::Waiting { due: later };
        }
        let cause = TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new(), hint: None };
        park_target(&mut document, &cause, &verifying(), later);
        document.wake_at = None;
        let found = Versioned { document, etag: Some(etag()) };
        let mut errand = Errand::to(found, Purpose::Forget(Chosen::default()));
        let Effect::Save(cleared) = errand.next(&verifying(), later) else { panic!("nothing was cleared") };
        assert_eq!((cleared.resources.len(), cleared.wake_at), (1, Some(later)));
        assert!(quiet_since(&cleared).is_none(), "it is kept until that is told");
        let (judged, left) = reports(*cleared, later);
        let digests: Vec<_> = [0, 1].map(|n| IdDigest::from(&resource(n))).to_vec();
        let [one] = judged.as_slice() else { panic!("{judged:?}") };
        assert_eq!((&one.task, &one.settled, &one.failed), (&task(), &digests, &Vec::new()));
        assert!(left.forgotten_fixes.is_empty() && left.resources[&resource(2)].fix_awaited.is_some());
        assert!(reports(left, later).0.is_empty());
    }

    #[test]
    fn nothing_is_awaited_where_steps_need_not_be_verified() {
        let mut before = in_task(1);
        before.active.as_mut().unwrap().booked = true;
        let mut after = before.clone();
        after.active = None;
        after.resources.values_mut().for_each(|entry| entry.state = EntryState::Fixed { at: now(), verified_at: None });
        note_outcome(&before, &mut after, false);
        assert!(after.unreported.iter().all(|unreported| unreported.fixes.is_empty()));
    }
}
