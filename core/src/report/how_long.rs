//! How long what is planned takes in the first steps, at the pace and in the windows that hold: by the worker's own questions, on documents
//! that are kept in memory, as if every task ended at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::control::fleet::{BreakerRule, Entry, Limits, Room, Taken, enter, room};
use crate::control::{ChangeWindow, Pacing, Windows};
use crate::document::{FleetDocument, InstallationId, TaskName, Unreported};
use crate::id::{IdDigest, TargetHash};
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;

/// Questions that are put for one assignment at most: what takes more is told as such.
const MOST: usize = 50_000;

/// How long the assignments of one name take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HowLong {
    /// The name of the assignments.
    pub assignment: String,
    /// How many resources are planned.
    pub resources: usize,
    /// How many of them may be begun now.
    pub now: usize,
    /// When the last may be begun at the earliest; none: not within what can be foretold.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last: Option<Timestamp>,
    /// What they wait for on the way: `firstSteps`, `paceReached`, `outsideWindow`, `policyFails`.
    pub waits: BTreeSet<&'static str>,
}

/// What is planned for a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Paced {
    /// The target.
    pub target: TargetHash,
    /// Its resources, in the order of their tasks.
    pub resources: Vec<IdDigest>,
    /// What holds for it.
    pub pacing: Pacing,
}

impl Paced {
    /// The name of its assignment, under which it is counted.
    #[must_use]
    pub fn name(&self) -> &str {
        self.pacing.asked.assignment.as_str().rsplit('/').next().unwrap_or_default()
    }
}

/// Of all targets, by the names of their assignments; `known` is what the worker knows of a name already.
#[must_use]
pub fn how_long(
    planned: Vec<Paced>,
    known: &BTreeMap<String, FleetDocument>,
    tuning: &Tuning,
    from: Timestamp,
) -> Vec<HowLong> {
    let mut by_name: BTreeMap<String, Vec<Paced>> = BTreeMap::new();
    for one in planned.into_iter().filter(|one| !one.resources.is_empty()) {
        by_name.entry(one.name().to_owned()).or_default().push(one);
    }
    let one = |(name, planned): (String, Vec<Paced>)| {
        let fleet = known.get(&name).cloned().unwrap_or_else(|| FleetDocument::new(name.clone()));
        of_name(name, planned, Virtual::new(fleet, tuning, from), from)
    };
    by_name.into_iter().map(one).collect()
}

fn of_name(assignment: String, mut planned: Vec<Paced>, mut fleet: Virtual, from: Timestamp) -> HowLong {
    let resources = planned.iter().map(|one| one.resources.len()).sum();
    let (mut at, mut begun_now, mut waits, mut asked) = (from, 0, BTreeSet::new(), 0);
    loop {
        let mut next: Option<Timestamp> = None;
        let mut goes_on = false;
        for one in &mut planned {
            asked += 1;
            let windows: Vec<&ChangeWindow> = one.pacing.windows.iter().collect();
            let opens = Windows(&windows).open(at);
            let (why, until) = if opens > at {
                ("outsideWindow", Some(opens))
            } else {
                match fleet.begin(one, at) {
                    Ok(begun) => {
                        goes_on = true;
                        begun_now += if at == from { begun } else { 0 };
                        continue;
                    }
                    Err(Room::FirstSteps(until)) => ("firstSteps", until),
                    Err(Room::Pace(until)) => ("paceReached", Some(until)),
                    Err(Room::PolicyFails(until)) => ("policyFails", Some(until)),
                    Err(Room::Some(_) | Room::Unapproved | Room::ApprovalUsedUp) => continue,
                }
            };
            waits.insert(why);
            next = next.into_iter().chain(until).min();
        }
        planned.retain(|one| !one.resources.is_empty());
        let last = if planned.is_empty() { Some(at) } else { None };
        match next.filter(|next| *next > at) {
            _ if last.is_some() => return HowLong { assignment, resources, now: begun_now, last, waits },
            _ if goes_on && asked < MOST => {}
            Some(next) if asked < MOST => at = next,
            Some(_) | None => return HowLong { assignment, resources, now: begun_now, last: None, waits },
        }
    }
}

/// The document of a name in which tasks end at once.
struct Virtual {
    document: FleetDocument,
    rule: BreakerRule,
    /// Approvals are counted, whatever steps and paces say.
    counts_always: bool,
    tasks: u64,
}

impl Virtual {
    fn new(document: FleetDocument, tuning: &Tuning, at: Timestamp) -> Self {
        let counts_always = tuning.mode == Mode::Approve;
        let mut new = Self { document, rule: BreakerRule::of(tuning), counts_always, tasks: 0 };
        let running: Vec<_> =
            new.document.bookings.iter().map(|(task, booking)| (task.clone(), booking.resources.clone())).collect();
        running.into_iter().for_each(|(task, resources)| new.end(task, resources, at));
        new
    }

