//! The HTTP face: takes a call apart, finds its place, asks the world under its lock, and answers. No rules here, no
//! authentication and no TLS; other layers wrap this one.

use super::{
    ResourceManager,
    charge::{Charged, Stopped, charge, kind},
    error::ArmError,
    observation::{Write, WriteKind},
    reply::Reply,
    request::Call,
    respond::{Style, respond},
    route::Route,
    task::Caller,
    world::World,
};
use crate::{estate::ArmId, identity};
use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use time::OffsetDateTime;

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
    let (reply, quota) = manager.with_world(now, |world| {
        world.placing.move_on();
        let (reply, quota) = match charge(world, &route, &call, is_readable, now) {
            Err(Stopped { error, headers }) => (Err(error), headers),
            Ok(Charged { always, with_success }) => match dispatch(world, &route, &call, now) {
                Ok(reply) => (Ok(as_asked(reply, &route, &call)), always.into_iter().chain(with_success).collect()),
                Err(error) => (Err(error), always),
            },
        };
        note_write(world, &route, &call, &reply, now);
        (reply, quota)
    });
    let is_insights = kind(&route).is_some();
    let style = match &reply {
        Err(error) if is_insights && !error.is_of_resource_manager() => Style::InsightsError,
        Ok(_) if is_insights => Style::Insights,
        Ok(_) | Err(_) => Style::ResourceManager,
    };
    let reply = reply.unwrap_or_else(|error| Reply::with_status(error.status, error.body()));
    respond(reply, quota, style, &call, &parts.headers, now)
}

fn dispatch(world: &mut World, route: &Route, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
    if let Some(reply) = world.guard(method(call), route, call, now)? {
        return Ok(reply);
    }
    if kind(route).is_some() {
        world.check_registered("Microsoft.PolicyInsights", &ArmId::new(call.segments.join("/")))?;
    }
    world.check_locks(method(call), route, call)?;
    match (method(call), route) {
        (_, Route::UnknownNamespace(namespace)) => Err(ArmError::invalid_namespace(namespace)),
        (_, Route::UnknownType { namespace, kind }) => {
            Err(ArmError::invalid_type(namespace, kind, call.query.get("api-version").unwrap_or_default()))
        }
        (_, Route::Unknown) => Err(ArmError::path_not_found(&call.raw_path)),
        ("GET", Route::Tenants) => world.list_tenants(call),
        ("GET", Route::Subscriptions) => world.list_subscriptions(call, now),
        ("GET", Route::Subscription(id)) => world.get_subscription(id),
        ("GET", Route::Locations(id)) => world.list_locations(id, call),
        ("GET", Route::Providers(id)) => world.list_providers(id.as_deref(), call),
        ("GET", Route::Provider { subscription, namespace }) => world.get_provider(subscription.as_deref(), namespace),
        ("POST", Route::Registration { subscription, namespace, registers }) => {
            world.register(subscription, namespace, *registers)
        }
        ("GET", Route::ResourceGroups(id)) => world.list_resource_groups(id, call),
        ("GET", Route::Resources(scope)) => world.list_resources(scope, call),
        ("GET", Route::Deployments(scope)) => world.list_template_deployments(scope, call, now),
        ("GET", Route::Deployment { scope, name }) => world.get_template_deployment(scope, name, now),
        ("GET", Route::ResourceGroup(id)) => world.get_resource_group(id),
        ("GET", Route::Resource(id)) => world.get_resource(id, call),
        ("GET", Route::ManagementGroups) => world.list_management_groups(call, now),
        ("GET", Route::ManagementGroup(name)) => world.get_management_group(name, call),
        ("GET", Route::Descendants(name)) => world.list_descendants(name, call),
        ("GET", Route::GroupSubscriptions(name)) => world.list_group_subscriptions(name, call),
        ("GET", Route::GroupSubscription { group, id }) => world.get_group_subscription(group, id),
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
        ("GET", Route::Queues(namespace)) => world.list_queues(namespace, call),
        ("GET", Route::Queue { namespace, name }) => world.get_queue(namespace, name),
        ("GET", Route::Remediations(scope)) => world.list_remediations(scope, call, now),
        ("GET", Route::Remediation { scope, name }) => world.get_remediation(scope, name, now),
        ("PUT", Route::Remediation { scope, name }) => world.put_remediation(scope, name, call, now),
        ("DELETE", Route::Remediation { scope, name }) => world.delete_remediation(scope, name, now),
        ("POST", Route::CancelRemediation { scope, name }) => world.cancel_remediation(scope, name, &call.caller, now),
        ("POST", Route::RemediationDeployments { scope, name }) => world.list_deployments(scope, name, call, now),
        ("POST", Route::PolicyStates { scope, set }) => world.query_states(scope, set, call, now),
        ("POST", Route::PolicyEvents { scope, set }) => world.query_events(scope, set, call, now),
        ("GET", Route::InsightsOperations) => Ok(World::list_operations()),
        ("POST", Route::PolicySummary { scope, set }) => world.summarize_states(scope, set, call, now),
        ("POST", Route::PolicyEvaluation { scope }) => world.trigger_evaluation(scope, call, now),
        ("GET", Route::EvaluationResult { scope, name }) => world.get_evaluation(scope, name, call, now),
        ("POST", Route::ResourceGraph) => Ok(world.query_graph(call, now)),
        ("GET", Route::Shown(place)) => world.show(place, call),
        (method, Route::Access(place)) => world.access(method, place, call, now),
        (method, _) => Err(ArmError::method_not_allowed(method)),
    }
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

/// Whether something is there is asked by HEAD, and answered with 204 (OpenAPI, `ResourceGroups_CheckExistence` and
/// `Resources_CheckExistenceById`).
fn as_asked(reply: Reply, route: &Route, call: &Call) -> Reply {
    let only_asks = call.method == Method::HEAD && matches!(route, Route::ResourceGroup(_) | Route::Resource(_));
    if only_asks { Reply::empty(204) } else { reply }
}

/// HEAD is answered as GET; the server leaves the body out.
fn method(call: &Call) -> &str {
    if call.method == Method::HEAD { "GET" } else { call.method.as_str() }
}
