//! The query over policy states, and over policy events: filter, order, selected columns, window and pages, answered as OData; and the summary
//! over the latest states. Groups of states (`$apply`) are in `state_groups`; `$expand` changes nothing.

use super::{
    error::ArmError,
    odata::Filter,
    paging::{self, Position},
    policy_state::{COLUMNS, Evaluation, Subject, Window},
    reply::Reply,
    request::Call,
    state_groups,
    state_rows::{Table, compare, entity, orders, page_body, selected, unknown},
    world::World,
};
use crate::estate::{ArmId, instant_text, parse_instant};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

impl World {
    /// `queryResults` of `latest` or `default`.
    pub(crate) fn query_states(
        &self,
        scope: &ArmId,
        set: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        if !matches!(set, "latest" | "default") {
            return Err(ArmError::path_not_found(&call.raw_path));
        }
        self.query(Table::States, scope, set, call, now)
    }

    /// `queryResults` of the policy events, of which there is one set.
    pub(crate) fn query_events(
        &self,
        scope: &ArmId,
        set: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        if set != "default" {
            return Err(ArmError::path_not_found(&call.raw_path));
        }
        self.query(Table::Events, scope, set, call, now)
    }

    fn query(
        &self,
        table: Table,
        scope: &ArmId,
        set: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        let subject = self.subject(scope)?;
        let position = Position::of(call)?;
        // The first page's window holds for all pages, so that they fit together.
        let now = parse_instant(&position.mark).map_or(now, |first| first.min(now));
        let window = window(call, now)?;
        let filter = filter(table, call)?;
        let context = context(table, scope, &call.host, set);
        let apply = state_groups::apply(table, call)?;
        let all = match table {
            Table::States => self.evaluations(&subject, window, set == "latest", now),
            Table::Events => self.changes(&subject, window, now),
        };
        let mut found = self.filtered(table, all, filter.as_ref());
        if let Some(apply) = &apply {
            return self.grouped(apply, &found, &position, &context, call, now);
        }
        let column = |name: &str| table.column(name).map(str::to_owned);
        let (orders, columns) = (orders(call, column)?, selected(call, column)?);
        if !orders.is_empty() {
            let by: Vec<&str> = orders.iter().map(|order| order.column.as_str()).collect();
            let mut keyed: Vec<_> = found.into_iter().map(|one| (self.row(&one, &by), one)).collect();
            keyed.sort_by(|(a, _), (b, _)| compare(a, b, &orders));
            found = keyed.into_iter().map(|(_, one)| one).collect();
        }
        let (page, next) = paging::cut(call, found, &position, &instant_text(now), self.pages.policy_states)?;
        let columns: Vec<&str> = match &columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => table.columns().to_vec(),
        };
        let page: Vec<Value> = page.iter().map(|one| entity(self.row(one, &columns), &context)).collect();
        Ok(page_body(page, next, &context))
    }

    /// `summarize` of `latest`.
    pub(crate) fn summarize_states(
        &self,
        scope: &ArmId,
        set: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        if set != "latest" {
            return Err(ArmError::path_not_found(&call.raw_path));
        }
        let subject: Subject = self.subject(scope)?;
        let window = window(call, now)?;
        let (filter, top) = (filter(Table::States, call)?, paging::top(call)?);
        let context = context(Table::States, scope, &call.host, "summary");
        let found = self.filtered(Table::States, self.evaluations(&subject, window, true, now), filter.as_ref());
        let rows: Vec<Map<String, Value>> = found.iter().map(|one| self.row(one, &COLUMNS)).collect();
        let version = call.query.get("api-version").unwrap_or_default();
        let uri = format!(
            "https://{}{scope}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults?api-version={version}\
             &$from={}&$to={}&$filter=IsCompliant eq false",
            call.host,
            instant_text(window.from),
            instant_text(window.to)
        );
        let summary = super::state_summary::summary(&rows, &context, &uri, top);
        Ok(Reply::ok(json!({ "@odata.context": context, "@odata.count": 1, "value": [summary] })))
    }

    fn filtered<'a>(&self, table: Table, all: Vec<Evaluation<'a>>, filter: Option<&Filter>) -> Vec<Evaluation<'a>> {
        let Some(filter) = filter else { return all };
        let mut columns: Vec<&str> = filter.fields().into_iter().filter_map(|name| table.column(name)).collect();
        columns.sort_unstable();
        columns.dedup();
        let keeps = |one: &Evaluation<'_>| {
            let row = self.row(one, &columns);
            filter.matches(&|name| row.get(table.column(name)?))
        };
        all.into_iter().filter(keeps).collect()
    }
}

fn context(table: Table, scope: &ArmId, host: &str, set: &str) -> String {
    format!("https://{host}{scope}/providers/Microsoft.PolicyInsights/{}/$metadata#{set}", table.kind())
}

/// `$to` defaults to now, `$from` to a day before `$to`.
fn window(call: &Call, now: OffsetDateTime) -> Result<Window, ArmError> {
    let read = |option: &str| match call.query.get(option) {
        Some(text) => parse_instant(text)
            .map(Some)
            .ok_or_else(|| ArmError::invalid_query(option, &format!("'{text}' is not an ISO 8601 date and time."))),
        None => Ok(None),
    };
    let to = read("$to")?.unwrap_or(now);
    let from = match read("$from")? {
        Some(from) => from,
        None => to.checked_sub(Duration::days(1)).unwrap_or(to),
    };
    if from > to {
        return Err(ArmError::invalid_query("$from", "it is later than $to."));
    }
    Ok(Window { from, to })
}

fn filter(table: Table, call: &Call) -> Result<Option<Filter>, ArmError> {
    let Some(text) = call.query.get("$filter") else { return Ok(None) };
    let filter = Filter::parse(text).map_err(|reason| ArmError::invalid_query("$filter", &reason))?;
    for field in filter.fields() {
        table.column(field).ok_or_else(|| unknown(field, "$filter"))?;
    }
    Ok(Some(filter))
}
