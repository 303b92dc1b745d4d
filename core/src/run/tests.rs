//! Whole runs over answers that are made up: what is asked, what is sent, and that they end.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::document::{RunDocument, RunState, Work};
use crate::fixture::{SUB, now};
use crate::id::{RunScope, Target};
use crate::message::{BatchMessage, BatchRun, Continuation, Handover, Outgoing, RunOptions, Sighting};

const TERMS: Terms = Terms { escalate_above: 300, discovery: Discovery::Auto };
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";

fn subscription(n: usize) -> SubscriptionId {
    format!("086aecf4-23d6-4dfd-99a8-{n:012}").parse().unwrap()
}

fn assignment(name: &str) -> AssignmentId {
    format!("{GROUP}/providers/Microsoft.Authorization/policyAssignments/{name}").parse().unwrap()
}

fn run(scopes: &[&str]) -> BatchRun {
    let scopes = scopes.iter().map(|scope| scope.parse::<RunScope>().unwrap()).collect();
    BatchRun::over("run-1".parse().unwrap(), scopes)
}

fn begun(run: &BatchRun) -> RunDocument {
    let message = BatchMessage::Run(Box::new(run.clone()));
    let Reception::Begin(document) = receive(&message, None, Discovery::Auto, now()) else { panic!("not begun") };
    *document
}

fn rows<T>(rows: Vec<T>, next: Option<&str>) -> Rows<T> {
    Rows { rows, unreadable: 0, next: next.map(str::to_owned) }
}

fn counted(subscription_number: usize, name: &str, effect: &str, count: u64) -> CountedRow {
    let (subscription, effect) = (subscription(subscription_number), effect.to_owned());
    CountedRow { subscription, assignment: assignment(name), reference: None, effect, count }
}

fn listed(subscription_number: usize, name: &str, n: usize) -> ListedRow {
    let subscription = subscription(subscription_number);
    let resource =
        format!("/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a{n:04}");
    ListedRow {
        resource: resource.parse().unwrap(),
        assignment: assignment(name),
        reference: None,
        effect: "Modify".to_owned(),
        at: now() - Duration::from_secs(60),
    }
}

/// Takes the answers one after the other. What was sent.
fn play(document: &mut RunDocument, answers: impl IntoIterator<Item = Answer>) -> Vec<Outgoing> {
    let mut sent = Vec::new();
    for answer in answers {
        let step = advance(document, answer.clone(), TERMS, now());
        // After a crash before the write the same answer comes again: nothing is sent that the broker does not know.
        assert_eq!(advance(document, answer, TERMS, now()), step);
        sent.extend(step.send);
        *document = step.document;
    }
    sent
}

fn handed_over(sent: &[Outgoing]) -> Vec<Handover> {
    let read = |message: &Outgoing| match Sighting::read(&message.body).unwrap() {
        Sighting::Scope(handover) => Some(handover),
        Sighting::Resource(_) => None,
    };
    sent.iter().filter_map(read).collect()
}

#[test]
fn a_management_group_is_counted_by_one_query_and_only_what_is_not_handed_over_is_listed() {
    let mut document = begun(&run(&[GROUP]));
    assert!(matches!(question(&document), Some(Question::Descendants(_, None))));
    let below = |n: usize, next| Answer::Descendants(rows(vec![subscription(n)], next));
    play(&mut document, [below(1, Some("more")), below(2, None)]);
    let Some(Question::Counts(place, _, None)) = question(&document) else { panic!("{:?}", question(&document)) };
    assert!(matches!(place, crate::document::Place::Group { subscriptions, .. } if subscriptions.len() == 2));
    let sent = play(
        &mut document,
        [Answer::Counts(rows(
            vec![counted(1, "a", "Modify", 301), counted(2, "a", "modify", 300), counted(1, "b", "audit", 7)],
            None,
        ))],
    );
    let target = Target::within(&subscription(1), assignment("a"), None);
    assert_eq!(handed_over(&sent).iter().map(|it| (&it.target, it.count)).collect::<Vec<_>>(), [(&target, 301)]);
    let Some(Question::Resources(_, filter, None)) = question(&document) else { panic!() };
    assert_eq!(filter.effects, BTreeSet::from(["Modify".to_owned(), "modify".to_owned()]));
    assert_eq!(filter.but.iter().map(|but| &but.target).collect::<Vec<_>>(), [&target]);
    let page = |range: std::ops::Range<usize>, next| {
        let mut found: Vec<_> = range.map(|n| listed(2, "a", n)).collect();
        found.push(listed(1, "a", 1));
        Answer::Resources(rows(found, next))
    };
    let sent = play(&mut document, [page(0..200, Some("more")), page(200..300, None)]);
    assert_eq!((sent.len(), handed_over(&sent).len()), (300, 0), "what was handed over is not sent one by one");
    assert_eq!((document.state(), question(&document)), (RunState::Done, None));
    let totals = document.totals;
    assert_eq!((totals.subscriptions, totals.targets, totals.resources, totals.sent), (2, 2, 601, 300));
    assert_eq!((totals.handed_over, totals.not_remediable, totals.questions), (1, 7, 5));
}

