//! Evaluations on demand: asked for at a subscription or a group, a long-running operation as recorded, at whose end the
//! states of all that the scope holds have a new time.

use super::{error::ArmError, evaluation::Evaluation, reply::Reply, request::Call, world::World};
use crate::estate::{ArmId, Scope};
use time::OffsetDateTime;
use uuid::Uuid;

/// Longest pause that an answer asks for (recorded).
const RETRY_AFTER: u64 = 30;

impl World {
    pub(crate) fn trigger_evaluation(
        &mut self,
        scope: &ArmId,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        match self.check_scope(scope)? {
            Scope::Subscription(_) | Scope::ResourceGroup(..) => {}
            Scope::Tenant | Scope::ManagementGroup(_) | Scope::Resource(_) => {
                return Err(ArmError::path_not_found(&call.raw_path));
            }
        }
        let name = Uuid::new_v4().to_string();
        self.evaluations.push(Evaluation {
            name: name.clone(),
            scope: scope.clone(),
            began_at: now,
            ends_at: now + self.tempo.on_demand,
            is_done: false,
        });
        // Wherever it was asked for, the operation is the subscription's (recorded).
        let subscription = scope.subscription().unwrap_or_default();
        let place =
            format!("/subscriptions/{subscription}/providers/Microsoft.PolicyInsights/asyncOperationResults/{name}");
        Ok(self.goes_on(&place, call))
    }

    pub(crate) fn get_evaluation(
        &self,
        scope: &ArmId,
        name: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let found =
            self.evaluations.iter().find(|one| one.name == name && one.scope.subscription() == scope.subscription());
        let found = found.ok_or_else(|| ArmError::path_not_found(&call.raw_path))?;
        if found.ends_at > now {
            return Ok(self.goes_on(&call.raw_path, call));
        }
        Ok(Reply::ok(serde_json::json!({ "status": "Succeeded" })))
    }

    fn goes_on(&self, path: &str, call: &Call) -> Reply {
        let version = call.query.get("api-version").unwrap_or_default();
        let location = format!("https://{}{path}?api-version={version}", call.host);
        let seconds = self.tempo.on_demand.as_millis().div_ceil(1_000).clamp(1, u128::from(RETRY_AFTER));
        Reply::empty(202).with_header("location", location).with_header("retry-after", seconds.to_string())
    }

    /// When the next evaluation ends of those that run.
    pub(crate) fn next_evaluation(&self) -> Option<OffsetDateTime> {
        self.evaluations.iter().filter(|one| !one.is_done).map(|one| one.ends_at).min()
    }

    /// Ends the evaluations whose time has come: what they found is what is true.
    pub(crate) fn end_evaluations(&mut self, now: OffsetDateTime) {
        let mut ended = Vec::new();
        for one in self.evaluations.iter_mut().filter(|one| !one.is_done && one.ends_at <= now) {
            one.is_done = true;
            ended.push((one.scope.clone(), one.began_at, one.ends_at));
        }
        for (scope, began_at, at) in ended {
            let estate = &self.estate;
            for record in self.records.all.iter_mut().filter(|one| estate.covers(&scope, &one.key().resource)) {
                if let Some(found) = record.at(at).cloned() {
                    record.evaluated(found.state, found.reason, began_at, at);
                }
            }
        }
    }
}
