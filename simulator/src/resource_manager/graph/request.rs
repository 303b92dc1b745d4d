//! What a query asks for: its body, read strictly, and where its page begins.

use super::refusal::Told;
use crate::{
    estate::{instant_text, parse_instant},
    json_error,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use time::OffsetDateTime;

/// The body (OpenAPI: `QueryRequest`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) query: String,
    pub(super) subscriptions: Option<Vec<String>>,
    pub(super) management_groups: Option<Vec<String>>,
    #[serde(default)]
    pub(super) options: Options,
    #[serde(default)]
    facets: Vec<serde_json::Value>,
}

/// OpenAPI: `QueryRequestOptions`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    #[serde(rename = "$top")]
    top: Option<i64>,
    #[serde(rename = "$skip")]
    skip: Option<i64>,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
    #[serde(default)]
    pub(super) result_format: Format,
    #[serde(default)]
    pub(super) allow_partial_scopes: bool,
}

/// How rows are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Format {
    Table,
    #[default]
    ObjectArray,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) skip: usize,
    pub(super) top: Option<usize>,
    /// When the first page was asked for: what the world was like then, all pages show.
    pub(super) at: OffsetDateTime,
}

/// What a `$skipToken` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Held {
    skip: usize,
    top: Option<usize>,
    at: String,
    /// Of query and scopes, with which it can be used only.
    of: u64,
}

impl Asked {
    pub(super) fn read(body: &[u8]) -> Result<Self, Told> {
        let asked: Self = serde_json::from_slice(body)
            .map_err(|error| Told::bad("InvalidRequestBody", &json_error::words(&error)))?;
        if asked.query.trim().is_empty() {
            return Err(Told::bad("EmptyQuery", "Query cannot be null or empty."));
        }
        if !asked.facets.is_empty() {
            return Err(Told::bad("UnsupportedFacets", "Facets are not simulated."));
        }
        let within =
            |value: Option<i64>, least: i64, most: i64| value.is_none_or(|value| (least..=most).contains(&value));
        if !within(asked.options.top, 1, 1_000) || !within(asked.options.skip, 0, i64::from(i32::MAX)) {
            return Err(Told::bad("InvalidPaging", "$top must be between 1 and 1000, and $skip not negative."));
        }
        Ok(asked)
    }

    /// Where its page begins; options win over the token.
    pub(super) fn position(&self, now: OffsetDateTime) -> Result<Position, Told> {
        let number = |value: Option<i64>| value.and_then(|value| usize::try_from(value).ok());
        let (top, skip) = (number(self.options.top), number(self.options.skip));
        let Some(token) = &self.options.skip_token else {
            return Ok(Position { skip: skip.unwrap_or(0), top, at: now });
        };
        let held: Option<Held> = STANDARD.decode(token).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let held = held.filter(|held| held.of == self.identity());
        let (held, at) = held.and_then(|held| parse_instant(&held.at).map(|at| (held, at))).ok_or_else(|| {
            Told::bad("InvalidSkipToken", "The skip token is not one of this query and these scopes.")
        })?;
        Ok(Position { skip: skip.unwrap_or(held.skip), top: top.or(held.top), at: at.min(now) })
    }

    /// The token of the page that begins behind so many rows.
    pub(super) fn token(&self, before: &Position, skip: usize) -> String {
        let held = Held { skip, top: before.top, at: instant_text(before.at), of: self.identity() };
        STANDARD.encode(serde_json::to_vec(&held).unwrap_or_default())
    }

    fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.query, &self.subscriptions, &self.management_groups).hash(&mut hasher);
        hasher.finish()
    }
}
