//! The inputs, with what must be said of each.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// An input.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    /// None: there is no such file.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) by_stdin: bool,
    pub(super) code: i32,
    pub(super) words: &'static [&'static str],
}

const SUBSCRIPTION: &str = "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2";
const TWO: &[&str] = &["events 2"];

fn event(number: usize) -> Value {
    let policy = |kind: &str| format!("{SUBSCRIPTION}/providers/microsoft.authorization/{kind}/inherit-tag");
    json!({
        "id": format!("id-{number}"),
        "topic": SUBSCRIPTION,
        "subject": format!("{SUBSCRIPTION}/resourceGroups/Zoë/providers/Microsoft.Storage/storageAccounts/st{number}"),
        "data": {
            "timestamp": "2026-03-27T18:37:42.4496956Z",
            "policyAssignmentId": policy("policyassignments"),
            "policyDefinitionId": policy("policydefinitions"),
            "policyDefinitionReferenceId": "",
            "complianceState": "NonCompliant",
        },
        "eventType": "Microsoft.PolicyInsights.PolicyStateChanged",
        "eventTime": "2026-03-27T18:37:42Z",
        "dataVersion": "1",
    })
}

fn cloud(number: usize) -> Value {
    let grid = event(number);
    json!({
        "id": grid["id"], "source": SUBSCRIPTION, "subject": grid["subject"], "specversion": "1.0",
        "type": "Microsoft.PolicyInsights.PolicyStateCreated", "time": grid["eventTime"], "data": grid["data"],
    })
}

/// The event with a member of its data set to something else.
fn with(mut event: Value, name: &str, value: Value) -> Value {
    event["data"][name] = value;
    event
}

fn without(mut event: Value, name: &str) -> Value {
    event.as_object_mut().unwrap().remove(name);
    event
}

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(raw).unwrap();
    packed.finish().unwrap()
}

fn utf_16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