#[test]
fn a_run_is_about_what_it_names_and_takes_no_more_of_a_target_than_it_says() {
    let mut asked = run(&[SUB]);
    asked.assignments = crate::settings::AssignmentPatterns::of(vec!["a".to_owned()]).unwrap();
    asked.options = RunOptions { resource_count: Some(2), ..RunOptions::default() };
    let mut document = begun(&asked);
    let counts = vec![counted(1, "a", "Modify", 5), counted(1, "b", "Modify", 900)];
    let sent = play(&mut document, [Answer::Counts(rows(counts, None))]);
    assert_eq!((sent.len(), document.so_far().not_asked), (0, 900));
    let all = (0..5).map(|n| listed(1, "a", n)).chain((0..5).map(|n| listed(1, "b", n))).collect();
    let sent = play(&mut document, [Answer::Resources(rows(all, None))]);
    assert_eq!((sent.len(), document.totals.sent), (2, 2));
}

fn limited(scopes: &[&str], most: u32) -> RunDocument {
    let options = RunOptions { resource_count: Some(most), ..RunOptions::default() };
    begun(&BatchRun { options, ..run(scopes) })
}

#[test]
fn no_more_of_a_target_is_sent_than_the_run_says_over_all_places_and_however_often_a_list_begins_anew() {
    let groups: Vec<String> = (0..20).map(|n| format!("{SUB}/resourceGroups/rg{n}")).collect();
    let mut document = limited(&groups.iter().map(String::as_str).collect::<Vec<_>>(), 10);
    let mut sent = Vec::new();
    while !document.work.is_empty() {
        let counts = Answer::Counts(rows(vec![counted(1, "a", "Modify", 12)], None));
        let list = |next| Answer::Resources(rows((0..6).map(|n| listed(1, "a", n)).collect(), next));
        sent.extend(play(
            &mut document,
            [counts, list(Some("more")), Answer::Refused("gone".to_owned()), list(Some("more")), list(None)],
        ));
    }
    assert_eq!((sent.len(), document.totals.sent), (10, 10));
    // A place that is split is counted anew.
    let mut document = limited(&[GROUP], 10);
    let counts = || Answer::Counts(rows(vec![counted(1, "a", "Modify", 12)], None));
    let list =
        |range: std::ops::Range<usize>| Answer::Resources(rows(range.map(|n| listed(1, "a", n)).collect(), None));
    let first = Answer::Resources(rows((0..6).map(|n| listed(1, "a", n)).collect(), Some("more")));
    let below = Answer::Descendants(rows(vec![subscription(1)], None));
    let no = || Answer::Refused("no".to_owned());
    let sent = play(&mut document, [below, counts(), first, no(), no(), counts(), list(0..12)]);
    assert_eq!((sent.len(), document.totals.sent, document.state()), (10, 10, RunState::Done));
}

