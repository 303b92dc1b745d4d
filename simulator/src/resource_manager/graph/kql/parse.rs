//! Reads a query: a table, and operators behind pipes. Which parts of the language are not understood here is said by their name.

use super::{
    Wrong,
    expression::{Comparison, Expression, Function, Match},
    operator::{Aggregate, Aggregation, Named, Operator, Rank},
    token::{Kind, Token, tokens},
    types::Type,
};
use serde_json::{Value, json};

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Query {
    /// The table's name in lower case; its case does not matter.
    pub(in super::super) table: String,
    pub(super) operators: Vec<Operator>,
}

impl Query {
    /// Parses a query.
    pub(in super::super) fn parse(text: &str) -> Result<Self, Wrong> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0, depth: 0 };
        let table = reader.word("a table")?.to_lowercase();
        let mut operators = Vec::new();
        while reader.takes("|") {
            reader.operator(&mut operators)?;
        }
        reader.takes(";");
        match reader.peek().kind {
            Kind::End => Ok(Self { table, operators }),
            _ => Err(reader.peek().instead_of("'|'")),
        }
    }

    /// The members of a column that it looks at; `None` when it needs all of them.
    pub(in super::super) fn members(&self, column: &str) -> Option<Vec<&str>> {
        let mut found = Vec::new();
        for operator in &self.operators {
            operator.reads(column, &mut found);
            if operator.chooses_columns() {
                return found.into_iter().collect();
            }
        }
        None
    }
}

/// Parentheses and calls are nested so deep at most.
const MAX_DEPTH: usize = 64;

struct Reader {
    /// Ends with [`Kind::End`].
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn operator(&mut self, into: &mut Vec<Operator>) -> Result<(), Wrong> {
        let name = self.word("an operator")?;
        match name.as_str() {
            "where" => into.push(Operator::Where(self.either()?)),
            "extend" => into.push(Operator::Extend(self.named()?)),
            "project" if self.takes("-") => {
                let rest = self.word("away")?;
                if rest != "away" {
                    return Err(Wrong::Language { token: format!("project-{rest}") });
                }
                into.push(Operator::ProjectAway(self.names()?));
            }
            "project" => into.push(Operator::Project(self.named()?)),
            "distinct" => into.push(Operator::Distinct(self.names()?)),
            "summarize" => into.push(self.summarize()?),
            "order" | "sort" => {
                self.expect_word("by")?;
                into.push(Operator::Order(self.ranks()?));
            }
            "limit" | "take" => into.push(Operator::Limit(self.count()?)),
            "top" => {
                let count = self.count()?;
                self.expect_word("by")?;
                into.extend([Operator::Order(self.ranks()?), Operator::Limit(count)]);
            }
            "count" => into.push(Operator::Count),
            other => return Err(Wrong::Language { token: other.to_owned() }),
        }
        Ok(())
    }

    fn summarize(&mut self) -> Result<Operator, Wrong> {
        let mut aggregates = Vec::new();
        if !self.is_word("by") {
            loop {
                aggregates.push(self.aggregate()?);
                if !self.takes(",") {
                    break;
                }
            }
        }
        let keys = if self.takes_word("by") { self.named()? } else { Vec::new() };
        if aggregates.is_empty() && keys.is_empty() {
            return Err(self.peek().instead_of("an aggregation"));
        }
        Ok(Operator::Summarize { aggregates, keys })
    }

