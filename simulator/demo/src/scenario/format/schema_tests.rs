//! The published schema is made of the types, so it cannot lag behind them.

use std::path::Path;

use super::Scenario;

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenario.schema.json");
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Scenario)).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "run UPDATE_DOCS=1 cargo test -p simulator-demo schema");
    // Nothing that is not known is taken, anywhere.
    let closed = text.matches("\"additionalProperties\": false").count();
    let objects = text.matches("\"properties\": {").count();
    assert!(closed >= objects && objects > 15, "{closed} of {objects} objects are closed");
}