#[test]
fn a_list_that_begins_anew_goes_on_with_what_it_has_not_sent() {
    let mut document = limited(&[SUB], 10);
    let counts = Answer::Counts(rows(vec![counted(1, "a", "Modify", 12)], None));
    let page =
        |range: std::ops::Range<usize>, next| Answer::Resources(rows(range.map(|n| listed(1, "a", n)).collect(), next));
    let gone = || Answer::Refused("gone".to_owned());
    let answers = [
        counts,
        page(0..6, Some("1")),
        gone(),
        page(0..4, Some("2")),
        gone(),
        page(0..6, Some("3")),
        page(6..12, None),
    ];
    let sent = play(&mut document, answers);
    let distinct: std::collections::BTreeSet<_> = sent.iter().map(|message| message.id.to_string()).collect();
    assert_eq!((distinct.len(), document.totals.sent, document.state()), (10, 10, RunState::Done));
}

#[test]
fn what_a_limited_run_hands_over_is_not_sent_one_by_one_by_another_place_nor_the_other_way_round() {
    let group = format!("{SUB}/resourceGroups/rg");
    let below = || Answer::Descendants(rows(vec![subscription(1)], None));
    let counts = |count| Answer::Counts(rows(vec![counted(1, "a", "Modify", count)], None));
    let list = || Answer::Resources(rows((0..12).map(|n| listed(1, "a", n)).collect(), None));
    let mut document = limited(&[group.as_str(), GROUP], 10);
    assert!(matches!(question(&document), Some(Question::Descendants(..))), "the widest is first");
    let sent = play(&mut document, [below(), counts(900), counts(200)]);
    assert_eq!((sent.len(), handed_over(&sent).len(), document.state()), (1, 1, RunState::Done));
    assert_eq!((document.totals.handed_over, document.totals.sent), (1, 0));
    // The list of a group, which another target needs, names what the subscription has handed over.
    let mut document = limited(&[group.as_str(), GROUP], 10);
    let both = Answer::Counts(rows(vec![counted(1, "a", "Modify", 200), counted(1, "b", "Modify", 3)], None));
    let named = (0..3).flat_map(|n| [listed(1, "a", n), listed(1, "b", n)]).collect();
    let sent = play(&mut document, [below(), counts(900), both, Answer::Resources(rows(named, None))]);
    assert_eq!((sent.len(), handed_over(&sent).len(), document.totals.sent), (4, 1, 3));
    // What is more by the time that another place is counted was sent all the same.
    let mut document = limited(&[GROUP, "/providers/Microsoft.Management/managementGroups/below"], 10);
    let sent = play(&mut document, [below(), counts(200), list(), below(), counts(900), list()]);
    assert_eq!((sent.len(), handed_over(&sent).len(), document.state()), (10, 0, RunState::Done));
    // Subscriptions come before groups, too.
    let document = limited(&[&format!("/subscriptions/{}/resourceGroups/rg", subscription(7)), SUB], 10);
    let Some(Question::Counts(crate::document::Place::Scope { scope }, ..)) = question(&document) else { panic!() };
    assert!(scope.is_whole_subscription());
}

#[test]
fn only_what_lies_in_the_place_as_a_whole_is_handed_over_as_a_whole() {
    let mut document = begun(&run(&[&format!("{SUB}/resourceGroups/rg")]));
    let sent = play(&mut document, [Answer::Counts(rows(vec![counted(1, "a", "Modify", 900)], None))]);
    assert!(sent.is_empty() && matches!(question(&document), Some(Question::Resources(..))));
}

#[test]
fn a_dry_run_sends_nothing_and_names_what_it_found() {
    let mut document = begun(&BatchRun { dry_run: true, ..run(&[SUB]) });
    let counts = vec![counted(1, "a", "Modify", 5), counted(1, "b", "Modify", 900)];
    let sent = play(&mut document, [Answer::Counts(rows(counts, None))]);
    assert_eq!((sent.len(), document.state()), (0, RunState::Done));
    assert_eq!(
        document.targets.iter().map(|it| (it.count, it.handed_over)).collect::<Vec<_>>(),
        [(5, false), (900, true)]
    );
}

