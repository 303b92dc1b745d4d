//! Microsoft.ResourceGraph: one query over many subscriptions, delegated ones too, answered from what the caller may read.
//! `kql` is the language, the rest what the service does around it: scopes, pages, budgets and refusals.

mod answer;
mod kql;
pub(super) mod limits;
pub(super) mod quota;
mod refusal;
mod request;
mod scope;
mod tables;

pub use limits::GraphLimits;

use super::{reply::Reply, request::Call, world::World};
use kql::Query;
use refusal::{Told, refused};
use request::Asked;
use time::OffsetDateTime;

impl World {
    /// `POST /providers/Microsoft.ResourceGraph/resources`. Every answer tells what is left of the caller's budget, a refused
    /// query has cost some of it, too.
    pub(crate) fn query_graph(&mut self, call: &Call, now: OffsetDateTime) -> Reply {
        let caller = call.identity.as_ref().map_or(call.caller.object_id.as_str(), |one| &one.principal.object_id);
        let (is_in, headers) = self.graph_quota.take(caller, &self.quota.allowance, now);
        let answer = if is_in { self.ask_graph(call, now) } else { Err(Told::throttled()) };
        let mut reply = answer.unwrap_or_else(|told| refused(&told, call, now));
        reply.headers.extend(headers);
        reply
    }

    fn ask_graph(&self, call: &Call, now: OffsetDateTime) -> Result<Reply, Told> {
        let asked = Asked::read(&call.body)?;
        let query = Query::parse(&asked.query).map_err(Told::wrong)?;
        let position = asked.position(now)?;
        let scope = self.graph_scope(&asked, call, now)?;
        let (schema, rows) = self.graph_table(&query, &scope, position.at)?;
        let chance = u64::from(now.nanosecond()) ^ now.unix_timestamp().unsigned_abs();
        let output = kql::run(&query, &schema, rows, position.at, chance).map_err(Told::wrong)?;
        let reply = answer::answer(&asked, &position, output, self.graph_limits.rows);
        Ok(if scope.is_cut { reply.with_header("x-ms-tenant-subscription-limit-hit", "true") } else { reply })
    }
}
