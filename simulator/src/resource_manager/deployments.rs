//! The deployments that tasks have made, as Microsoft.Resources shows them: where each went, when, and how it ended. Only they are
//! here; nobody deploys anything else. Shape: OpenAPI, deployments 2024-11-01.

use super::{
    error::{ArmError, failure_body},
    reply::Reply,
    request::Call,
    task::{Deployment, Task},
    world::World,
};
use crate::estate::{ArmId, Attempt, instant_text};
use serde_json::{Value, json};
use time::OffsetDateTime;

impl World {
    /// The newest first, as the service does.
    pub(crate) fn list_template_deployments(
        &self,
        scope: &ArmId,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let wanted = call.query.get("$filter").map(read_filter).transpose()?;
        let mut found: Vec<(&Task, &Deployment)> = self.deployments_at(scope, now).collect();
        found.sort_by_key(|(_, one)| std::cmp::Reverse(one.began_at));
        let bodies = found.into_iter().map(|(task, one)| body(task, one, now));
        let is_wanted = |body: &Value| {
            let state = body["properties"]["provisioningState"].as_str().unwrap_or_default();
            wanted.as_ref().is_none_or(|(word, is_equal)| word.eq_ignore_ascii_case(state) == *is_equal)
        };
        self.page(call, bodies.filter(is_wanted).collect())
    }

    pub(crate) fn get_template_deployment(
        &self,
        scope: &ArmId,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let found = self.deployments_at(scope, now).find(|(_, one)| name_of(one).eq_ignore_ascii_case(name));
        let missing = || ArmError::new(404, "DeploymentNotFound", format!("Deployment '{name}' could not be found."));
        let (task, one) = found.ok_or_else(missing)?;
        Ok(Reply::ok(body(task, one, now)))
    }

    /// Right at a scope, not below it.
    fn deployments_at<'a>(
        &'a self,
        scope: &'a ArmId,
        now: OffsetDateTime,
    ) -> impl Iterator<Item = (&'a Task, &'a Deployment)> {
        let all = self.tasks.iter().flat_map(|task| task.deployments().iter().map(move |one| (task, one)));
        all.filter(move |(_, one)| one.began_at <= now && ArmId::new(&one.id).parent_scope() == *scope)
    }
}

fn name_of(deployment: &Deployment) -> &str {
    deployment.id.rsplit('/').next().unwrap_or_default()
}

/// `provisioningState eq 'Failed'` (Microsoft documentation, "Deployments - List By Resource Group"), or `ne`.
fn read_filter(text: &str) -> Result<(String, bool), ArmError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [field, operator @ ("eq" | "ne"), state] if field.eq_ignore_ascii_case("provisioningState") => {
            Ok((state.trim_matches('\'').to_owned(), *operator == "eq"))
        }
        _ => Err(ArmError::invalid_query("$filter", &format!("'{text}' is not supported here."))),
    }
}

fn body(task: &Task, deployment: &Deployment, now: OffsetDateTime) -> Value {
    let (state, until) = match &deployment.outcome {
        _ if deployment.ends_at > now => ("Running", now),
        Attempt::Succeed => ("Succeeded", deployment.ends_at),
        Attempt::Fail(_) => ("Failed", deployment.ends_at),
    };
    let mut body = json!({
        "id": deployment.id,
        "name": name_of(deployment),
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "mode": "Incremental",
            "provisioningState": state,
            "timestamp": instant_text(until),
            "duration": format!("PT{}S", (until - deployment.began_at).as_seconds_f64().max(0.0)),
            "correlationId": task.correlation_id,
            "providers": [],
            "dependencies": []
        }
    });
    if let (Attempt::Fail(failure), "Failed") = (&deployment.outcome, state) {
        body["properties"]["error"] = failure_body(failure);
    }
    body
}