#[test]
fn a_dry_run_names_a_target_once_however_often_it_is_counted() {
    let mut document = begun(&BatchRun { dry_run: true, ..run(&[GROUP]) });
    let below = Answer::Descendants(rows(vec![subscription(1), subscription(2)], None));
    let no = || Answer::Refused("no".to_owned());
    let page = |n: usize, targets: usize, next| {
        Answer::Counts(rows((0..targets).map(|it| counted(n, &format!("a{it}"), "Modify", 5)).collect(), next))
    };
    // Begun anew twice, then split.
    play(&mut document, [below, page(1, 400, Some("more")), page(2, 300, Some("even more")), no()]);
    assert_eq!((document.targets.len(), document.more_targets), (0, 0));
    play(&mut document, [page(1, 400, Some("more")), no(), page(1, 400, Some("more")), no()]);
    play(&mut document, [page(1, 400, None), page(2, 300, Some("more")), no(), page(2, 300, None)]);
    assert_eq!((document.state(), document.totals.targets), (RunState::Done, 700));
    assert_eq!((document.targets.len(), document.more_targets), (500, 200));
    let named: BTreeSet<_> = document.targets.iter().map(|it| it.target.hash()).collect();
    assert_eq!(named.len(), 500);
}

#[test]
fn what_resource_graph_does_not_show_is_asked_one_by_one() {
    let scopes: Vec<String> = (0..30).map(|n| format!("/subscriptions/{}", subscription(n))).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let mut document = begun(&run(&scopes));
    assert!(matches!(question(&document), Some(Question::Visible(asked)) if asked.len() == 30));
    let mut refused = document.clone();
    play(&mut document, [Answer::Visible((0..28).map(subscription).collect())]);
    assert_eq!(document.work.len(), 3, "{:?}", document.work);
    play(&mut refused, [Answer::Refused("no".to_owned())]);
    assert_eq!((refused.work.len(), refused.troubles.len()), (30, 0));
    let mut alone = begun(&BatchRun { discovery: Some(Discovery::ResourceGraph), ..run(&scopes) });
    play(&mut alone, [Answer::Visible((0..28).map(subscription).collect())]);
    assert_eq!((alone.work.len(), alone.troubles.len()), (1, 2));
    // What is too much for one question is asked in halves.
    play(&mut alone, [Answer::Refused("too large".to_owned())]);
    assert_eq!(alone.work.len(), 2);
}

#[test]
fn what_is_refused_is_asked_in_smaller_parts_and_noted_when_there_are_none() {
    let mut document = begun(&run(&[GROUP]));
    let below = Answer::Descendants(rows(vec![subscription(1), subscription(2)], None));
    let no = || Answer::Refused("no".to_owned());
    play(&mut document, [below, no()]);
    assert_eq!(document.work.len(), 2, "each subscription by itself");
    play(&mut document, [no(), Answer::Counts(rows(Vec::new(), None))]);
    assert_eq!((document.state(), document.troubles.len()), (RunState::Incomplete, 1));
    assert_eq!((document.troubles[0].words.as_str(), document.totals.subscriptions), ("no", 1));
    // A link that leads nowhere any more: from the beginning, and nothing counts twice.
    let mut again = begun(&run(&[SUB]));
    let page = |next| Answer::Counts(rows(vec![counted(1, "a", "Modify", 400)], next));
    let sent = play(&mut again, [page(Some("more")), no(), page(None)]);
    assert_eq!((sent.len(), sent[0].id == sent[1].id), (2, true), "the broker drops the second");
    assert_eq!((again.totals.resources, again.totals.handed_over), (400, 1));
}

