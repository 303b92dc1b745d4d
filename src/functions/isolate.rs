//! Finds the one item that harms all that travel with it, and gives it up alone. What fails by a defect is handled again alone, at
//! once. What the worker dies of cannot be: so items that have come too often are marked while they are in hand, together; only
//! when such a mark is found again, left behind by a death, are they parted, first into fewer, then one by one. Storage or a queue
//! that does not serve is nobody's fault: the invocation fails, and nothing counts against an item (ADR 0006).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use remediation::time::Timestamp;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::blob::{CrashMark, StateError, crash_key};
use crate::functions::Failure;
use crate::host::{Envelope, Item};

use super::failed::Failed;
use super::rejection::reject;
use super::side_by_side::apart;

/// From this delivery on an item is marked while it is in hand.
const FROM_DELIVERY: u32 = 5;
/// So many items of a group that the worker died with are handled together again; fewer are handled one by one.
const FEW: usize = 32;
/// So many deaths of the worker that count against the item, and it is given up.
pub(super) const DEATHS: u32 = 2;
/// After this time a death says little of what is in hand.
const EARLY: Duration = Duration::from_secs(3);
/// Longest time for a mark, and its share of what is left: it helps to find a harmful item, and must hold up nothing.
const MARKING: Duration = Duration::from_secs(5);
const SHARE: u32 = 4;

/// How the items of a function are handled, so that each fails alone.
pub(super) struct Isolation<'a, H, G> {
    pub(super) app: &'a App,
    pub(super) function: &'static str,
    pub(super) deadline: Deadline,
    /// Handles items together and gives those that failed.
    pub(super) handle: H,
    /// Gives an item up, for this reason and after so many deaths.
    pub(super) give_up: G,
}

/// Handles the items of an invocation; one that is given up is rejected as a whole.
pub(super) async fn each_or_rejected<F>(
    app: &App,
    function: &'static str,
    envelope: &Envelope,
    deadline: Deadline,
    handle: impl Fn(Vec<Item>) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Vec<Failed>> + Send + 'static,
{
    let give_up = async |item: Item, reason, _| Ok(reject(app, function, reason, &item.body, deadline).await?);
    Isolation { app, function, deadline, handle, give_up }.run(envelope.items()?).await
}

/// Items that are handled together.
#[derive(Debug, PartialEq)]
struct Group {
    items: Vec<Item>,
    mark: CrashMark,
    /// Deaths that count against it, when it is a single item.
    deaths: u32,
    /// Whether the worker has died with them in hand, so that nothing else may be in hand beside them.
    suspected: bool,
}

impl<H, F, G, E> Isolation<'_, H, G>
where
    H: Fn(Vec<Item>) -> F,
    F: Future<Output = Vec<Failed>> + Send + 'static,
    G: Fn(Item, String, u32) -> E,
    E: Future<Output = Result<(), Failure>>,
{
    /// Handles all items, as far as the time is enough; whatever was not reached comes again.
    pub(super) async fn run(&self, items: Vec<Item>) -> Result<(), Failure> {
        let (often, seldom): (Vec<_>, Vec<_>) = items.into_iter().partition(|it| it.delivery_count >= FROM_DELIVERY);
        let mut outcome = Ok(());
        if !seldom.is_empty() {
            let _beside = self.app.alone.read().await;
            outcome = self.together(seldom).await;
        }
        if often.is_empty() { outcome } else { outcome.and(self.marked(often).await) }
    }

    /// Handles items that have come too often, in groups that are marked while they are in hand.
    async fn marked(&self, items: Vec<Item>) -> Result<(), Failure> {
        let items: Vec<_> = items.into_iter().map(|item| (crash_key(&item.body), item)).collect();
        let found = self.found_marks(&items).await;
        let mut ended = HashSet::new();
        let mut outcome = Ok(());
        let groups = groups(items, found.values(), crate::azure::now());
        let mut left: usize = groups.iter().map(|group| group.items.len()).sum();
        for group in groups {
            if self.deadline.has_passed() {
                outcome = outcome.and(Err(Failure::OutOfTime(left)));
                break;
            }
            left -= group.items.len();
            ended.extend(group.mark.keys.iter().cloned());
            outcome = outcome.and(self.group(group).await);
        }
        for (blob, mut mark) in found {
            let all = mark.keys.len();
            mark.keys.retain(|key| !ended.contains(key));
            if mark.keys.is_empty() {
                self.note(self.app.reconciler.store.clear_mark(&blob, self.marking()).await);
            } else if mark.keys.len() < all {
                self.note(self.app.reconciler.store.clear_mark(&blob, self.marking()).await);
                self.set(&mark).await;
            }
        }
        outcome
    }

    /// The marks that an earlier death has left behind for these items, by blob. One that cannot be used is taken away: it must
    /// stop nothing.
    async fn found_marks(&self, items: &[(String, Item)]) -> HashMap<String, CrashMark> {
        let store = &self.app.reconciler.store;
        let keys = items.iter().map(|(key, _)| key.clone()).collect();
        let mut usable = HashMap::new();
        match store.crash_marks(self.function, &keys, self.marking()).await {
            Err(error) => self.note(Err(error)),
            Ok(marks) => {
                for (blob, mark) in marks {
                    match mark {
                        Ok(mark) => drop(usable.insert(blob, mark)),
                        Err(error) => {
                            self.note(Err(error));
                            self.note(store.clear_mark(&blob, self.marking()).await);
                        }
                    }
                }
            }
        }
        usable
    }

    /// Handles one group, marked while it is in hand.
    async fn group(&self, group: Group) -> Result<(), Failure> {
        let Group { mut items, mark, deaths, suspected } = group;
        if deaths >= DEATHS && items.len() == 1 {
            let item = items.remove(0);
            let reason = format!(
                "the worker died {deaths} times while it handled only this item (delivery {})",
                item.delivery_count
            );
            (self.give_up)(item, reason, deaths).await?;
            self.note(self.app.reconciler.store.clear_mark(&mark.blob(self.function), self.marking()).await);
            return Ok(());
        }
        // What is suspected is in hand alone, of all that this process handles; else it would be charged with another's death.
        let waiting = async {
            match suspected {
                true => (Some(self.app.alone.write().await), None),
                false => (None, Some(self.app.alone.read().await)),
            }
        };
        let Ok(_alone) = timeout(self.deadline.left(), waiting).await else {
            return Err(Failure::OutOfTime(items.len()));
        };
        let blob = mark.blob(self.function);
        self.set(&mark).await;
        let mut work = pin!(self.together(items));
        let outcome = match timeout(EARLY, &mut work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let mark = mark.late();
                tokio::join!(work, self.set(&mark)).0
            }
        };
        self.note(self.app.reconciler.store.clear_mark(&blob, self.marking()).await);
        outcome
    }

    /// Handles items together; those that fail by a defect alone, once more each.
    async fn together(&self, items: Vec<Item>) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for Failed { failure, items } in self.handled(items).await {
            if !failure.is_of_the_item() {
                outcome = outcome.and(Err(failure));
                continue;
            }
            for item in items {
                outcome = outcome.and(self.once_more(item).await);
            }
        }
        outcome
    }

    async fn once_more(&self, item: Item) -> Result<(), Failure> {
        if self.deadline.has_passed() {
            return Err(Failure::OutOfTime(1));
        }
        let failures = self.handled(vec![item.clone()]).await.into_iter().map(|failed| failed.failure);
        let (own, others): (Vec<_>, Vec<_>) = failures.partition(Failure::is_of_the_item);
        if let Some(own) = own.first() {
            let reason = format!("failed by itself twice (delivery {}): {}", item.delivery_count, error_chain(own));
            return (self.give_up)(item, reason, DEATHS).await;
        }
        others.into_iter().next().map_or(Ok(()), Err)
    }

    async fn handled(&self, items: Vec<Item>) -> Vec<Failed> {
        let all = items.clone();
        match apart((self.handle)(items)).await {
            Ok(failed) => failed,
            Err(panic) => vec![Failed { failure: Failure::Defect(panic), items: all }],
        }
    }

    fn marking(&self) -> Deadline {
        self.deadline.within(MARKING.min(self.deadline.left() / SHARE))
    }

    async fn set(&self, mark: &CrashMark) {
        self.note(self.app.reconciler.store.set_mark(self.function, mark, self.marking()).await);
    }

    /// A mark that cannot be used holds up nothing.
    fn note(&self, result: Result<(), StateError>) {
        if let Err(error) = result {
            let reason = error_chain(&error);
            warn!(
                event = "mark_unusable",
                function = self.function,
                reason,
                "a crash mark cannot be used; it goes on without"
            );
        }
    }
}

