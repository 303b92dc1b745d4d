//! `$apply` of a query over policy states: a chain of `groupby` and `aggregate` in OData's words (OData Extension for Data
//! Aggregation), as far as the service's own examples go. Pure: an expression, and what it makes of rows. What stands
//! outside of that is refused rather than guessed.

use serde_json::{Map, Value};
use std::collections::HashMap;

type Row = Map<String, Value>;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Apply {
    /// Never empty.
    steps: Vec<Step>,
}

/// A transformation; each takes the rows of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// Columns that rows are grouped by, as the expression wrote them; none makes one group of all.
    keys: Vec<String>,
    /// Names under which each group's number of rows is given.
    counts: Vec<String>,
}

impl Apply {
    /// Parses an expression; `canonical` gives a column of policy states by its name in any case. The error is a sentence
    /// about what is wrong.
    pub(crate) fn parse(text: &str, canonical: impl Fn(&str) -> Option<&'static str>) -> Result<Self, String> {
        let mut steps: Vec<Step> = Vec::new();
        for part in split(text, '/')? {
            let mut step = transformation(&part)?;
            for key in &mut step.keys {
                let found = match steps.last() {
                    None => canonical(key).map(str::to_owned),
                    Some(before) => before.columns().find(|known| known.eq_ignore_ascii_case(key)).cloned(),
                };
                *key = found.ok_or_else(|| format!("'{key}' is not a property here."))?;
            }
            let mut columns: Vec<String> = step.columns().map(|column| column.to_ascii_lowercase()).collect();
            columns.sort_unstable();
            if columns.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err("a property is named twice.".to_owned());
            }
            if let Some(name) = step.counts.iter().find(|name| canonical(name).is_some()) {
                return Err(format!("'{name}' is a property already."));
            }
            steps.push(step);
        }
        Ok(Self { steps })
    }

    /// The columns of policy states that it looks at.
    pub(crate) fn reads(&self) -> Vec<&str> {
        self.steps.first().map(|step| step.keys.iter().map(String::as_str).collect()).unwrap_or_default()
    }

    /// A column of the result by its name in any case.
    pub(crate) fn column(&self, name: &str) -> Option<&str> {
        let mut columns = self.steps.last()?.columns();
        columns.find(|column| column.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    /// What becomes of rows: groups in the order in which their first row came.
    pub(crate) fn over(&self, rows: impl IntoIterator<Item = Row>) -> Vec<Row> {
        self.steps.iter().fold(rows.into_iter().collect(), |rows, step| step.over(rows))
    }
}

impl Step {
    fn columns(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().chain(&self.counts)
    }

    fn over(&self, rows: Vec<Row>) -> Vec<Row> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<(Row, u64)> = Vec::new();
        if self.keys.is_empty() {
            groups.push((Row::new(), u64::try_from(rows.len()).unwrap_or(u64::MAX)));
        } else {
            for row in rows {
                let cell = |key: &String| (key.clone(), row.get(key).cloned().unwrap_or(Value::Null));
                let group: Row = self.keys.iter().map(cell).collect();
                let values: Vec<&Value> = group.values().collect();
                let place = *places.entry(format!("{values:?}")).or_insert(groups.len());
                match groups.get_mut(place) {
                    Some((_, count)) => *count += 1,
                    None => groups.push((group, 1)),
                }
            }
        }
        let counted = |(mut group, count): (Row, u64)| {
            group.extend(self.counts.iter().map(|name| (name.clone(), count.into())));
            group
        };
        groups.into_iter().map(counted).collect()
    }
}

/// `groupby((A, B))`, `groupby((A, B), aggregate($count as N))` or `aggregate($count as N)`.
fn transformation(text: &str) -> Result<Step, String> {
    let (name, inner) = call(text)?;
    match name.to_ascii_lowercase().as_str() {
        "aggregate" => Ok(Step { keys: Vec::new(), counts: counts(inner)? }),
        "groupby" => {
            let parts = split(inner, ',')?;
            let (keys, counts) = match parts.as_slice() {
                [keys] => (keys, Vec::new()),
                [keys, then] => match call(then)? {
                    (name, inner) if name.eq_ignore_ascii_case("aggregate") => (keys, counts(inner)?),
                    (name, _) => return Err(format!("'{name}' cannot stand in groupby.")),
                },
                _ => return Err("groupby takes a list of properties and an aggregate.".to_owned()),
            };
            let keys = match call(keys)? {
                ("", inner) => split(inner, ',')?,
                _ => return Err("the properties of groupby stand in parentheses.".to_owned()),
            };
            if keys.iter().any(|key| !is_name(key)) {
                return Err("groupby takes names of properties.".to_owned());
            }
            Ok(Step { keys, counts })
        }
        _ => Err(format!("'{name}' is not a transformation of this service.")),
    }
}

/// `$count as N, …`.
fn counts(text: &str) -> Result<Vec<String>, String> {
    let one = |part: String| match part.split_whitespace().collect::<Vec<_>>().as_slice() {
        [count, word, name]
            if count.eq_ignore_ascii_case("$count") && word.eq_ignore_ascii_case("as") && is_name(name) =>
        {
            Ok((*name).to_owned())
        }
        _ => Err(format!("'{part}' is not an aggregation of this service; '$count as Name' is.")),
    };
    split(text, ',')?.into_iter().map(one).collect()
}

/// `name(inner)`.
fn call(text: &str) -> Result<(&str, &str), String> {
    let inside = text.trim().strip_suffix(')').and_then(|open| open.split_once('('));
    inside.map(|(name, inner)| (name.trim(), inner)).ok_or_else(|| format!("'{text}' is not a transformation."))
}

/// Splits at a separator that is in no parentheses.
fn split(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a parenthesis is closed that was not opened.")?,
            _ => {}
        }
        if letter == separator && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    if depth > 0 {
        return Err("a parenthesis is not closed.".to_owned());
    }
    Ok(parts.into_iter().map(|part| part.trim().to_owned()).collect())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
