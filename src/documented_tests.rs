//! The documents hold to the code: each field of a state document, each class and each reason is told where people look for it. And
//! they can be read: no sentence is long.

const DOCUMENTS: &str = include_str!("../docs/state-documents.md");
const FAILURES: &str = include_str!("../docs/failures.md");
const LOG_EVENTS: &str = include_str!("../docs/log-events.md");
const OPERATIONS: &str = include_str!("../docs/operations.md");
const SCENARIOS: &str = include_str!("../docs/scenarios.md");
const SCHEMA: &str = include_str!("../docs/scenario.schema.json");
const REASONS: &str = include_str!("../core/src/document/reasons.rs");
/// The files whose structs are written into documents.
const FORMS: [&str; 14] = [
    include_str!("../core/src/document/claim.rs"),
    include_str!("../core/src/document/controls_document.rs"),
    include_str!("../core/src/document/entry.rs"),
    include_str!("../core/src/document/evaluation.rs"),
    include_str!("../core/src/document/excluded.rs"),
    include_str!("../core/src/document/fleet_document.rs"),
    include_str!("../core/src/document/not_remediable.rs"),
    include_str!("../core/src/document/refixed.rs"),
    include_str!("../core/src/document/scope_park.rs"),
    include_str!("../core/src/document/stopped.rs"),
    include_str!("../core/src/document/subscription_document.rs"),
    include_str!("../core/src/document/target_document.rs"),
    include_str!("../core/src/document/target_park.rs"),
    include_str!("../core/src/document/task.rs"),
];

/// As serde writes the name of a field.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| all + &word[..1].to_uppercase() + &word[1..])
}

/// The fields of the structs and of the variants of a file, before its tests.
fn fields(file: &str) -> impl Iterator<Item = String> {
    let code = file.split("#[cfg(test)]").next().unwrap_or_default();
    let of_variant = |line: &str| {
        let (name, of) = line.strip_prefix("        ")?.strip_suffix(',')?.split_once(": ")?;
        let is_type = of.starts_with(|c: char| c.is_ascii_uppercase()) && of.chars().any(|c| c.is_ascii_lowercase());
        (is_type && !of.contains(['(', '{'])).then(|| name.to_owned())
    };
    let name = |line: &str| {
        let of_struct = || Some(line.strip_prefix("    pub ")?.split_once(": ")?.0.to_owned());
        let name = of_variant(line).or_else(of_struct)?;
        name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| camel_case(&name))
    };
    code.lines().filter_map(name).collect::<Vec<_>>().into_iter()
}

fn is_told(document: &str, word: &str) -> bool {
    ["`", "\"", "."]
        .iter()
        .any(|before| ["`", "\"", "."].iter().any(|after| document.contains(&format!("{before}{word}{after}"))))
}

#[test]
fn each_field_of_a_document_is_told() {
    // Serde flattens or renames these.
    const OTHERWISE: [&str; 2] = ["on", "instance"];
    let all: Vec<_> = FORMS.iter().flat_map(|file| fields(file)).collect();
    assert!(all.len() > 60, "the files are read: {}", all.len());
    let untold: Vec<_> =
        all.iter().filter(|field| !OTHERWISE.contains(&field.as_str()) && !is_told(DOCUMENTS, field)).collect();
    assert!(untold.is_empty(), "docs/state-documents.md does not tell {untold:?}");
}

#[test]
fn each_class_and_each_reason_is_told() {
    let words: Vec<_> = REASONS
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once("=> \"")?.1.strip_suffix("\","))
        .filter(|word| word.chars().all(|c| c.is_ascii_alphabetic()))
        .collect();
    assert!(words.len() > 30, "the file is read: {}", words.len());
    let untold: Vec<_> = words.iter().filter(|word| !is_told(FAILURES, word)).collect();
    assert!(untold.is_empty(), "docs/failures.md does not tell {untold:?}");
}

/// Whether it is a public address, the name of one that stands below, or the numbers of cases.
fn is_source(text: &str, document: &str) -> bool {
    if let Some(numbers) = text.strip_prefix("cases ").or_else(|| text.strip_prefix("case ")) {
        return numbers.split(", ").all(|number| number.len() == 2 && number.chars().all(|c| c.is_ascii_digit()));
    }
    let is_named = document.lines().any(|line| line.starts_with(&format!("{text}: https://")));
    text.starts_with('[') && (is_named || (text.contains("](https://") && text.ends_with(')')))
}

#[test]
fn each_failure_and_each_situation_has_a_source() {
    let (mut rows, mut without) = (0, Vec::new());
    for line in FAILURES.lines().filter(|line| line.starts_with("| ") && !line.ends_with(" source |")) {
        let cell = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let mut sources = cell.split("; ");
        rows += 1;
        if !sources.all(|source| is_source(source, FAILURES)) {
            without.push(line);
        }
    }
    let tables = FAILURES.lines().filter(|line| line.starts_with("|---")).count();
    let headed = FAILURES.lines().filter(|line| line.starts_with("| ") && line.ends_with(" source |")).count();
    assert!(rows > 90, "the tables are read: {rows}");
    assert_eq!(tables, headed, "each table has sources");
    assert!(without.is_empty(), "docs/failures.md does not say where this was met: {without:#?}");
}

