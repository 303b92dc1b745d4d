//! The answer to a query over policy states that groups them: rows of the groups instead of states, filtered before and
//! ordered, selected and paged after the grouping.

use super::{
    apply::Apply,
    error::ArmError,
    paging::{self, Position},
    policy_state::Evaluation,
    reply::Reply,
    request::Call,
    state_rows::{Table, compare, entity, orders, page_body, selected},
    world::World,
};
use crate::estate::instant_text;
use serde_json::Value;
use time::OffsetDateTime;

/// Reads `$apply`.
pub(super) fn apply(table: Table, call: &Call) -> Result<Option<Apply>, ArmError> {
    let Some(text) = call.query.get("$apply") else { return Ok(None) };
    Apply::parse(text, |name| table.column(name)).map(Some).map_err(|reason| ArmError::invalid_query("$apply", &reason))
}

impl World {
    /// Groups states and answers the page that a call asks for.
    pub(super) fn grouped(
        &self,
        apply: &Apply,
        found: &[Evaluation<'_>],
        position: &Position,
        context: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        let known = |name: &str| apply.column(name).map(str::to_owned);
        let (orders, columns) = (orders(call, known)?, selected(call, known)?);
        let reads = apply.reads();
        let mut rows = apply.over(found.iter().map(|one| self.row(one, &reads)));
        // Stable, so that groups of equal rank keep their order from page to page.
        rows.sort_by(|a, b| compare(a, b, &orders));
        let (page, next) = paging::cut(call, rows, position, &instant_text(now), self.pages.policy_states)?;
        let shown = page.into_iter().map(|mut row| {
            if let Some(columns) = &columns {
                row.retain(|name, _| columns.contains(name));
            }
            entity(row, context)
        });
        let page: Vec<Value> = shown.collect();
        Ok(page_body(page, next, context))
    }
}