/// Parts items by the smallest mark that holds them: those that no mark holds stay together, those of a large one are handled
/// few at a time, those of a small one alone, last.
fn groups<'a>(
    items: Vec<(String, Item)>,
    found: impl Iterator<Item = &'a CrashMark> + Clone,
    now: Timestamp,
) -> Vec<Group> {
    let (mut calm, mut many, mut few) = (Vec::new(), Vec::new(), Vec::new());
    for (key, item) in items {
        let smallest = found.clone().filter(|mark| mark.keys.contains(&key)).min_by_key(|mark| mark.keys.len());
        match smallest {
            None => calm.push((key, item)),
            Some(mark) if mark.keys.len() > FEW => many.push((key, item)),
            Some(mark) => few.push((key, item, Some(mark).filter(|mark| mark.keys.len() == 1))),
        }
    }
    let group = |some: &[(String, Item)], suspected| Group {
        mark: CrashMark::new(some.iter().map(|(key, _)| key.clone()).collect::<BTreeSet<_>>(), now),
        items: some.iter().map(|(_, item)| item.clone()).collect(),
        deaths: 0,
        suspected,
    };
    let alone = |(key, item, own): (String, Item, Option<&CrashMark>)| Group {
        items: vec![item],
        mark: CrashMark::alone(key, own, now),
        deaths: own.map_or(0, |mark| mark.deaths(now)),
        suspected: true,
    };
    let calm = Some(calm).filter(|calm| !calm.is_empty()).map(|calm| group(&calm, false));
    let many = many.chunks(FEW).map(|some| group(some, true));
    calm.into_iter().chain(many).chain(few.into_iter().map(alone)).collect()
}

#[cfg(test)]
#[path = "isolate_tests.rs"]
mod tests;