#[test]
fn each_kind_of_situation_has_made_up_siblings_that_are_there() {
    let (_, table) = FAILURES.split_once("| kind | folder | made up | source |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split(" | ").collect()).collect();
    assert!(rows.len() > 15, "the table is read: {}", rows.len());
    for row in rows {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(row[1].trim_matches('`'));
        let names: Vec<_> = row[2].split(", ").map(|name| name.trim_matches('`')).collect();
        assert!(names.len() >= 2, "{} has fewer than two", row[1]);
        for name in names {
            assert!(folder.join(format!("{name}.json")).is_file(), "{}: there is no {name}", row[1]);
        }
    }
}

/// The names of all properties in a schema.
fn properties(schema: &serde_json::Value, found: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                if let ("properties", Some(known)) = (name.as_str(), member.as_object()) {
                    found.extend(known.keys().cloned());
                }
                properties(member, found);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[test]
fn each_field_of_a_scenario_is_told() {
    let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut all = Vec::new();
    properties(&schema, &mut all);
    assert!(all.len() > 60, "the schema is read: {}", all.len());
    let untold: Vec<_> = all.iter().filter(|name| !is_told(SCENARIOS, name)).collect();
    assert!(untold.is_empty(), "docs/scenarios.md does not tell {untold:?}");
}

/// Most words of a sentence.
const LONGEST: usize = 40;
const TEXTS: [(&str, &str); 14] = [
    ("README.md", include_str!("../README.md")),
    ("ARCHITECTURE.md", include_str!("../ARCHITECTURE.md")),
    ("CONTRIBUTING.md", include_str!("../CONTRIBUTING.md")),
    ("docs/commands.md", include_str!("../docs/commands.md")),
    ("docs/deployment.md", include_str!("../docs/deployment.md")),
    ("docs/event-flow.md", include_str!("../docs/event-flow.md")),
    ("docs/failures.md", FAILURES),
    ("docs/glossary.md", include_str!("../docs/glossary.md")),
    ("docs/invariants.md", include_str!("../docs/invariants.md")),
    ("docs/log-events.md", LOG_EVENTS),
    ("docs/operations.md", OPERATIONS),
    ("docs/scenarios.md", SCENARIOS),
    ("docs/simulate.md", include_str!("../docs/simulate.md")),
    ("docs/state-documents.md", DOCUMENTS),
];

/// The sentences of a document, without its examples. A cell of a table, and an item of a list, is one at least.
fn sentences(document: &str) -> Vec<String> {
    let prose = document.split("```").step_by(2);
    let mut blocks = vec![String::new()];
    for line in prose.flat_map(str::lines) {
        let is_address = line.starts_with('[') && line.contains("]: https://");
        let is_item = line.starts_with(['|', '*', '#', '-']) || line.starts_with(|c: char| c.is_ascii_digit());
        let begins = line.is_empty() || is_item || is_address;
        if begins {
            blocks.push(String::new());
        }
        for (place, cell) in line.split(" | ").enumerate() {
            if place > 0 {
                blocks.push(String::new());
            }
            let block = blocks.last_mut().expect("there is one from the start");
            block.push(' ');
            block.push_str(cell);
        }
    }
    let ends = |word: &str| word.trim_end_matches([')', '"', '`']).ends_with(['.', '?', '!']);
    let mut sentences = Vec::new();
    for block in blocks {
        let mut sentence = Vec::new();
        for word in block.split_whitespace() {
            sentence.push(word);
            if ends(word) {
                sentences.push(std::mem::take(&mut sentence).join(" "));
            }
        }
        sentences.push(sentence.join(" "));
    }
    sentences
}

#[test]
fn no_sentence_is_long() {
    for (name, text) in TEXTS {
        let long: Vec<_> = sentences(text).into_iter().filter(|s| s.split(' ').count() > LONGEST).collect();
        assert!(long.is_empty(), "{name}: more than {LONGEST} words: {long:#?}");
    }
}

/// What stands in backticks in the table of log events, and before it.
fn told_of_the_log() -> Vec<&'static str> {
    LOG_EVENTS.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_query_names_events_and_fields_that_the_log_has() {
    let known = told_of_the_log();
    let events: Vec<_> =
        LOG_EVENTS.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
    assert!(events.len() > 40 && known.len() > 200, "the table is read: {} {}", events.len(), known.len());
    let queries: Vec<_> = OPERATIONS.split("```kusto").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(queries.len() > 5, "the queries are read: {}", queries.len());
    for query in queries {
        let fields = query
            .split("log.")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default());
        for field in fields {
            assert!(known.contains(&field) && !events.contains(&field), "no line has a field {field}: {query}");
        }
        let named = query.lines().filter(|line| line.contains("log.event ")).flat_map(|line| {
            let rest = line.split_once("log.event ").map_or("", |(_, rest)| rest);
            let of_event = rest.split(" and ").next().unwrap_or_default();
            of_event.split('"').skip(1).step_by(2)
        });
        for event in named {
            assert!(events.contains(&event), "nothing logs {event}: {query}");
        }
    }
}
