//! Whatever values somebody has, and however they were written down, they are read as they were.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Values, Wrapping};

const WRAPPING: Wrapping = Wrapping { lists: &["value", "data"], marks: &["id"] };

fn read(raw: Vec<u8>) -> anyhow::Result<Vec<Value>> {
    Values::of(Cursor::new(raw), WRAPPING)?.collect()
}

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(raw).unwrap();
    packed.finish().unwrap()
}

/// Objects that are no wrappers, with texts and lists of every kind in them.
fn values() -> impl Strategy<Value = Vec<Value>> {
    let leaf = prop_oneof![any::<i32>().prop_map(|n| json!(n)), ".{0,9}".prop_map(|s| json!(s)), Just(json!(null))];
    let inner = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec(("[a-z\"\\\\\\[{]{1,5}", inner), 0..4)
                .prop_map(|members| json!(members.into_iter().collect::<serde_json::Map<_, _>>())),
        ]
    });
    vec(inner.prop_map(|inner| json!({ "id": 1, "value": inner })), 1..9)
}

/// The values in each layout.
fn layouts(values: &[Value]) -> Vec<String> {
    let joined = |by: &str| values.iter().map(Value::to_string).collect::<Vec<_>>().join(by);
    vec![
        json!(values).to_string(),
        format!("{:#}", json!(values)),
        joined(""),
        joined("\n"),
        joined(",\r\n\r\n") + ",\n",
        json!({ "count": [1, { "x": "]}" }], "value": values, "nextLink": null }).to_string(),
        format!("{:#}", json!({ "Data": values })),
        json!([[values], []]).to_string(),
    ]
}

proptest! {
    #[test]
    fn values_are_the_same_in_every_layout_and_every_encoding(values in values()) {
        for text in layouts(&values) {
            let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
            let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
            for raw in [
                text.clone().into_bytes(),
                [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
                [&[0xff, 0xfe], &little[..]].concat(),
                [&[0xfe, 0xff], &big[..]].concat(),
                gzip(text.as_bytes()),
                gzip(&[&[0xff, 0xfe], &little[..]].concat()),
            ] {
                prop_assert_eq!(read(raw).unwrap(), values.clone(), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_never_taken_for_whole(values in values(), share in 0.0_f64..1.0) {
        let text = json!({ "value": values }).to_string();
        let raw = text.as_bytes()[..(text.len() as f64 * share) as usize].to_vec();
        // A mark of an encoding needs some bytes, and nothing at all is an empty file.
        prop_assume!(raw.len() > 4);
        prop_assert!(read(raw).is_err());
    }
}