#[test]
fn a_page_that_leads_to_itself_is_refused_and_a_circle_of_pages_ends() {
    let mut document = begun(&run(&[SUB]));
    let page = |next| Answer::Counts(rows(vec![counted(1, "a", "Modify", 400)], next));
    let mut sent = play(&mut document, [page(Some("one")), page(Some("one"))]);
    let Some(Question::Counts(_, _, None)) = question(&document) else { panic!("it begins anew") };
    for _ in 0..2 {
        sent.extend(play(&mut document, [page(Some("one")), page(Some("one"))]));
    }
    assert_eq!((document.state(), document.troubles.len(), sent.len()), (RunState::Incomplete, 1, 3));
    assert!(document.troubles[0].words.contains("leads back"), "{:?}", document.troubles);
    // Round and round: however many pages, of a place there are only so many.
    for scope in [GROUP, SUB] {
        let mut document = begun(&run(&[scope]));
        let mut steps = 0;
        while let Some(asked) = question(&document) {
            steps += 1;
            assert!(steps < 100, "it goes on and on: {:?}", document.work);
            let next = Some(if steps % 2 == 0 { "one" } else { "other" });
            let answer = match asked {
                Question::Descendants(..) => Answer::Descendants(rows(Vec::new(), next)),
                _ => page(next),
            };
            play(&mut document, [answer]);
            // As after very many more.
            match document.work.first_mut() {
                Some(Work::Expand { pages, .. }) => *pages += pages::MOST / 4,
                Some(Work::Count { found, .. }) => found.sums.questions += pages::MOST / 4,
                Some(_) | None => {}
            }
        }
        assert_eq!((document.state(), document.troubles.len()), (RunState::Incomplete, 1));
    }
}

#[test]
fn a_service_that_wants_to_be_left_alone_is_until_it_says_and_not_for_ever() {
    let mut document = begun(&run(&[SUB]));
    let until = now() + Duration::from_secs(17);
    let step = advance(&document, Answer::Unanswered("busy".to_owned(), Some(until)), TERMS, now());
    assert_eq!((step.wait_until, step.document.tries), (Some(until), 0));
    let late = now() + Duration::from_secs(25 * 3_600);
    let step = advance(&step.document, Answer::Unanswered("busy".to_owned(), Some(late)), TERMS, late);
    assert_eq!((step.wait_until, step.document.state()), (None, RunState::Incomplete));
    let mut tries = 0;
    while document.ended_at.is_none() {
        tries += 1;
        document = advance(&document, Answer::Unanswered("lost".to_owned(), None), TERMS, now()).document;
    }
    assert_eq!((tries, document.troubles.len()), (8, 1));
}

#[test]
fn the_same_run_twice_is_one_and_another_of_its_name_is_told_so() {
    let asked = run(&[SUB]);
    let mut document = begun(&asked);
    let message = BatchMessage::Run(Box::new(asked.clone()));
    let meets =
        |message: &BatchMessage, document: &RunDocument| receive(message, Some(document), Discovery::Auto, now());
    assert_eq!(meets(&message, &document), Reception::GoOn(Box::new(document.clone())), "its owner may have died");
    let returned = BatchMessage::Run(Box::new(asked.clone().returned()));
    assert!(matches!(meets(&returned, &document), Reception::GoOn(_)));
    let other = BatchMessage::Run(Box::new(BatchRun { dry_run: true, ..asked }));
    assert!(matches!(meets(&other, &document), Reception::Reject(words) if words.contains("another runId")));
    let (resting, later) = put_off(&document, now() + Duration::from_secs(60));
    assert_eq!(meets(&message, &resting), Reception::Later(later.clone()), "sent already");
    let continuation = |generation| BatchMessage::Continuation(Continuation::new("run-1".parse().unwrap(), generation));
    assert_eq!(meets(&continuation(0), &resting), Reception::Later(later), "it may have been lost with its sender");
    assert!(matches!(meets(&continuation(1), &resting), Reception::GoOn(_)));
    assert_eq!(receive(&continuation(1), None, Discovery::Auto, now()), Reception::Nothing("unknown"));
    document.ended_at = Some(now());
    for message in [message, continuation(0)] {
        assert_eq!(meets(&message, &document), Reception::Nothing("ended"));
    }
}

#[test]
fn a_run_whose_message_is_overdue_or_whose_owner_is_gone_is_stranded() {
    let document = begun(&run(&[SUB]));
    let summary =
        |document: &RunDocument| crate::document::RunSummary::read("runs/run-1.json", &document.metadata()).unwrap();
    let (slack, later) = (Duration::from_secs(600), now() + Duration::from_secs(601));
    assert!(!is_stranded(&summary(&document), slack, now()) && is_stranded(&summary(&document), slack, later));
    let (resting, _) = put_off(&document, later);
    assert!(!is_stranded(&summary(&resting), slack, later));
    let mut ended = resting;
    ended.ended_at = Some(now());
    assert!(!is_stranded(&summary(&ended), slack, later + Duration::from_secs(3_600)));
}

