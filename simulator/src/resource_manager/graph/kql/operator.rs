//! Operators: what a query does with its table, step by step.

use super::expression::Expression;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operator {
    Where(Expression),
    Extend(Vec<Named>),
    Project(Vec<Named>),
    ProjectAway(Vec<String>),
    Distinct(Vec<String>),
    Summarize { aggregates: Vec<Aggregate>, keys: Vec<Named> },
    Order(Vec<Rank>),
    Limit(usize),
    Count,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) value: Expression,
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rank {
    pub(super) by: Expression,
    pub(super) descending: bool,
}

/// A function of a group's rows, and the name of its column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aggregate {
    pub(super) name: String,
    pub(super) what: Aggregation,
}

/// What is made of a group's rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Aggregation {
    /// Their number.
    Count,
    /// The number of those for which something holds.
    CountIf(Expression),
    /// The number of different values.
    Distinct(Expression),
    /// The sum of values, of those rows for which something holds.
    Sum(Expression, Option<Expression>),
    /// The greatest value.
    Max(Expression),
    /// The least value.
    Min(Expression),
    /// Some value.
    Any(Expression),
}

impl Operator {
    /// Notes which members of a column it looks at, and whether it hands the column on as it is.
    pub(super) fn reads<'a>(&'a self, column: &str, found: &mut Vec<Option<&'a str>>) {
        match self {
            Operator::Where(asked) => asked.reads(column, found),
            Operator::Extend(all) | Operator::Project(all) => all.iter().for_each(|one| one.value.reads(column, found)),
            Operator::Summarize { aggregates, keys } => {
                keys.iter().for_each(|one| one.value.reads(column, found));
                for aggregate in aggregates {
                    match &aggregate.what {
                        Aggregation::Count => {}
                        Aggregation::CountIf(one)
                        | Aggregation::Distinct(one)
                        | Aggregation::Sum(one, None)
                        | Aggregation::Max(one)
                        | Aggregation::Min(one)
                        | Aggregation::Any(one) => one.reads(column, found),
                        Aggregation::Sum(one, Some(asked)) => {
                            one.reads(column, found);
                            asked.reads(column, found);
                        }
                    }
                }
            }
            Operator::Order(ranks) => ranks.iter().for_each(|rank| rank.by.reads(column, found)),
            Operator::Distinct(names) => found.extend(names.iter().any(|name| name == column).then_some(None)),
            Operator::ProjectAway(_) | Operator::Limit(_) | Operator::Count => {}
        }
    }

    /// Whether columns that it does not name are gone behind it.
    pub(super) fn chooses_columns(&self) -> bool {
        match self {
            Operator::Project(_) | Operator::Summarize { .. } | Operator::Distinct(_) | Operator::Count => true,
            Operator::Where(_)
            | Operator::Extend(_)
            | Operator::ProjectAway(_)
            | Operator::Order(_)
            | Operator::Limit(_) => false,
        }
    }
}