    fn aggregate(&mut self) -> Result<Aggregate, Wrong> {
        let given = self.name_before_equals();
        let function = self.word("an aggregation")?;
        self.expect("(")?;
        let arguments = self.arguments(")")?;
        let of = |one: &Expression| one.own_name().unwrap_or_default();
        let (name, what) = match (function.as_str(), arguments.as_slice()) {
            ("count", []) => ("count_".to_owned(), Aggregation::Count),
            ("countif", [one]) => ("countif_".to_owned(), Aggregation::CountIf(one.clone())),
            ("dcount", [one]) => (format!("dcount_{}", of(one)), Aggregation::Distinct(one.clone())),
            ("sum", [one]) => (format!("sum_{}", of(one)), Aggregation::Sum(one.clone(), None)),
            ("sumif", [one, asked]) => {
                (format!("sumif_{}", of(one)), Aggregation::Sum(one.clone(), Some(asked.clone())))
            }
            ("max", [one]) => (format!("max_{}", of(one)), Aggregation::Max(one.clone())),
            ("min", [one]) => (format!("min_{}", of(one)), Aggregation::Min(one.clone())),
            ("any" | "take_any", [one]) => (of(one), Aggregation::Any(one.clone())),
            _ => return Err(Wrong::Language { token: function }),
        };
        Ok(Aggregate { name: given.unwrap_or(name), what })
    }

    fn ranks(&mut self) -> Result<Vec<Rank>, Wrong> {
        let mut ranks = Vec::new();
        loop {
            let by = self.either()?;
            // Descending unless told otherwise.
            let descending = !self.takes_word("asc");
            if descending {
                self.takes_word("desc");
            }
            ranks.push(Rank { by, descending });
            if !self.takes(",") {
                return Ok(ranks);
            }
        }
    }

    /// `name = value, value, …`.
    fn named(&mut self) -> Result<Vec<Named>, Wrong> {
        let mut all = Vec::new();
        loop {
            let given = self.name_before_equals();
            let value = self.either()?;
            let name = given.or_else(|| value.own_name()).unwrap_or_else(|| format!("Column{}", all.len() + 1));
            all.push(Named { name, value });
            if !self.takes(",") {
                return Ok(all);
            }
        }
    }

    fn names(&mut self) -> Result<Vec<String>, Wrong> {
        let mut names = vec![self.word("a column")?];
        while self.takes(",") {
            names.push(self.word("a column")?);
        }
        Ok(names)
    }

    fn count(&mut self) -> Result<usize, Wrong> {
        match self.peek().kind {
            Kind::Number(number) if number >= 0.0 && number.fract() == 0.0 && number < 1e9 => {
                self.at += 1;
                Ok(number as usize)
            }
            _ => Err(self.peek().instead_of("a number")),
        }
    }

