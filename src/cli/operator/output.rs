//! How a command shows what it found: a table for people, as wide as the terminal and without colours where `NO_COLOR` or a pipe asks
//! for none, or one JSON object with its version for machines.

use comfy_table::{ContentArrangement, Table, presets};
use console::Term;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::print::print;

/// The version of all JSON objects; `docs/commands.md` says what changes it.
const VERSION: u32 = 1;

/// Where a command shows things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows it: to people as this text, to machines as this value with what it is.
    ///
    /// # Errors
    /// When it has no JSON form, or cannot be written.
    pub(crate) fn show(self, kind: &str, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if !self.json {
            return print(&text());
        }
        print(&for_machines(kind, value)?.to_string())
    }
}

/// The JSON object of what a command found.
///
/// # Errors
/// When it has no JSON form.
pub(crate) fn for_machines(kind: &str, value: &impl Serialize) -> anyhow::Result<Value> {
    let mut object = json!({ "version": VERSION, "kind": kind });
    match (&mut object, serde_json::to_value(value)?) {
        (Value::Object(object), Value::Object(members)) => object.extend(members),
        (_, other) => object["value"] = other,
    }
    Ok(object)
}

/// A cell of a table.
pub(crate) type Cell = String;

/// Rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// A table with this head; empty where the rows speak for themselves.
    pub(crate) fn under(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The text, as wide as the terminal; as wide as it is where there is none.
    pub(crate) fn text(&self) -> String {
        let terminal = Term::stdout();
        let width = terminal.is_term().then(|| terminal.size().1);
        self.within(width, console::colors_enabled())
    }

    fn within(&self, width: Option<u16>, coloured: bool) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if let Some(width) = width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        if !self.head.is_empty() {
            let head = self.head.iter().map(|title| title.to_uppercase());
            table.set_header(head);
        }
        table.add_rows(&self.rows);
        let text = table.to_string();
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        match lines.split_first() {
            Some((head, rows)) if coloured && !self.head.is_empty() => {
                let head = console::style(head).bold().force_styling(true).to_string();
                std::iter::once(head).chain(rows.iter().cloned()).collect::<Vec<_>>().join("\n")
            }
            Some(_) | None => lines.join("\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_it_may_be_and_coloured_only_where_that_is_wanted() {
        let mut rows = Rows::under(&["what", "why"]);
        rows.row(["a", &"words ".repeat(30)]);
        let wide = rows.within(None, false);
        assert_eq!(wide.lines().count(), 2, "{wide}");
        let narrow = rows.within(Some(40), true);
        assert!(narrow.lines().skip(1).all(|line| line.chars().count() <= 40), "{narrow}");
        assert!(narrow.contains("\u{1b}[1m") && !wide.contains('\u{1b}'));
    }
}