#[test]
fn a_run_that_is_woken_and_dies_again_and_again_goes_past_the_place_and_ends() {
    let later = |hours: u32| now() + hours * Duration::from_secs(3_600);
    let mut document = begun(&run(&[SUB, &format!("/subscriptions/{}", subscription(7))]));
    let first = document.work[0].clone();
    for hour in 1..=3 {
        document = take(&put_off(&wake(&document, later(hour)), later(hour)).0).expect("it is written");
        assert_eq!((document.woken, document.work[0] == first, document.progress_at), (hour, true, later(1)));
        assert_eq!(take(&document), None, "once a waking");
    }
    document = wake(&document, later(4));
    assert_eq!((document.work.len(), document.troubles.len(), document.ended_at), (1, 1, None));
    // The next is given up as soon as nobody goes on with it either, until something is found.
    let found = advance(&document, Answer::Counts(rows(Vec::new(), None)), TERMS, later(5)).document;
    assert_eq!((found.woken, found.state()), (0, RunState::Incomplete));
    let ended = wake(&take(&document).expect("it is written"), later(5));
    assert_eq!((ended.troubles.len(), ended.ended_at), (2, Some(later(5))));
    assert_eq!(ended.troubles[1].scope, SUB);
}

#[test]
fn what_only_waits_for_its_turn_or_for_a_service_is_not_given_up_however_often_it_is_woken() {
    let mut document = wake(&begun(&run(&[SUB])), now());
    for _ in 0..9 {
        document = wake(&put_off(&document, now()).0, now());
        let taken = take(&document).expect("it is written");
        document = wake(&lay_down(&taken).expect("it is written"), now());
        document = put_off(&take(&document).expect("it is written"), now()).0;
    }
    assert_eq!((document.woken, document.troubles.len(), document.work.len()), (1, 0, 1));
}

fn answers() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0..10_u8, 1..60)
}

proptest! {
    /// Whatever is answered, a run ends, and what it told in all is never more than what it asked for.
    #[test]
    fn a_run_ends_whatever_is_answered(kinds in answers(), group in any::<bool>(), many in any::<bool>()) {
        let scopes: Vec<String> = if many {
            (0..25).map(|n| format!("/subscriptions/{}", subscription(n))).collect()
        } else {
            vec![if group { GROUP.to_owned() } else { SUB.to_owned() }]
        };
        let mut document = begun(&run(&scopes.iter().map(String::as_str).collect::<Vec<_>>()));
        let mut at = now();
        for step in 0.. {
            prop_assert!(step < 3_000, "it goes on and on: {:?}", document.work);
            let Some(asked) = question(&document) else { break };
            let kind = kinds[step % kinds.len()];
            let next = (kind == 0 && step < 60).then_some("more");
            let answer = match (kind, asked) {
                (8, _) => Answer::Refused("no".to_owned()),
                (9, _) => Answer::Unanswered("lost".to_owned(), (step % 2 == 0).then_some(at + Duration::from_secs(9))),
                (_, Question::Descendants(..)) => {
                    Answer::Descendants(rows((0..3).map(subscription).collect(), next))
                }
                (_, Question::Visible(asked)) => Answer::Visible(asked.into_iter().skip(usize::from(kind)).collect()),
                (_, Question::Counts(..)) => {
                    Answer::Counts(rows(vec![counted(1, "a", "modify", u64::from(kind) * 100)], next))
                }
                (_, Question::Resources(..)) => Answer::Resources(rows(vec![listed(1, "a", step)], next)),
            };
            let taken = advance(&document, answer, TERMS, at);
            at = taken.wait_until.unwrap_or(at + Duration::from_secs(1));
            document = taken.document;
            let text = serde_json::to_string(&document).unwrap();
            prop_assert_eq!(&serde_json::from_str::<RunDocument>(&text).unwrap(), &document);
        }
        prop_assert!(document.ended_at.is_some());
    }
}
