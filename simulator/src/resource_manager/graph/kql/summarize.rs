//! `summarize`: rows into groups, and a group's rows into one.

use super::{
    Schema, Type, Wrong,
    evaluate::{Row, order, text},
    operator::{Aggregate, Aggregation, Named},
};
use serde_json::{Value, json};
use std::{cmp::Ordering, collections::HashMap};
use time::OffsetDateTime;

/// The columns of the result.
///
/// # Errors
/// When a key is `dynamic`, or a type does not fit.
pub(super) fn schema(aggregates: &[Aggregate], keys: &[Named], of: &Schema) -> Result<Schema, Wrong> {
    let mut columns = Vec::new();
    for key in keys {
        let kind = key.value.kind(of)?;
        if kind == Type::Dynamic {
            return Err(no_key("Summarize group", &key.name));
        }
        columns.push((key.name.clone(), kind));
    }
    for Aggregate { name, what } in aggregates {
        let number = |one: &super::expression::Expression| match one.kind(of)? {
            kind if kind.is_number() => Ok(kind),
            other => Err(Wrong::meaning(format!("A number was expected instead of a {}.", other.name()))),
        };
        let kind = match what {
            Aggregation::Count => Type::Long,
            Aggregation::CountIf(asked) => asked.kind(of).map(|_| Type::Long)?,
            Aggregation::Distinct(one) => one.kind(of).map(|_| Type::Long)?,
            Aggregation::Sum(one, asked) => {
                asked.iter().try_for_each(|asked| asked.kind(of).map(|_| ()))?;
                number(one)?
            }
            Aggregation::Max(one) | Aggregation::Min(one) => match one.kind(of)? {
                Type::Dynamic => return Err(no_key("Aggregate", name)),
                kind => kind,
            },
            Aggregation::Any(one) => one.kind(of)?,
        };
        columns.push((name.clone(), kind));
    }
    Ok(Schema(columns))
}

/// The error that something `dynamic` was taken for a key.
pub(super) fn no_key(what: &str, name: &str) -> Wrong {
    Wrong::meaning(format!(
        "{what} key '{name}' is of a 'dynamic' type. Please use an explicit cast as grouping by a 'dynamic' type is not supported."
    ))
}

/// The groups of rows, in the order in which their first row came.
pub(super) fn summarize(aggregates: &[Aggregate], keys: &[Named], rows: &[Row], now: OffsetDateTime) -> Vec<Row> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(Row, Vec<&Row>)> = Vec::new();
    // Without keys there is one group, of no rows, too.
    if keys.is_empty() {
        groups.push((Row::new(), rows.iter().collect()));
    } else {
        for row in rows {
            let group: Row = keys.iter().map(|key| (key.name.clone(), key.value.value(row, now))).collect();
            let values: Vec<&Value> = group.values().collect();
            let place = *places.entry(format!("{values:?}")).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((group, vec![row])),
            }
        }
    }
    let finish = |(mut group, rows): (Row, Vec<&Row>)| {
        group.extend(aggregates.iter().map(|one| (one.name.clone(), one.what.over(&rows, now))));
        group
    };
    groups.into_iter().map(finish).collect()
}

impl Aggregation {
    fn over(&self, rows: &[&Row], now: OffsetDateTime) -> Value {
        let best = |one: &super::expression::Expression, wanted: Ordering| {
            let values = rows.iter().map(|row| one.value(row, now)).filter(|value| !value.is_null());
            let better = |a: Value, b: Value| if order(&b, &a) == Some(wanted) { b } else { a };
            values.reduce(better).unwrap_or(Value::Null)
        };
        match self {
            Aggregation::Count => rows.len().into(),
            Aggregation::CountIf(asked) => rows.iter().filter(|row| asked.holds(row, now)).count().into(),
            Aggregation::Distinct(one) => {
                let values: std::collections::HashSet<String> =
                    rows.iter().map(|row| text(&one.value(row, now))).collect();
                values.len().into()
            }
            Aggregation::Sum(one, asked) => {
                let counts = |row: &&&Row| asked.as_ref().is_none_or(|asked| asked.holds(row, now));
                let total: f64 = rows.iter().filter(counts).filter_map(|row| one.value(row, now).as_f64()).sum();
                if total.fract() == 0.0 && total.abs() < 9e15 { (total as i64).into() } else { json!(total) }
            }
            Aggregation::Max(one) => best(one, Ordering::Greater),
            Aggregation::Min(one) => best(one, Ordering::Less),
            Aggregation::Any(one) => rows.first().map_or(Value::Null, |row| one.value(row, now)),
        }
    }
}
