//! Every form in which people have events ends as the same events; everything else is named.

use std::io::{Read, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{CapturedFile, Entries, Entry, Refusals};

fn event(number: usize) -> Value {
    json!({ "id": number.to_string(), "eventType": "Microsoft.PolicyInsights.PolicyStateChanged", "data": { "name": "Zoë 🙂" } })
}

/// What was read.
#[derive(Debug)]
struct Captured {
    events: Vec<Value>,
    refused: Vec<(usize, &'static str)>,
}

fn read(raw: &[u8]) -> anyhow::Result<Captured> {
    let (mut events, mut refused, mut refusals) = (Vec::new(), Vec::new(), Refusals::default());
    for (entry, found) in (1..).zip(Entries::of(std::io::Cursor::new(raw.to_vec()))?) {
        match found? {
            Entry::Event(event) => events.push(event),
            Entry::Refused(reason) => {
                refusals.add(entry, reason);
                refused.push((entry, reason));
            }
        }
    }
    refusals.judge(events.len())?;
    Ok(Captured { events, refused })
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
    let entries: Vec<_> = captured.refused.iter().map(|one| one.0).collect();
    assert_eq!(entries, [2, 3, 4, 5, 6, 8]);
    assert!(captured.refused[3].1.contains("policy state"), "{:?}", captured.refused);
    assert!(captured.refused[5].1.contains("activity log"), "{:?}", captured.refused);
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

/// Events without end, of which it counts the bytes that were asked for.
struct Endless {
    begin: &'static [u8],
    event: Vec<u8>,
    at: usize,
    given: Arc<AtomicUsize>,
}

impl Read for Endless {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let Some(begin) = self.begin.first() else {
            let rest = &self.event[self.at % self.event.len()..];
            let count = rest.len().min(room.len());
            room[..count].copy_from_slice(&rest[..count]);
            self.at += count;
            self.given.fetch_add(count, Ordering::Relaxed);
            return Ok(count);
        };
        room[0] = *begin;
        self.begin = &self.begin[1..];
        Ok(1)
    }
}

#[test]
fn a_file_without_end_is_read_no_further_than_its_events_are_wanted() {
    for begin in ["", "[", "{\"@odata.context\": \"x\", \"count\": [1], \"value\": [", "[[", "[{\"records\":["] {
        let given = Arc::new(AtomicUsize::new(0));
        let event = format!("{:#},\n", event(1)).into_bytes();
        let size = event.len();
        let endless = Endless { begin: begin.as_bytes(), event, at: 0, given: Arc::clone(&given) };
        let mut entries = Entries::of(endless).unwrap();
        for number in 1..3_000 {
            assert!(matches!(entries.next(), Some(Ok(Entry::Event(_)))), "{begin}");
            let ahead = given.load(Ordering::Relaxed) - number * size;
            assert!(ahead <= 2 << 16, "{begin}: {ahead} bytes are held after {number} events");
        }
    }
}

#[test]
fn a_string_without_end_is_given_up() {
    let endless = Endless { begin: b"[\n{\"id\": \"", event: vec![b'x'; 9_000], at: 0, given: Arc::default() };
    let error = Entries::of(endless).unwrap().next().unwrap().unwrap_err().to_string();
    assert_eq!(error, "what begins in line 2, column 1, is larger than 16 MiB");
}

#[test]
fn what_stands_beside_a_list_is_passed_over_and_what_follows_is_read() {
    let (one, two) = (event(1), event(2));
    for text in [
        format!("{{\"a\":{{\"value\":[7]}},\"value\":[{one}],\"next\":\"]}}\\\"\",\"n\":1e3}} {two}"),
        format!("{{\"value\" : [ {one} ] , \"records\" : [ {two} ] }}"),
        format!("[{{\"Value\":[{one}]}},{{\"value\":[[{two}]],\"x\":[1,{{}}]}}]"),
    ] {
        let captured = read(text.as_bytes()).unwrap_or_else(|error| panic!("{error:#}: {text}"));
        assert_eq!((captured.events, captured.refused), (vec![one.clone(), two.clone()], vec![]), "{text}");
    }
    // An event may have such members, too.
    let mut odd = event(3);
    odd["value"] = json!([7]);
    assert_eq!(read(odd.to_string().as_bytes()).unwrap().events, [odd]);
    for (text, words) in [
        (format!("{{\"value\":[{one}],\n \"next\": oops}}"), "line 2, column 10, is not JSON"),
        (format!("{{\"value\":[{one}],\n ]"), "line 2, column 2, is not JSON"),
        (format!("{{\"value\":[{one}],\n \"next\""), "line 2, column"),
        (format!("{{\"value\":[{one}],\n"), "cut off"),
        (format!("[{one}\n}}"), "line 2, column 1, is not JSON"),
        (format!("{one}\n]"), "line 2, column 1, is not JSON"),
    ] {
        let error = format!("{:#}", read(text.as_bytes()).map(|_| ()).expect_err(words));
        assert!(error.contains(words), "{error} lacks {words}: {text}");
    }
}

#[test]
fn a_file_is_read_more_than_once_and_only_as_far_as_it_went_when_it_was_opened() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(event(1).to_string().as_bytes()).unwrap();
    let captured = CapturedFile::open(file.path()).unwrap();
    file.write_all(event(2).to_string().as_bytes()).unwrap();
    for _ in 0..2 {
        let events: Vec<_> = captured.events().unwrap().map(Result::unwrap).collect();
        assert_eq!(events, [event(1)]);
    }
}