fn read(name: &'static str, text: impl Into<Vec<u8>>, words: &'static [&'static str]) -> Case {
    Case { name, file: "captured.json", bytes: Some(text.into()), by_stdin: false, code: 0, words }
}

fn refused(name: &'static str, text: impl Into<Vec<u8>>, words: &'static [&'static str]) -> Case {
    Case { code: 1, ..read(name, text, words) }
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = forms();
    all.extend(encodings());
    all.extend(mixtures());
    all.extend(unreadable());
    all.extend(nothing_useful());
    all
}

/// How events stand in a file.
fn forms() -> Vec<Case> {
    let (one, two) = (event(1), event(2));
    let list = json!([one, two]);
    vec![
        read("a list", list.to_string(), TWO),
        read("a list, pretty", format!("{list:#}"), TWO),
        read("a single event", one.to_string(), &["events 1"]),
        read("an event a line", format!("{one}\n{two}\n"), TWO),
        read("the same with CRLF and blank lines", format!("\r\n{one}\r\n\r\n{two}\r\n \r\n"), TWO),
        read("pretty objects in a row", format!("{one:#}\n{two:#}\n"), TWO),
        read("objects with commas between, and one at the end", format!("{one},\n{two},\n"), TWO),
        read("objects with nothing between", format!("{one}{two}"), TWO),
        read("a list a line", format!("[{one}]\n[{two}]\n"), TWO),
        read("lists in lists", json!([[one], [[two]]]).to_string(), TWO),
        read("`{\"value\": […]}`", json!({ "value": list, "nextLink": null }).to_string(), TWO),
        read("`{\"events\": […]}`", json!({ "events": list }).to_string(), TWO),
        read("`{\"records\": […]}`", json!({ "records": list }).to_string(), TWO),
        read("`{\"event\": {…}}`, in a list", json!([{ "event": one }, { "event": two }]).to_string(), TWO),
        read(
            "`{\"event\": {…}}`, one a line",
            format!("{}\n{}", json!({ "event": one, "at": 1 }), json!({ "event": two })),
            TWO,
        ),
        read(
            "messages whose `body` is an event",
            json!([{ "body": one, "messageId": "m" }, { "body": two }]).to_string(),
            TWO,
        ),
        read(
            "messages whose `body` is text",
            json!([{ "body": one.to_string() }, { "body": two.to_string() }]).to_string(),
            TWO,
        ),
        read("messages whose `Body` is base64", json!({ "Body": STANDARD.encode(list.to_string()) }).to_string(), TWO),
        Case { by_stdin: true, ..read("the standard input (`-`)", list.to_string(), TWO) },
    ]
}

/// How they are written down.
fn encodings() -> Vec<Case> {
    let text = json!([event(1), event(2)]).to_string();
    let mut in_data_text = event(1);
    in_data_text["data"] = json!(event(1)["data"].to_string());
    let mut in_base64 = without(cloud(2), "data");
    in_base64["data_base64"] = json!(STANDARD.encode(event(2)["data"].to_string()));
    vec![
        read("UTF-8 with a byte order mark", format!("\u{feff}{text}"), TWO),
        read("UTF-16 LE, as PowerShell writes it", utf_16(&text, true, u16::to_le_bytes), TWO),
        read("UTF-16 BE", utf_16(&text, true, u16::to_be_bytes), TWO),
        read("UTF-16 LE without a mark", utf_16(&text, false, u16::to_le_bytes), TWO),
        read("gzip", gzip(text.as_bytes()), TWO),
        read("gzip in two parts", [gzip(&text.as_bytes()[..90]), gzip(&text.as_bytes()[90..])].concat(), TWO),
        read("gzip of UTF-16", gzip(&utf_16(&text, true, u16::to_le_bytes)), TWO),
        read("CloudEvents", json!([cloud(1), cloud(2)]).to_string(), TWO),
        read("both schemas", json!([cloud(1), event(2)]).to_string(), TWO),
        read("`data` as JSON text", json!([in_data_text, event(2)]).to_string(), TWO),
        read("`data_base64`", json!([event(1), in_base64]).to_string(), TWO),
    ]
}

/// Good events among others.
fn mixtures() -> Vec<Case> {
    let (one, two) = (event(1), event(2));
    let state = json!({ "policyAssignmentId": "/a", "complianceState": "NonCompliant" });
    let activity = json!({ "operationName": "x", "caller": "c", "eventTimestamp": "2026-01-01T00:00:00Z" });
    let foreign =
        json!({ "id": "1", "subject": "s", "eventType": "Microsoft.Resources.ResourceWriteSuccess", "data": {} });
    let twice = one.to_string().replacen('{', "{\"id\":\"another\",", 1);
    let future = with(event(3), "timestamp", json!("2090-01-01T00:00:00Z"));
    let named = with(two.clone(), "policyDefinitionReferenceId", json!("tags"));
    vec![
        read("numbers, words and nothing among events", json!([one, 7, null, "words", two]).to_string(),
            &["events 2", "rejected as malformed 3", "entry 2: it is no JSON object"]),
        read("a policy state among events", json!([one, state, two]).to_string(), &["entry 2: it is a policy state"]),
        read("an entry of the activity log among events", json!([one, two, activity]).to_string(), &["entry 3: it is an entry of the activity log"]),
        read("an event without data among events", json!([one, without(two.clone(), "data")]).to_string(), &["rejected as malformed 1", "entry 2:"]),
        read("an event whose subject is no id", json!([one, { "id": "1", "subject": "nowhere", "eventType": one["eventType"], "data": one["data"], "topic": "t", "eventTime": "2026-01-01T00:00:00Z", "dataVersion": "1" }]).to_string(), &["entry 2:"]),
        read("an event from the future among events", json!([one, future]).to_string(), &["entry 2:", "CLOCK_TOLERANCE"]),
        read("events of another type among events", json!([one, foreign]).to_string(), &["ignored: of another type 1"]),
        read("the same event twice", json!([one, one]).to_string(), &["of them duplicates 1"]),
        read("a member that stands twice", format!("[{twice}]"), &["events 1"]),
        read("events of an initiative", json!([one, named]).to_string(), TWO),
        read("members that nobody knows, and a number of 300 digits", json!([one]).to_string().replacen('{', &format!("{{\"more\":{},", "9".repeat(300)), 1), &["events 1"]),
        read("exempt resources only", json!([with(one.clone(), "complianceState", json!("Exempt"))]).to_string(), &["ignored: exempt 1"]),
        read("compliant ones only", json!([with(one, "complianceState", json!("Compliant"))]).to_string(), &["events 1"]),
    ]
}

/// What cannot be read as JSON text.
fn unreadable() -> Vec<Case> {
    let list = format!("{:#}", json!([event(1), event(2)]));
    let packed = gzip(list.as_bytes());
    vec![
        refused("an empty file", "", &["it is empty"]),
        refused("only white space", " \r\n\t\n", &["it is empty"]),
        refused("a list that is cut off", &list.as_bytes()[..list.len() - 30], &["line ", "cut off"]),
        refused("a broken list", list.replacen("\"topic\":", "\"topic\"", 1), &["line ", "is not JSON"]),
        refused("a broken line among lines", format!("{}\nno json\n{}", event(1), event(2)), &["line 2"]),
        refused("single quotes, as Python prints", format!("{{'id': '{}'}}", 1), &["line 1, column 2"]),
        refused("CSV", "id,subject\n1,2\n", &["line 1, column 1"]),
        refused("lists 1,000 deep", "[".repeat(1_000), &["recursion limit"]),
        refused("a number that is too large for any", "[{\"id\": 1e999}]", &["number out of range"]),
        refused("HTML, such as the page of a login", "<!DOCTYPE html><html></html>", &["HTML"]),
        refused("Avro, as the capture of Event Hubs writes it", b"Obj\x01\x04\x14avro.codec".as_slice(), &["Avro"]),
        refused("a zip archive", b"PK\x03\x04rest".as_slice(), &["zip"]),
        refused("a gzip that is cut off", &packed[..packed.len() / 2], &["gzip", "damaged"]),
        refused("UTF-16 that is cut off", b"\xff\xfe[\0]".as_slice(), &["UTF-16"]),
        refused("a picture", b"\x89PNG\r\n\x1a\n".as_slice(), &["no text: byte 1"]),
        refused("bytes that are no UTF-8 within", b"{\"id\": \"\xff\"}".as_slice(), &["byte 9"]),
        Case { bytes: None, file: "missing.json", ..refused("no such file", "", &["missing.json cannot be read"]) },
        Case { bytes: None, file: ".", ..refused("a folder", "", &["holds no events"]) },
    ]
}

/// JSON, and no event that can be used.
fn nothing_useful() -> Vec<Case> {
    let states = json!([{ "policyAssignmentId": "/a", "complianceState": "NonCompliant" }]);
    let activity = json!({ "operationName": "x", "caller": "c", "eventTimestamp": "2026-01-01T00:00:00Z" });
    let future = with(event(1), "timestamp", json!("2090-01-01T00:00:00Z"));
    vec![
        refused("`[]`", "[]", &["it is empty"]),
        refused("`{\"value\": []}`", "{\"value\": []}", &["it is empty"]),
        refused("`{\"event\": {}}`", "{\"event\": {}}", &["entry 1"]),
        refused("`{}`", "{}", &["entry 1"]),
        refused("a number", "7", &["entry 1 is no JSON object"]),
        refused("seven numbers", "[1,2,3,4,5,6,7]", &["2 more are no events either"]),
        refused("policy states (`az policy state list`)", states.to_string(), &["policy state"]),
        refused("the activity log (`az monitor activity-log list`)", json!([activity]).to_string(), &["activity log"]),
        refused("events from the future only", json!([future]).to_string(), &["CLOCK_TOLERANCE"]),
    ]
}
