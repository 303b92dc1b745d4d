//! Runs a query over the rows of its table. First its types are looked at, so that a wrong query is refused whatever the rows
//! are; then the operators follow one another. Rows that nobody has ordered come in an order of chance, as Azure promises
//! none - but for rows with an `id`, by which the service orders them itself.

use super::{
    Query, Schema, Type, Wrong,
    evaluate::{Row, order, text},
    operator::{Named, Operator, Rank},
    summarize,
};
use serde_json::Value;
use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};
use time::OffsetDateTime;

/// What a query gives.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Output {
    pub(in super::super) schema: Schema,
    pub(in super::super) rows: Vec<Row>,
}

/// Runs a query at a time, over rows of this schema; `chance` orders what nobody has ordered.
///
/// # Errors
/// When the query cannot be meant.
pub(in super::super) fn run(
    query: &Query,
    table: &Schema,
    rows: Vec<Row>,
    now: OffsetDateTime,
    chance: u64,
) -> Result<Output, Wrong> {
    let mut schemas = vec![table.clone()];
    for operator in &query.operators {
        let before = schemas.last().unwrap_or(table);
        schemas.push(operator.schema(before)?);
    }
    let schema = schemas.pop().unwrap_or_default();
    let mut rows = rows;
    let mut is_ordered = false;
    for operator in &query.operators {
        // Which rows a limit leaves is chance, too.
        if matches!(operator, Operator::Limit(_)) && !is_ordered {
            scatter(&mut rows, chance);
        }
        rows = operator.over(rows, now);
        is_ordered = operator.keeps_order(is_ordered);
    }
    if !is_ordered && schema.has("id") {
        rows.sort_by_cached_key(|row| row.get("id").map(text));
    } else if !is_ordered {
        scatter(&mut rows, chance);
    }
    Ok(Output { schema, rows })
}

fn scatter(rows: &mut [Row], chance: u64) {
    rows.sort_by_cached_key(|row| {
        let mut hasher = DefaultHasher::new();
        (chance, row.values().map(text).collect::<Vec<_>>()).hash(&mut hasher);
        hasher.finish()
    });
}

impl Operator {
    /// The columns behind it.
    fn schema(&self, before: &Schema) -> Result<Schema, Wrong> {
        let Schema(columns) = before;
        let known = |name: &String| match before.get(name) {
            Some(kind) => Ok((name.clone(), kind)),
            None => Err(Wrong::meaning(format!("Failed to resolve column named '{name}'."))),
        };
        let typed = |one: &Named| one.value.kind(before).map(|kind| (one.name.clone(), kind));
        let after = match self {
            Operator::Where(asked) => match asked.kind(before)? {
                Type::Bool | Type::Dynamic => columns.clone(),
                other => return Err(Wrong::meaning(format!("A bool was expected instead of a {}.", other.name()))),
            },
            Operator::Extend(all) => {
                let mut columns = columns.clone();
                for one in all {
                    // A later one sees those before it.
                    let kind = one.value.kind(&Schema(columns.clone()))?;
                    columns.retain(|(name, _)| *name != one.name);
                    columns.push((one.name.clone(), kind));
                }
                columns
            }
            Operator::Project(all) => all.iter().map(typed).collect::<Result<_, _>>()?,
            Operator::ProjectAway(names) => {
                names.iter().map(known).collect::<Result<Vec<_>, _>>()?;
                columns.iter().filter(|(name, _)| !names.contains(name)).cloned().collect()
            }
            Operator::Distinct(names) => {
                let chosen: Vec<(String, Type)> = names.iter().map(known).collect::<Result<_, _>>()?;
                if let Some((name, _)) = chosen.iter().find(|(_, kind)| *kind == Type::Dynamic) {
                    return Err(summarize::no_key("Distinct", name));
                }
                chosen
            }
            Operator::Summarize { aggregates, keys } => summarize::schema(aggregates, keys, before)?.0,
            Operator::Order(ranks) => {
                for rank in ranks {
                    if rank.by.kind(before)? == Type::Dynamic {
                        return Err(summarize::no_key("Order", &rank.by.own_name().unwrap_or_default()));
                    }
                }
                columns.clone()
            }
            Operator::Limit(_) => columns.clone(),
            Operator::Count => vec![("Count".to_owned(), Type::Long)],
        };
        let twice = after.iter().enumerate().find(|(at, (name, _))| after.iter().take(*at).any(|(one, _)| one == name));
        match twice {
            Some((_, (name, _))) => Err(Wrong::meaning(format!("A column named '{name}' already exists."))),
            None => Ok(Schema(after)),
        }
    }

    fn keeps_order(&self, before: bool) -> bool {
        match self {
            Operator::Order(_) => true,
            Operator::Summarize { .. } | Operator::Distinct(_) | Operator::Count => false,
            Operator::Where(_)
            | Operator::Extend(_)
            | Operator::Project(_)
            | Operator::ProjectAway(_)
            | Operator::Limit(_) => before,
        }
    }

    fn over(&self, rows: Vec<Row>, now: OffsetDateTime) -> Vec<Row> {
        match self {
            Operator::Where(asked) => rows.into_iter().filter(|row| asked.holds(row, now)).collect(),
            Operator::Extend(all) => {
                let widen = |mut row: Row| {
                    for one in all {
                        let value = one.value.value(&row, now);
                        row.shift_remove(&one.name);
                        row.insert(one.name.clone(), value);
                    }
                    row
                };
                rows.into_iter().map(widen).collect()
            }
            Operator::Project(all) => {
                let choose = |row: Row| all.iter().map(|one| (one.name.clone(), one.value.value(&row, now))).collect();
                rows.into_iter().map(choose).collect()
            }
            Operator::ProjectAway(names) => rows
                .into_iter()
                .map(|mut row| {
                    row.retain(|name, _| !names.contains(name));
                    row
                })
                .collect(),
            Operator::Distinct(names) => {
                let column = |name: &String| Named {
                    name: name.clone(),
                    value: super::expression::Expression::Column(name.clone()),
                };
                summarize::summarize(&[], &names.iter().map(column).collect::<Vec<_>>(), &rows, now)
            }
            Operator::Summarize { aggregates, keys } => summarize::summarize(aggregates, keys, &rows, now),
            Operator::Order(ranks) => {
                let mut keyed: Vec<(Vec<Value>, Row)> = rows
                    .into_iter()
                    .map(|row| (ranks.iter().map(|rank| rank.by.value(&row, now)).collect(), row))
                    .collect();
                keyed.sort_by(|(a, _), (b, _)| rank(ranks, a, b));
                keyed.into_iter().map(|(_, row)| row).collect()
            }
            Operator::Limit(count) => rows.into_iter().take(*count).collect(),
            Operator::Count => {
                let count = Row::from_iter([("Count".to_owned(), rows.len().into())]);
                vec![count]
            }
        }
    }
}

fn rank(ranks: &[Rank], a: &[Value], b: &[Value]) -> Ordering {
    for ((rank, a), b) in ranks.iter().zip(a).zip(b) {
        let found = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => order(a, b).unwrap_or(Ordering::Equal),
        };
        if found != Ordering::Equal {
            return if rank.descending { found.reverse() } else { found };
        }
    }
    Ordering::Equal
}
