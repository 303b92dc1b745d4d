//! Which of the targets that no task remediates look at their facts again. Those are facts of the assignment: of all its targets in a
//! subscription one looks, once a day, and the others only where it found something else.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::{Noted, TargetSummary, UNKNOWN};
use crate::time::Timestamp;

/// A look that nobody took for so long is everybody's: whoever had the turn cannot be used, or is remediable by now.
const GRACE: Duration = Duration::from_secs(3_600);
/// Seconds after which it is another's turn.
const TURN: i64 = 900;
const DAY: i64 = 86_400;

/// Those of a page of the list that are to be woken for that. Where an assignment has targets on two pages, each page has one that looks.
#[must_use]
pub fn to_look(page: &[TargetSummary], now: Timestamp) -> Vec<&TargetSummary> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&TargetSummary, &Noted)>> = BTreeMap::new();
    for summary in page {
        let Some(noted) = &summary.noted else { continue };
        let subscription = summary.blob.rsplit_once('/').map_or("", |(folder, _)| folder);
        groups.entry((subscription, &noted.assignment)).or_default().push((summary, noted));
    }
    groups.values().flat_map(|group| of_group(group, now)).collect()
}

/// Those of one assignment in one subscription. Whoever could not read its facts says nothing of the others', and they say nothing of its:
/// it looks by itself, once a day as well.
fn of_group<'a>(group: &[(&'a TargetSummary, &'a Noted)], now: Timestamp) -> Vec<&'a TargetSummary> {
    let (known, alone): (Vec<_>, Vec<_>) = group.iter().copied().partition(|(_, noted)| noted.facts != UNKNOWN);
    let newest = known.iter().map(|(_, noted)| *noted).max_by_key(|noted| noted.looked_at);
    let look_at = known.iter().map(|(_, noted)| noted.look_at).max();
    let turn = turn_at(now, known.len());
    let is_to_look = |place: usize, noted: &Noted| {
        let is_its_turn = place == turn && look_at.is_some_and(|at| at <= now);
        let is_late = look_at.is_some_and(|at| at + GRACE <= now);
        is_its_turn || is_late || newest.is_some_and(|newest| noted.facts != newest.facts)
    };
    let due = known.iter().enumerate().filter(|(place, (_, noted))| is_to_look(*place, noted)).map(|(_, one)| *one);
    let by_itself = alone.iter().copied().filter(|(_, noted)| noted.look_at <= now);
    // Whoever has a wake-up comes by itself.
    due.chain(by_itself).map(|(summary, _)| summary).filter(|summary| summary.wake_at.is_none()).collect()
}

