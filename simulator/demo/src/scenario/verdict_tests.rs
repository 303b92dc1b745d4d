use super::*;
use serde_json::json;

fn place(resource: &str, is: &str, reason: &str) -> Place {
    let (resource, is, reason) = (resource.to_owned(), is.to_owned(), reason.to_owned());
    Place { resource, assignment: "/s/tag".to_owned(), is, reason, ..Place::default() }
}

fn end() -> End {
    let call = |method: &str, address: &str, status| Call { method: method.into(), address: address.into(), status };
    End {
        places: vec![
            place("/s/st0", "fixed", ""),
            Place {
                hint: "az lock delete".to_owned(),
                words: "The scope is locked".to_owned(),
                class: "permanent".to_owned(),
                ..place("/s/st1", "parked", "permanentFailure")
            },
        ],
        parked_targets: 1,
        tasks: 3,
        deployments: vec![("/s/st0".to_owned(), 1), ("/s/st1".to_owned(), 2)],
        calls: vec![
            call("PUT", "/s/providers/microsoft.policyinsights/remediations/pr-a?api-version=x", Some(409)),
            call("GET", "/s/providers/microsoft.authorization/policyassignments?a=b", Some(200)),
        ],
        rejected: vec!["no JSON".to_owned()],
        log: vec![json!({ "event": "target_parked", "words": "Locked", "resources": 3 })],
        settled: true,
        ..End::default()
    }
}

fn expect(text: &str) -> Expect {
    serde_json::from_str(text).unwrap()
}

/// Whether each of them holds; those of the scenario itself left out.
fn judged(text: &str) -> Vec<bool> {
    let all = verdicts(&expect(text), &[], &end());
    all.iter().filter(|one| !one.of_the_scenario).map(|one| one.holds).collect()
}

#[test]
fn resources_are_as_told_in_every_some_or_no_case() {
    for (expected, holds) in [
        (r#"{"of":"ST0","is":["fixed"]}"#, true),
        (r#"{"is":["fixed"]}"#, false),
        (r#"{"is":["fixed","parked"]}"#, true),
        (r#"{"which":"some","is":["fixed"]}"#, true),
        (r#"{"which":"some","is":["waiting"]}"#, false),
        (r#"{"which":"none","is":["waiting"]}"#, true),
        (r#"{"which":"none","is":["parked"]}"#, false),
        (r#"{"of":"unknown"}"#, false),
        (r#"{"which":"none","of":"unknown"}"#, true),
        (r#"{"of":"st1","under":"TAG","reason":["permanentFailure"],"class":["permanent"]}"#, true),
        (r#"{"of":"st1","under":"diag","is":["parked"]}"#, false),
        (r#"{"of":"st1","reason":["missingPermission"]}"#, false),
        (r#"{"of":"st1","hintHas":["AZ LOCK","delete"],"wordsHave":["locked"]}"#, true),
        (r#"{"of":"st1","hintHas":["az lock","role"]}"#, false),
        (r#"{"of":"st1","targetIsParked":false}"#, true),
        (r#"{"of":"st1","targetIsParked":true}"#, false),
    ] {
        assert_eq!(judged(&format!(r#"{{"resources":[{expected}]}}"#)), [holds], "{expected}");
    }
}

#[test]
fn counts_hold_within_their_limits() {
    for (expected, holds) in [
        (r#"{"tasks":{"atMost":3,"atLeast":3}}"#, true),
        (r#"{"tasks":{"atMost":2}}"#, false),
        (r#"{"tasks":{"exactly":4}}"#, false),
        (r#"{"parkedTargets":{"atLeast":1}}"#, true),
        (r#"{"puts":{"exactly":1}}"#, true),
        (r#"{"rejected":{"exactly":0}}"#, false),
        (r#"{"deployments":[{"of":"st1","count":{"exactly":2}}]}"#, true),
        (r#"{"deployments":[{"of":"/s/","count":{"atMost":2}}]}"#, false),
        (r#"{"calls":[{"method":"get","path":"PolicyAssignments?","count":{"exactly":1}}]}"#, true),
        (r#"{"calls":[{"path":"remediations","status":409,"count":{"exactly":1}}]}"#, true),
        (r#"{"calls":[{"path":"remediations","status":201,"count":{"atLeast":1}}]}"#, false),
        (
            r#"{"log":[{"event":"target_parked","fields":{"words":"lock","resources":"3"},"count":{"exactly":1}}]}"#,
            true,
        ),
        (r#"{"log":[{"event":"target_parked","fields":{"hint":""},"count":{"atLeast":1}}]}"#, false),
        (r#"{"log":[{"event":"panic","count":{"exactly":0}}]}"#, true),
        (r#"{"settles":true}"#, true),
        (r#"{"settles":false}"#, false),
    ] {
        assert_eq!(judged(expected), [holds], "{expected}");
    }
}

#[test]
fn a_verdict_says_what_was_expected_and_what_was_found() {
    let expected = expect(r#"{"resources":[{"of":"st","is":["fixed"],"hintHas":["a","b"]}],"tasks":{"atMost":2}}"#);
    let all = verdicts(&expected, &[], &end());
    assert_eq!(all[0].what, "every resource of 'st': fixed, a hint with a and b");
    assert_eq!(all[0].found, "1 × fixed, 1 × parked permanentFailure permanent");
    assert_eq!((all[1].what.as_str(), all[1].found.as_str()), ("at most 2 tasks", "3"));
}

fn answer(text: &str) -> Answer {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_answer_that_was_never_given_a_step_that_failed_and_an_overlap_are_faults_of_the_scenario() {
    let (met, unmet) = (answer(r#"{"method":"PUT","path":"/a"}"#), answer(r#"{"name":"unmet"}"#));
    let spare = answer(r#"{"name":"spare","mayMiss":true}"#);
    let hits = [("met", 2), ("unmet", 0), ("spare", 0)].map(|(name, hits)| (name.to_owned(), hits));
    let acts = vec![("step 1: cancelTasks".to_owned(), Some("no task runs".to_owned()))];
    let bad = End { answers: hits.into(), acts, overlaps: 1, ..end() };
    let all = verdicts(&Expect::default(), &[&met, &unmet, &spare], &bad);
    let holds: Vec<(bool, &str)> = all.iter().map(|one| (one.holds, one.found.as_str())).collect();
    assert_eq!(holds, [(true, "2 times"), (false, "0 times"), (false, "no task runs"), (false, "1 times")]);
    assert!(all.iter().all(|one| one.of_the_scenario));
    assert!(all[0].what.contains("PUT /a"), "{}", all[0].what);
}

#[test]
fn a_mark_excuses_what_was_expected_of_the_worker_and_nothing_else() {
    let verdict =
        |holds, of_the_scenario| Verdict { what: String::new(), holds, found: String::new(), of_the_scenario };
    let (good, bad, broken) = (verdict(true, false), verdict(false, false), verdict(false, true));
    for (verdicts, unmarked, marked) in [
        (vec![good.clone()], Outcome::Right, Outcome::RightThoughMarked),
        (vec![good.clone(), bad.clone()], Outcome::Wrong, Outcome::WrongAsMarked),
        (vec![bad, broken.clone()], Outcome::Wrong, Outcome::Wrong),
        (vec![good, broken], Outcome::Wrong, Outcome::Wrong),
    ] {
        assert_eq!((Outcome::of(false, &verdicts), Outcome::of(true, &verdicts)), (unmarked, marked));
    }
}
