//! Every form in which people have events ends as the same events; everything else is named.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{Captured, read_captured};

fn event(number: usize) -> Value {
    json!({ "id": number.to_string(), "eventType": "Microsoft.PolicyInsights.PolicyStateChanged", "data": { "name": "Zoë 🙂" } })
}

fn read(raw: &[u8]) -> anyhow::Result<Captured> {
    read_captured(raw)
}

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(raw).unwrap();
    packed.finish().unwrap()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Texts that hold the events 1 and 2.
fn texts() -> Vec<String> {
    let (one, two) = (event(1), event(2));
    let cloud = |number: usize| {
        let mut event = event(number);
        event["specversion"] = json!("1.0");
        event
    };
    vec![
        json!([one, two]).to_string(),
        serde_json::to_string_pretty(&json!([one, two])).unwrap(),
        format!("{one}\n{two}\n"),
        format!("{one}\r\n\r\n{two}\r\n"),
        format!("{:#}\n{:#}", one, two),
        format!("{one},\n{two},"),
        format!("{one}{two}"),
        format!("[{one}]\n[{two}]"),
        format!("\n\n  {one}\t{two}"),
        json!({ "value": [one, two] }).to_string(),
        json!({ "events": [one, two], "nextLink": null }).to_string(),
        json!({ "records": [one, two] }).to_string(),
        json!([{ "event": one }, { "event": two }]).to_string(),
        format!("{}\n{}", json!({ "event": one, "receivedAt": "x" }), json!({ "event": two })),
        json!([{ "body": one }, { "body": two.to_string() }]).to_string(),
        json!({ "body": json!([one, two]).to_string(), "messageId": "m" }).to_string(),
        json!([[one], [[two]]]).to_string(),
        json!([cloud(1), cloud(2)]).to_string(),
        json!({ "value": [{ "event": one }, two] }).to_string(),
    ]
}

#[test]
fn events_are_found_in_every_form_and_encoding_that_people_have_them_in() {
    for text in texts() {
        let mut marked = vec![0xef, 0xbb, 0xbf];
        marked.extend(text.as_bytes());
        let little = utf_16(&text, u16::to_le_bytes);
        let big = utf_16(&text, u16::to_be_bytes);
        let forms = [
            text.clone().into_bytes(),
            marked,
            [&[0xff, 0xfe][..], &little].concat(),
            [&[0xfe, 0xff][..], &big].concat(),
            gzip(text.as_bytes()),
            gzip(&[&[0xff, 0xfe][..], &little].concat()),
        ];
        for raw in forms {
            let captured = read(&raw).unwrap_or_else(|error| panic!("{error:#}: {text}"));
            let ids: Vec<_> = captured.events.iter().map(|event| event["id"].clone()).collect();
            assert_eq!(ids, ["1", "2"], "{text}");
            assert_eq!(captured.events[0]["data"], event(1)["data"], "{text}");
            assert_eq!(captured.refused, [], "{text}");
        }
    }
}

#[test]
fn what_is_no_event_costs_only_itself() {
    let state = json!({ "policyAssignmentId": "a", "complianceState": "NonCompliant" });
    let text = json!([event(1), 7, null, "words", [], state, { "properties": state }, event(2), { "operationName": 1, "caller": 2 }]);
    let captured = read(text.to_string().as_bytes()).unwrap();
    assert_eq!(captured.events.len(), 2);
    let entries: Vec<_> = captured.refused.iter().map(|one| one.entry).collect();
    assert_eq!(entries, [2, 3, 4, 5, 6, 8]);
    assert!(captured.refused[3].reason.contains("policy state"), "{captured:?}");
    assert!(captured.refused[5].reason.contains("activity log"), "{captured:?}");
    // A broken event is the worker's to judge.
    assert_eq!(read(b"{\"id\": 1}").unwrap().events, [json!({ "id": 1 })]);
}

#[test]
fn what_cannot_be_read_says_what_it_is_and_where() {
    let list = serde_json::to_string_pretty(&json!([event(1), event(2)])).unwrap();
    let cut = &list[..list.len() - 20];
    let lines = cut.lines().count();
    let broken = format!("{}\n{}\nno json\n", event(1), event(2));
    let packed = gzip(list.as_bytes());
    for (raw, words) in [
        (cut.as_bytes(), format!("line {lines}, column")),
        (cut.as_bytes(), "cut off".to_owned()),
        (broken.as_bytes(), "line 3, column 2".to_owned()),
        (b"[1,\n 2,\n oops]", "line 3".to_owned()),
        (b"", "empty".to_owned()),
        (b" \r\n ", "empty".to_owned()),
        (b"[]", "empty".to_owned()),
        (b"<!DOCTYPE html><html>", "HTML".to_owned()),
        (b"Obj\x01\x04\x14avro", "Avro".to_owned()),
        (b"PK\x03\x04rest", "zip".to_owned()),
        (&packed[..packed.len() / 2], "gzip".to_owned()),
        (b"{\"id\": \"\xff\"}", "byte 9".to_owned()),
        (b"\xff\xfe[\0]", "UTF-16".to_owned()),
        (b"7", "entry 1 is no JSON object".to_owned()),
        (b"[1,2,3,4,5,6,7]", "2 more".to_owned()),
    ] {
        let error = format!("{:#}", read(raw).expect_err(&words));
        assert!(error.contains(&words), "{error} lacks {words}");
    }
}
