//! The page of a result. It can be gone on from only where rows have an `id`; other rows beyond the page are cut off, and the
//! answer says so ("Working with large Azure resource data sets", Microsoft documentation).

use super::{
    super::reply::Reply,
    kql::Output,
    request::{Asked, Format, Position},
};
use serde_json::{Value, json};

/// The answer with the page that was asked for, of at most so many rows.
pub(super) fn answer(asked: &Asked, position: &Position, output: Output, most: usize) -> Reply {
    let Output { schema, rows } = output;
    let total = rows.len();
    let size = position.top.unwrap_or(most).min(most);
    let page: Vec<_> = rows.into_iter().skip(position.skip).take(size).collect();
    let end = position.skip.saturating_add(page.len());
    let count = page.len();
    let data = match asked.options.result_format {
        Format::ObjectArray => page.into_iter().map(Value::Object).collect(),
        Format::Table => {
            let columns: Vec<Value> =
                schema.0.iter().map(|(name, kind)| json!({ "name": name, "type": kind.on_the_wire() })).collect();
            let cells = |row: serde_json::Map<String, Value>| {
                let cell = |(name, _): &(String, _)| row.get(name).cloned().unwrap_or(Value::Null);
                schema.0.iter().map(cell).collect::<Value>()
            };
            json!({ "columns": columns, "rows": page.into_iter().map(cells).collect::<Value>() })
        }
    };
    let goes_on = end < total && count > 0;
    let can_go_on = goes_on && schema.has("id");
    let mut body = json!({
        "totalRecords": total,
        "count": count,
        "data": data,
        "facets": [],
        "resultTruncated": if goes_on && !can_go_on { "true" } else { "false" }
    });
    if can_go_on {
        body["$skipToken"] = asked.token(position, end).into();
    }
    Reply::ok(body)
}
