//! The HTTP face: takes a call apart, finds its place, asks the world under its lock, and puts on the headers that every
//! answer carries. No rules here, no authentication and no TLS; other layers wrap this one.

use super::{
    ResourceManager,
    error::ArmError,
    observation::{Write, WriteKind},
    quota::Operation,
    reply::Reply,
    request::Call,
    route::Route,
    task::Caller,
    world::World,
};
use crate::{estate::ArmId, identity};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Resource Manager takes requests up to 4 MB (Microsoft documentation: "Resource Manager request limits").
const MAX_BODY: usize = 4 * 1024 * 1024;

impl ResourceManager {
    /// The HTTP service. It answers every path; wrap it in TLS, authentication and faults. A [`Caller`] in a request's
    /// extensions is who it takes the caller for.
    pub fn router(&self) -> axum::Router {
        axum::Router::new().fallback(answer).with_state(self.clone())
    }
}

/// Answers any request.
async fn answer(State(manager): State<ResourceManager>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let identity = parts.extensions.get::<identity::Caller>().cloned();
    let body = axum::body::to_bytes(body, MAX_BODY).await;
    let is_readable = body.is_ok();
    let body = body.map(|bytes| bytes.to_vec()).unwrap_or_default();
    let call = Call::new(parts.method, &parts.uri, &parts.headers, Caller::default(), body).of(identity);
    let now = manager.now();
    let route = Route::find(&call.segments);
    let subscription = subscription_of(&call);
    let (reply, quota) = manager.with_world(now, |world| {
        let kind = operation(&call.method, &route);
        let (reply, quota) = match world.quota.take(subscription.as_deref(), kind, is_insights(&route), now) {
            Err(refused) => {
                let error = ArmError::too_many_requests(&refused, kind.word(), subscription.as_deref());
                let told = ("retry-after".to_owned(), refused.retry_after.to_string());
                (Err(error), refused.headers.into_iter().chain([told]).collect())
            }
            Ok(quota) if is_readable => (dispatch(world, &route, &call, now), quota),
            Ok(quota) => {
                let words = "The request content size exceeds the maximum size of 4 MB.";
                (Err(ArmError::new(413, "RequestEntityTooLarge", words)), quota)
            }
        };
        note_write(world, &route, &call, &reply, now);
        (reply, quota)
    });
    let reply = reply.unwrap_or_else(|error| Reply::with_status(error.status, error.body()));
    respond(reply, quota, &call, &parts.headers, now)
}

fn dispatch(world: &mut World, route: &Route, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
    check_version(call, route)?;
    if let Some(reply) = world.guard(method(call), route, call, now)? {
        return Ok(reply);
    }
    match (method(call), route) {
        (_, Route::UnknownNamespace(namespace)) => Err(ArmError::invalid_namespace(namespace)),
        (_, Route::UnknownType { namespace, kind }) => {
            Err(ArmError::invalid_type(namespace, kind, call.query.get("api-version").unwrap_or_default()))
        }
        (_, Route::Unknown) => Err(ArmError::path_not_found(&call.raw_path)),
        ("GET", Route::Tenants) => world.list_tenants(call),
        ("GET", Route::Subscriptions) => world.list_subscriptions(call, now),
        ("GET", Route::Subscription(id)) => world.get_subscription(id),
        ("GET", Route::ResourceGroup(id)) => world.get_resource_group(id),
        ("GET", Route::Resource(id)) => world.get_resource(id, call),
        ("GET", Route::ManagementGroups) => world.list_management_groups(call),
        ("GET", Route::ManagementGroup(name)) => world.get_management_group(name, call),
        ("GET", Route::Descendants(name)) => world.list_descendants(name, call),
        ("GET", Route::Assignments(scope)) => world.list_assignments(scope, call),
        ("GET", Route::Assignment(id)) => world.get_assignment(id, call),
        ("PUT", Route::Assignment(id)) => world.put_assignment(id, call, now),
        ("DELETE", Route::Assignment(id)) => world.delete_assignment(id),
        ("GET", Route::Definitions(scope)) => world.list_definitions(scope, call),
        ("GET", Route::Definition(id)) => world.get_definition(id),
        ("PUT", Route::Definition(id)) => world.put_definition(id, call),
        ("DELETE", Route::Definition(id)) => world.delete_definition(id),
        ("GET", Route::Initiatives(scope)) => world.list_initiatives(scope, call),
        ("GET", Route::Initiative(id)) => world.get_initiative(id, call),
        ("PUT", Route::Initiative(id)) => world.put_initiative(id, call),
        ("DELETE", Route::Initiative(id)) => world.delete_initiative(id),
        ("GET", Route::Versions { kind, of }) => world.list_versions(*kind, of, call),
        ("GET", Route::Version { kind, of, number }) => world.get_version(*kind, of, number, call),
        ("GET", Route::Exemptions(scope)) => world.list_exemptions(scope, call, now),
        ("GET", Route::Exemption(id)) => world.get_exemption(id),
        ("PUT", Route::Exemption(id)) => world.put_exemption(id, call, now),
        ("DELETE", Route::Exemption(id)) => world.delete_exemption(id),
        ("GET", Route::Remediations(scope)) => world.list_remediations(scope, call, now),
        ("GET", Route::Remediation { scope, name }) => world.get_remediation(scope, name, now),
        ("PUT", Route::Remediation { scope, name }) => world.put_remediation(scope, name, call, now),
        ("DELETE", Route::Remediation { scope, name }) => world.delete_remediation(scope, name, now),
        ("POST", Route::CancelRemediation { scope, name }) => world.cancel_remediation(scope, name, &call.caller, now),
        ("POST", Route::RemediationDeployments { scope, name }) => world.list_deployments(scope, name, call, now),
        ("POST", Route::PolicyStates { scope, set }) => world.query_states(scope, set, call, now),
        ("POST", Route::PolicySummary { scope, set }) => world.summarize_states(scope, set, call, now),
        ("POST", Route::PolicyEvaluation { scope }) => world.trigger_evaluation(scope, call, now),
        ("GET", Route::EvaluationResult { scope, name }) => world.get_evaluation(scope, name, call, now),
        (method, Route::Access(place)) => world.access(method, place, call, now),
        (method, _) => Err(ArmError::method_not_allowed(method)),
    }
}