    /// Begins as much of it as there is room for, and ends it; how much that is.
    fn begin(&mut self, one: &mut Paced, at: Timestamp) -> Result<usize, Room> {
        let Pacing { asked, limits, .. } = &one.pacing;
        // Where nothing is counted, no breaker is asked.
        if limits.are_none() && !self.counts_always {
            return Ok(std::mem::take(&mut one.resources).len());
        }
        // Nobody foretells evaluations, nor approvals.
        let limits = Limits { verify: false, approvals: None, ..limits.clone() };
        let chosen = match room(&self.document, asked, &one.resources, &limits, at) {
            Room::Some(chosen) => chosen,
            full => return Err(full),
        };
        self.tasks += 1;
        let installation: InstallationId = "forecast".parse().map_err(|_| Room::Unapproved)?;
        let task = TaskName::new(&installation, &one.target, self.tasks);
        let (asked, resources) = (asked.clone(), chosen.clone());
        enter(&mut self.document, &Entry::Book(Box::new(Taken { task: task.clone(), asked, resources, limits })), at);
        let begun: BTreeSet<IdDigest> = chosen.iter().copied().collect();
        one.resources.retain(|id| !begun.contains(id));
        let count = chosen.len();
        self.end(task, chosen, at);
        Ok(count)
    }

    fn end(&mut self, task: TaskName, tried: Vec<IdDigest>, at: Timestamp) {
        let (fixed, fixes, given_back) = (tried.len(), Vec::new(), Vec::new());
        let unreported = Unreported { task, is_void: false, tried, given_back, fixed, failed: 0, fixes };
        enter(&mut self.document, &Entry::Report(unreported, self.rule), at);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::control::fleet::{Asked, Given};
    use crate::document::OpenBreaker;
    use crate::fixture::{now, target, tuning};
    use crate::id::ResourceId;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn digest(n: usize) -> IdDigest {
        let sub = crate::fixture::SUB;
        let id = format!("{sub}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s{n}");
        IdDigest::from(&id.parse::<ResourceId>().unwrap())
    }

    fn planned(count: usize, steps: &[u32], per_hour: Option<u32>, per_day: Option<u32>, window: &str) -> Vec<Paced> {
        let limits = Limits {
            steps: steps.to_vec(),
            soak: HOUR,
            verify: true,
            unverified_for: Duration::from_secs(8 * 86_400),
            per_hour,
            per_day,
            approvals: None,
        };
        let subscriptions = count.clamp(1, 4);
        let one = |place: usize| {
            let subscription = format!("00000000-0000-4000-8000-{place:012}").parse().unwrap();
            let (assignment, reference) = (target().policy_assignment_id, String::new());
            let asked =
                Asked { assignment, reference, subscription, policy: "Modify 1".to_owned(), terms: Given::default() };
            let windows = vec![ChangeWindow::parse(window).unwrap(), ChangeWindow::default()];
            let resources = (place..count).step_by(subscriptions).map(digest).collect();
            Paced { target: target().hash(), resources, pacing: Pacing { asked, limits: limits.clone(), windows } }
        };
        (0..subscriptions).map(one).collect()
    }

    fn told(
        planned: Vec<Paced>,
        known: &BTreeMap<String, FleetDocument>,
    ) -> (usize, usize, Option<Duration>, Vec<&'static str>) {
        let [one] = how_long(planned, known, &tuning(), now()).try_into().unwrap();
        let last = one.last.map(|last| Duration::try_from(last - now()).unwrap());
        (one.resources, one.now, last, one.waits.into_iter().collect())
    }

    #[test]
    fn it_is_as_long_as_the_steps_the_pace_and_the_windows_take() {
        let none = BTreeMap::new();
        assert!(how_long(planned(0, &[1], None, None, "always"), &none, &tuning(), now()).is_empty());
        let all = planned(500, &[], None, None, "always");
        assert_eq!(told(all, &none), (500, 500, Some(Duration::ZERO), vec![]));
        let steps = planned(500, &[1, 10, 100], None, None, "always");
        assert_eq!(told(steps, &none), (500, 1, Some(HOUR * 3), vec!["firstSteps"]));
        let (_, now_begun, last, waits) = told(planned(500, &[], None, Some(100), "always"), &none);
        assert_eq!((now_begun, waits), (100, vec!["paceReached"]));
        let last = last.unwrap();
        assert!(last >= HOUR * 96 && last < HOUR * 98, "four more days: {last:?}");
        // It is 07:00 on a Saturday.
        let (_, begun, last, waits) = told(planned(9, &[], Some(3), None, "08:00-09:30"), &none);
        assert_eq!((begun, waits), (0, vec!["outsideWindow", "paceReached"]));
        assert!(last.unwrap() >= HOUR * 25 && last.unwrap() < HOUR * 26, "{last:?}");
    }

    #[test]
    fn a_breaker_holds_only_what_is_counted() {
        let mut fleet = FleetDocument::new("a".to_owned());
        let until = now() + HOUR;
        let open = OpenBreaker { since: now(), until, failed: 9, of: 10, subscriptions: BTreeSet::new() };
        fleet.breakers.entry(String::new()).or_default().open = Some(open);
        let known = BTreeMap::from([(planned(1, &[], None, None, "always")[0].name().to_owned(), fleet)]);
        let begun = |per_day| told(planned(3, &[], None, per_day, "always"), &known).1;
        assert_eq!((begun(None), begun(Some(9))), (3, 0));
    }

    #[test]
    fn what_is_known_of_steps_counts_and_what_never_goes_is_told_as_such() {
        let all = || planned(3, &[1, 10], None, None, "always");
        let mut fleet = Virtual::new(FleetDocument::new("a".to_owned()), &tuning(), now());
        let mut first = all().remove(0);
        fleet.begin(&mut first, now() - HOUR).unwrap();
        let known = BTreeMap::from([("a".to_owned(), fleet.document)]);
        assert_eq!(told(all(), &known).1, 3, "its first step is over");
        let (_, begun, last, _) = told(planned(3, &[], Some(0), None, "always"), &BTreeMap::new());
        assert_eq!((begun, last), (0, None));
    }
}