/// Whose turn it is. All look at one time of day, so another begins each day, too: else those of a group of four, say, never changed.
fn turn_at(now: Timestamp, count: usize) -> usize {
    let turns = now.unix_timestamp() / TURN + now.unix_timestamp() / DAY;
    usize::try_from(turns).unwrap_or_default() % count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashMap};

    const DAY: u64 = 86_400;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(20_000 * DAY)
    }

    #[test]
    fn who_cannot_read_its_facts_looks_once_a_day_and_keeps_nobody_from_it() {
        // The turns of a day would go round a group of four in whole.
        let mut page: Vec<_> = (0..4).map(|place| noted(place, 1, "a", "same", now())).collect();
        let unreadable = page[0].blob.clone();
        let mut looks = HashMap::<String, usize>::new();
        for sweep in 0..8 * 96 {
            let at = now() + Duration::from_secs(900 * sweep);
            let facts = if sweep < 4 * 96 { "same" } else { "after" };
            let woken: BTreeSet<_> = names(&page, at).into_iter().map(str::to_owned).collect();
            for blob in woken {
                let one = page.iter_mut().find(|one| one.blob == blob).unwrap();
                looked(one, if blob == unreadable { UNKNOWN } else { facts }, at);
                *looks.entry(blob).or_default() += 1;
            }
        }
        assert!(
            page.iter().filter(|one| one.blob != unreadable).all(|one| one.noted.as_ref().unwrap().facts == "after")
        );
        assert!(looks[&unreadable] <= 8, "{looks:?}");
        assert!(looks.values().sum::<usize>() <= 8 + 8 + 3, "{looks:?}");
        let turns: BTreeSet<_> = (0..4).map(|day| turn_at(now() + Duration::from_secs(DAY * day), 4)).collect();
        assert_eq!(turns.len(), 4);
    }

    /// One that looked a day ago and is to look at this time.
    fn noted(place: usize, subscription: u8, assignment: &str, facts: &str, look_at: Timestamp) -> TargetSummary {
        let (assignment, facts) = (assignment.to_owned(), facts.to_owned());
        let blob = format!("targets/{subscription}/{place:03}.json");
        let noted = Noted { assignment, facts, looked_at: look_at - Duration::from_secs(DAY), look_at };
        TargetSummary { noted: Some(noted), is_unsettled: false, ..TargetSummary::read(blob, &HashMap::new()) }
    }

    fn names(page: &[TargetSummary], now: Timestamp) -> Vec<&str> {
        to_look(page, now).into_iter().map(|summary| summary.blob.as_str()).collect()
    }

    /// What its pass writes when the facts are these.
    fn looked(summary: &mut TargetSummary, facts: &str, now: Timestamp) {
        let noted = summary.noted.as_mut().unwrap();
        (noted.facts, noted.looked_at, noted.look_at) = (facts.to_owned(), now, now + Duration::from_secs(DAY));
    }

    #[test]
    fn of_two_hundred_targets_of_an_assignment_one_looks_a_day() {
        let mut page: Vec<_> = (0..200).map(|place| noted(place, 1, "a", "same", now())).collect();
        page.extend((200..300).map(|place| noted(place, 1, "b", "same", now())));
        page.extend((0..50).map(|place| noted(place, 2, "a", "same", now())));
        let (mut looks, mut by) = (0, BTreeSet::new());
        for sweep in 0..5 * 96 {
            let at = now() + Duration::from_secs(900 * sweep);
            let woken: BTreeSet<_> = names(&page, at).into_iter().map(str::to_owned).collect();
            looks += woken.len();
            page.iter_mut().filter(|one| woken.contains(&one.blob)).for_each(|one| looked(one, "same", at));
            by.extend(woken);
        }
        assert_eq!(looks, 3 * 5, "three assignments, five days");
        assert!(by.len() > 3, "not always the same one");
        let early: Vec<_> = (0..9).map(|place| noted(place, 1, "a", "same", now() + Duration::from_secs(1))).collect();
        assert!(names(&early, now()).is_empty());
    }

    #[test]
    fn what_one_finds_otherwise_all_look_at() {
        let mut page: Vec<_> = (0..5).map(|place| noted(place, 1, "a", "before", now())).collect();
        page.push(noted(9, 1, "b", "before", now() + Duration::from_secs(DAY)));
        let first = names(&page, now())[0].to_owned();
        let at = now() + Duration::from_secs(900);
        page.iter_mut().filter(|one| one.blob == first).for_each(|one| looked(one, "after", at));
        let others = names(&page, at);
        assert_eq!((others.len(), others.contains(&first.as_str())), (4, false));
        // One is on its way already.
        let mut page = page.clone();
        page.iter_mut().filter(|one| one.blob != first).take(1).for_each(|one| one.wake_at = Some(at));
        assert_eq!(names(&page, at).len(), 3);
    }

    #[test]
    fn the_turn_goes_round_and_after_an_hour_all_look() {
        let page: Vec<_> = (0..5).map(|place| noted(place, 1, "a", "same", now())).collect();
        let of = |seconds| names(&page, now() + Duration::from_secs(seconds));
        assert_eq!((of(0).len(), of(900).len()), (1, 1));
        assert_ne!(of(0), of(900), "the first may be unreadable");
        assert_eq!(of(3_600).len(), 5);
    }
}