/// Any version of the service is fine, but there must be one and it must look like one.
fn check_version(call: &Call, route: &Route) -> Result<(), ArmError> {
    if matches!(route, Route::Unknown) {
        return Ok(());
    }
    let version = call.query.get("api-version").ok_or_else(ArmError::missing_api_version)?;
    let (date, suffix) = version.split_at_checked(10).unwrap_or((version, ""));
    let is_date = date.len() == 10
        && date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let is_suffix = suffix.is_empty() || (suffix.starts_with('-') && suffix.len() > 1);
    if is_date && is_suffix { Ok(()) } else { Err(ArmError::invalid_api_version(version)) }
}

fn note_write(world: &mut World, route: &Route, call: &Call, reply: &Result<Reply, ArmError>, now: OffsetDateTime) {
    let (kind, scope, name) = match (method(call), route) {
        ("PUT", Route::Remediation { scope, name }) => (WriteKind::Put, scope, name),
        ("DELETE", Route::Remediation { scope, name }) => (WriteKind::Delete, scope, name),
        ("POST", Route::CancelRemediation { scope, name }) => (WriteKind::Cancel, scope, name),
        _ => return,
    };
    let (status, refused) = match reply {
        Ok(reply) => (reply.status, None),
        Err(error) => (error.status, Some(error.code.clone())),
    };
    let task = ArmId::new(format!("{scope}/providers/Microsoft.PolicyInsights/remediations/{name}"));
    world.writes.push(Write { at: now, kind, task, status, refused });
}

/// HEAD is answered as GET; the server leaves the body out.
fn method(call: &Call) -> &str {
    if call.method == Method::HEAD { "GET" } else { call.method.as_str() }
}

/// Queries by POST count as reads (recorded).
fn operation(method: &Method, route: &Route) -> Operation {
    match (method.as_str(), route) {
        ("POST", Route::PolicyStates { .. } | Route::PolicySummary { .. } | Route::RemediationDeployments { .. }) => {
            Operation::Read
        }
        ("DELETE", _) => Operation::Delete,
        ("PUT" | "POST" | "PATCH", _) => Operation::Write,
        _ => Operation::Read,
    }
}

fn is_insights(route: &Route) -> bool {
    matches!(
        route,
        Route::Remediations(_)
            | Route::Remediation { .. }
            | Route::CancelRemediation { .. }
            | Route::RemediationDeployments { .. }
            | Route::PolicyStates { .. }
            | Route::PolicySummary { .. }
            | Route::PolicyEvaluation { .. }
            | Route::EvaluationResult { .. }
    )
}

fn subscription_of(call: &Call) -> Option<String> {
    match call.segments.as_slice() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => Some(id.clone()),
        _ => None,
    }
}

/// The headers are those of recorded answers.
fn respond(
    reply: Reply,
    quota: Vec<(String, String)>,
    call: &Call,
    asked: &HeaderMap,
    now: OffsetDateTime,
) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let routing = format!(
        "LOCAL:{:04}{:02}{:02}T{:02}{:02}{:02}Z:{}",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        Uuid::new_v4()
    );
    let mut headers = reply.headers;
    headers.extend(quota);
    headers.extend(
        [
            ("cache-control", "no-cache"),
            ("pragma", "no-cache"),
            ("expires", "-1"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-request-id", request_id.as_str()),
            ("x-ms-correlation-request-id", call.correlation_id.as_str()),
            ("x-ms-routing-request-id", routing.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    if let Some(id) = asked.get("x-ms-client-request-id").and_then(|value| value.to_str().ok()) {
        headers.push(("x-ms-client-request-id".to_owned(), id.to_owned()));
    }
    let body = match &reply.body {
        Some(body) => {
            headers.push((header::CONTENT_TYPE.to_string(), "application/json; charset=utf-8".to_owned()));
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
