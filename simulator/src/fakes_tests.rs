use super::*;
use serde_json::json;

fn fake(name: &str, path: &str, how: How) -> Fake {
    Fake { name: name.into(), method: None, path: path.into(), body: String::new(), times: None, how }
}

fn instead(status: u16) -> How {
    How::Instead(Answer { status, headers: Vec::new(), body: String::new() })
}

fn replace(from: &str, to: &str) -> How {
    How::Changed { replace: vec![(from.into(), to.into())], append: Vec::new() }
}

#[test]
fn an_answer_is_given_to_what_it_is_for_and_as_often_as_told() {
    let fakes = Fakes::new();
    let once = Fake { method: Some("put".into()), times: Some(1), ..fake("once", "/Remediations/", instead(409)) };
    fakes.add(once);
    fakes.add(Fake { body: "ReEvaluate".into(), ..fake("body", "a b?x=ü", instead(404)) });
    let status = |method, target, body: &str| fakes.instead(method, target, body.as_bytes()).map(|one| one.status);
    assert_eq!(status("GET", "/s/remediations/a", ""), None);
    assert_eq!(status("PUT", "/S/REMEDIATIONS/a", ""), Some(409));
    assert_eq!(status("PUT", "/s/remediations/a", ""), None, "it was for once");
    assert_eq!(status("POST", "/a%20b?x=%C3%9C", "{\"mode\":\"reevaluate\"}"), Some(404));
    assert_eq!(status("POST", "/a%20b?x=%C3%9C", "{}"), None);
    assert_eq!(fakes.hits(), [("once".to_owned(), 1), ("body".to_owned(), 1)]);
}

#[test]
fn a_change_counts_only_where_it_changed_something() {
    let fakes = Fakes::new();
    fakes.add(fake("text", "/states", replace("NonCompliant", "Error")));
    fakes.add(fake("list", "/states", How::Changed { replace: Vec::new(), append: vec![json!(2)] }));
    let own = |text: &str| fakes.changed("POST", "/states", b"", Bytes::from(text.to_owned()));
    assert_eq!(own(r#"{"value":["NonCompliant"]}"#), r#"{"value":["Error",2]}"#);
    assert_eq!(own(r#"{"value":[]}"#), r#"{"value":[2]}"#);
    assert_eq!(own("no list"), "no list");
    assert_eq!(fakes.hits(), [("text".to_owned(), 1), ("list".to_owned(), 2)]);
}

#[test]
fn what_is_given_up_is_not_answered_any_more_and_keeps_its_count() {
    let fakes = Fakes::new();
    fakes.add(fake("gone", "/", instead(404)));
    assert!(fakes.instead("GET", "/", b"").is_some());
    assert!(fakes.give_up("gone") && !fakes.give_up("unknown"));
    assert!(fakes.instead("GET", "/", b"").is_none());
    assert_eq!(fakes.hits(), [("gone".to_owned(), 1)]);
}
