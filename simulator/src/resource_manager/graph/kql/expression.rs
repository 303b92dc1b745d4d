//! Expressions: what they are, what type they have over a schema, and what a result column is called that nobody named.

use super::{Schema, Type, Wrong};
use serde_json::Value;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Literal(Value, Type),
    Column(String),
    Member(Box<Expression>, String),
    Call(Function, Vec<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    /// `in`, `in~`, and their opposites.
    Among {
        value: Box<Expression>,
        list: Vec<Expression>,
        folds: bool,
        negated: bool,
    },
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

/// A function of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    ToText,
    ToLower,
    ToUpper,
    ToLong,
    ToReal,
    ToBool,
    ToInstant,
    Not,
    IsEmpty,
    IsNotEmpty,
    IsNull,
    IsNotNull,
    Iff,
    Coalesce,
    Concatenate,
    Ago,
    Now,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "tostring" => Self::ToText,
            "tolower" => Self::ToLower,
            "toupper" => Self::ToUpper,
            "toint" | "tolong" | "int" | "long" => Self::ToLong,
            "toreal" | "todouble" | "real" | "double" => Self::ToReal,
            "tobool" | "toboolean" | "bool" => Self::ToBool,
            "todatetime" | "datetime" => Self::ToInstant,
            "not" => Self::Not,
            "isempty" => Self::IsEmpty,
            "isnotempty" => Self::IsNotEmpty,
            "isnull" => Self::IsNull,
            "isnotnull" => Self::IsNotNull,
            "iff" | "iif" => Self::Iff,
            "coalesce" => Self::Coalesce,
            "strcat" => Self::Concatenate,
            "ago" => Self::Ago,
            "now" => Self::Now,
            _ => return None,
        })
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal { folds: bool, negated: bool },
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Text { how: Match, negated: bool },
}

/// How a text lies in another; none of these has a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Contains,
    Has,
    StartsWith,
    EndsWith,
}

impl Expression {
    /// Its type over a schema.
    ///
    /// # Errors
    /// When a column is unknown or a type does not fit.
    pub(super) fn kind(&self, schema: &Schema) -> Result<Type, Wrong> {
        let is_bool = |one: &Expression| match one.kind(schema)? {
            Type::Bool | Type::Dynamic => Ok(()),
            other => Err(Wrong::meaning(format!("A bool was expected instead of a {}.", other.name()))),
        };
        match self {
            Expression::Literal(_, kind) => Ok(*kind),
            Expression::Column(name) => schema.get(name).ok_or_else(|| {
                Wrong::meaning(format!("Failed to resolve column or scalar expression named '{name}'."))
            }),
            Expression::Member(of, name) => match of.kind(schema)? {
                Type::Dynamic => Ok(Type::Dynamic),
                other => Err(Wrong::meaning(format!("A {} has no member '{name}'.", other.name()))),
            },
            Expression::And(a, b) | Expression::Or(a, b) => {
                is_bool(a)?;
                is_bool(b)?;
                Ok(Type::Bool)
            }
            Expression::Among { value, list, .. } => {
                let kind = value.kind(schema)?;
                list.iter().try_for_each(|one| comparable(kind, one.kind(schema)?))?;
                Ok(Type::Bool)
            }
            Expression::Compare(a, how, b) => {
                let (a, b) = (a.kind(schema)?, b.kind(schema)?);
                match how {
                    Comparison::Equal { .. } => comparable(a, b)?,
                    Comparison::Text { .. } => {
                        for kind in [a, b] {
                            if !matches!(kind, Type::Text | Type::Dynamic) {
                                return Err(Wrong::meaning(format!(
                                    "A string was expected instead of a {}.",
                                    kind.name()
                                )));
                            }
                        }
                    }
                    Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
                        let fits =
                            (a.is_number() && b.is_number()) || (a == b && matches!(a, Type::Instant | Type::Span));
                        if !fits {
                            return Err(incomparable(a, b));
                        }
                    }
                }
                Ok(Type::Bool)
            }
            Expression::Call(function, arguments) => {
                let kinds: Vec<Type> = arguments.iter().map(|one| one.kind(schema)).collect::<Result<_, _>>()?;
                function.kind(&kinds)
            }
        }
    }

    /// The name of a result column that nobody named: that of the column behind it.
    pub(super) fn own_name(&self) -> Option<String> {
        match self {
            Expression::Column(name) => Some(name.clone()),
            Expression::Member(of, name) => Some(format!("{}_{name}", of.own_name()?)),
            Expression::Call(_, arguments) => match arguments.as_slice() {
                [one] => one.own_name(),
                _ => None,
            },
            Expression::Literal(..)
            | Expression::Compare(..)
            | Expression::Among { .. }
            | Expression::And(..)
            | Expression::Or(..) => None,
        }
    }

    /// Notes which members of a column it looks at; the column alone is noted as `None`.
    pub(super) fn reads<'a>(&'a self, column: &str, found: &mut Vec<Option<&'a str>>) {
        match self {
            Expression::Literal(..) => {}
            Expression::Column(name) => found.extend((name == column).then_some(None)),
            Expression::Member(of, name) => match of.as_ref() {
                Expression::Column(outer) if outer == column => found.push(Some(name)),
                inner => inner.reads(column, found),
            },
            Expression::Call(_, arguments) => arguments.iter().for_each(|one| one.reads(column, found)),
            Expression::Compare(a, _, b) | Expression::And(a, b) | Expression::Or(a, b) => {
                a.reads(column, found);
                b.reads(column, found);
            }
            Expression::Among { value, list, .. } => {
                value.reads(column, found);
                list.iter().for_each(|one| one.reads(column, found));
            }
        }
    }
}

impl Function {
    fn kind(self, of: &[Type]) -> Result<Type, Wrong> {
        let wrong = || Wrong::meaning("A function was called with arguments that it does not take.");
        let one = |result: Type| if of.len() == 1 { Ok(result) } else { Err(wrong()) };
        match self {
            Self::ToText | Self::ToLower | Self::ToUpper => one(Type::Text),
            Self::ToLong => one(Type::Long),
            Self::ToReal => one(Type::Real),
            Self::ToBool | Self::IsEmpty | Self::IsNotEmpty | Self::IsNull | Self::IsNotNull => one(Type::Bool),
            Self::ToInstant => one(Type::Instant),
            Self::Not if matches!(of, [Type::Bool | Type::Dynamic]) => Ok(Type::Bool),
            Self::Ago if matches!(of, [Type::Span]) => Ok(Type::Instant),
            Self::Now if of.is_empty() => Ok(Type::Instant),
            Self::Concatenate if !of.is_empty() => Ok(Type::Text),
            Self::Coalesce => match of {
                [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|kind| kind == first) => Ok(*first),
                _ => Err(wrong()),
            },
            Self::Iff => match of {
                [Type::Bool | Type::Dynamic, then, otherwise] if then == otherwise => Ok(*then),
                _ => Err(wrong()),
            },
            Self::Not | Self::Ago | Self::Now | Self::Concatenate => Err(wrong()),
        }
    }
}

fn comparable(a: Type, b: Type) -> Result<(), Wrong> {
    let fits = a == b || (a.is_number() && b.is_number()) || a == Type::Dynamic || b == Type::Dynamic;
    if fits { Ok(()) } else { Err(incomparable(a, b)) }
}

fn incomparable(a: Type, b: Type) -> Wrong {
    Wrong::meaning(format!("Cannot compare values of types {} and {}. Try adding explicit casts.", a.name(), b.name()))
}