    fn either(&mut self) -> Result<Expression, Wrong> {
        let mut left = self.both()?;
        while self.takes_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expression, Wrong> {
        let mut left = self.comparison()?;
        while self.takes_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expression, Wrong> {
        let left = self.value()?;
        let word = match &self.peek().kind {
            Kind::Word(word) => word.clone(),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::Text(_) | Kind::Number(_) | Kind::Span(_) | Kind::End => return Ok(left),
        };
        let (name, negated) = word.strip_prefix('!').map_or((word.as_str(), false), |name| (name, true));
        let text = |how: Match| Some(Comparison::Text { how, negated });
        let how = match word.as_str() {
            "==" => Some(Comparison::Equal { folds: false, negated: false }),
            "!=" => Some(Comparison::Equal { folds: false, negated: true }),
            "=~" => Some(Comparison::Equal { folds: true, negated: false }),
            "!~" => Some(Comparison::Equal { folds: true, negated: true }),
            "<" => Some(Comparison::Less),
            "<=" => Some(Comparison::LessOrEqual),
            ">" => Some(Comparison::Greater),
            ">=" => Some(Comparison::GreaterOrEqual),
            _ => match name {
                "contains" => text(Match::Contains),
                "has" => text(Match::Has),
                "startswith" => text(Match::StartsWith),
                "endswith" => text(Match::EndsWith),
                _ => None,
            },
        };
        if let Some(how) = how {
            self.at += 1;
            return Ok(Expression::Compare(Box::new(left), how, Box::new(self.value()?)));
        }
        if !matches!(name, "in" | "in~") {
            return Ok(left);
        }
        let folds = name == "in~";
        self.at += 1;
        self.expect("(")?;
        let list = self.arguments(")")?;
        Ok(Expression::Among { value: Box::new(left), list, folds, negated })
    }

    fn value(&mut self) -> Result<Expression, Wrong> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Wrong::meaning("The query is nested too deeply."));
        }
        let token = self.peek().clone();
        self.at += 1;
        let mut value = match token.kind {
            Kind::Text(ref text) => Expression::Literal(text.as_str().into(), Type::Text),
            Kind::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Expression::Literal((number as i64).into(), Type::Long)
            }
            Kind::Number(number) => Expression::Literal(json!(number), Type::Real),
            Kind::Span(span) => Expression::Literal(span.into(), Type::Span),
            Kind::Sign("(") => {
                let inner = self.either()?;
                self.expect(")")?;
                inner
            }
            Kind::Word(ref word) if word == "true" || word == "false" => {
                Expression::Literal(Value::Bool(word == "true"), Type::Bool)
            }
            Kind::Word(ref word) if self.peek().kind == Kind::Sign("(") => self.call(word)?,
            Kind::Word(ref word) if !word.starts_with('!') => Expression::Column(word.clone()),
            Kind::Word(_) | Kind::Sign(_) | Kind::End => return Err(token.instead_of("an expression")),
        };
        loop {
            if self.takes(".") {
                value = Expression::Member(Box::new(value), self.word("a member")?);
            } else if self.takes("[") {
                let token = self.peek().clone();
                let Kind::Text(name) = token.kind else { return Err(token.instead_of("a text")) };
                self.at += 1;
                self.expect("]")?;
                value = Expression::Member(Box::new(value), name);
            } else {
                self.depth -= 1;
                return Ok(value);
            }
        }
    }

    fn call(&mut self, name: &str) -> Result<Expression, Wrong> {
        self.expect("(")?;
        let function = Function::named(name).ok_or_else(|| Wrong::Language { token: name.to_owned() })?;
        // `datetime(2026-01-31)` is a literal without quotes.
        if name == "datetime" && !matches!(self.peek().kind, Kind::Text(_)) {
            return Err(Wrong::Language { token: name.to_owned() });
        }
        Ok(Expression::Call(function, self.arguments(")")?))
    }

    /// Expressions up to a closing sign, possibly none.
    fn arguments(&mut self, close: &str) -> Result<Vec<Expression>, Wrong> {
        let mut all = Vec::new();
        if self.takes(close) {
            return Ok(all);
        }
        loop {
            all.push(self.either()?);
            if self.takes(close) {
                return Ok(all);
            }
            self.expect(",")?;
        }
    }

    /// Takes `name =`, if that is what comes.
    fn name_before_equals(&mut self) -> Option<String> {
        let Kind::Word(name) = &self.peek().kind else { return None };
        let name = name.clone();
        let follows = self.tokens.get(self.at + 1).is_some_and(|next| next.kind == Kind::Sign("="));
        follows.then(|| {
            self.at += 2;
            name
        })
    }

    fn peek(&self) -> &Token {
        const NOTHING: &Token = &Token { kind: Kind::End, line: 1, column: 1 };
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(NOTHING)
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(&self.peek().kind, Kind::Word(word) if word == wanted)
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let is_it = self.is_word(wanted);
        self.at += usize::from(is_it);
        is_it
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek().kind, Kind::Sign(found) if found == sign);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.takes(sign) { Ok(()) } else { Err(self.peek().instead_of(&format!("'{sign}'"))) }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Wrong> {
        if self.takes_word(word) { Ok(()) } else { Err(self.peek().instead_of(&format!("'{word}'"))) }
    }

    fn word(&mut self, expected: &str) -> Result<String, Wrong> {
        match &self.peek().kind {
            Kind::Word(word) if !word.starts_with('!') => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            Kind::Word(_) | Kind::Text(_) | Kind::Number(_) | Kind::Span(_) | Kind::Sign(_) | Kind::End => {
                Err(self.peek().instead_of(expected))
            }
        }
    }
}
