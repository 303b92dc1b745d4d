//! Which budgets a call is taken from, and in which order it is looked at before anything is done for it.

use super::{
    api_versions,
    error::ArmError,
    quota::{Asked, Headers, Kind, Operation, Refused},
    request::Call,
    route::Route,
    world::World,
};
use axum::http::Method;
use time::OffsetDateTime;

/// What is told of the budgets of a call that has room in them.
pub(crate) struct Charged {
    /// By Resource Manager, with every answer.
    pub(crate) always: Headers,
    /// By the provider, with an answer that is no error (recorded).
    pub(crate) with_success: Headers,
}

/// A call that is not looked at any further, and what is told of budgets.
pub(crate) struct Stopped {
    pub(crate) error: ArmError,
    pub(crate) headers: Headers,
}

/// Takes a call from its budgets, unless something is wrong with it that Resource Manager sees.
pub(crate) fn charge(
    world: &mut World,
    route: &Route,
    call: &Call,
    is_readable: bool,
    now: OffsetDateTime,
) -> Result<Charged, Stopped> {
    let subscription = subscription_of(call);
    let asked = Asked {
        principal: &call.caller.object_id,
        subscription: subscription.as_deref(),
        operation: operation(&call.method, route),
        kind: kind(route),
    };
    let window = world.quota.allowance.window;
    let refuse = |refused: Refused, left: Headers| -> Stopped {
        let told = ("retry-after".to_owned(), refused.retry_after.to_string());
        let headers = left.into_iter().chain([told]).collect();
        Stopped { error: ArmError::too_many_requests(&refused, &asked, window), headers }
    };
    let always = match world.quota.pass(asked, now) {
        Ok(always) => always,
        Err(refused) => {
            let left = refused.headers.clone();
            return Err(refuse(refused, left));
        }
    };
    if !is_readable {
        let words = "The request content size exceeds the maximum size of 4 MB.";
        return Err(Stopped { error: ArmError::new(413, "RequestEntityTooLarge", words), headers: always });
    }
    if let Err(error) = api_versions::check(call, route) {
        return Err(Stopped { error, headers: always });
    }
    match world.quota.count(asked, now) {
        Ok(with_success) => Ok(Charged { always, with_success }),
        Err(refused) => Err(refuse(refused, always)),
    }
}

/// Queries by POST count as reads (recorded).
fn operation(method: &Method, route: &Route) -> Operation {
    match (method.as_str(), route) {
        (
            "POST",
            Route::PolicyStates { .. }
            | Route::PolicyEvents { .. }
            | Route::PolicySummary { .. }
            | Route::RemediationDeployments { .. }
            | Route::ResourceGraph,
        ) => Operation::Read,
        ("DELETE", _) => Operation::Delete,
        ("PUT" | "POST" | "PATCH", _) => Operation::Write,
        _ => Operation::Read,
    }
}

/// What Microsoft.PolicyInsights counts a call as; none for calls of others. Which budget the polls of an evaluation have is
/// not known.
pub(crate) fn kind(route: &Route) -> Option<Kind> {
    match route {
        Route::Remediations(_)
        | Route::Remediation { .. }
        | Route::CancelRemediation { .. }
        | Route::RemediationDeployments { .. } => Some(Kind::Remediations),
        Route::PolicyStates { .. }
        | Route::PolicyEvents { .. }
        | Route::PolicySummary { .. }
        | Route::EvaluationResult { .. } => Some(Kind::Queries),
        Route::PolicyEvaluation { .. } => Some(Kind::Evaluations),
        Route::Tenants
        | Route::Subscriptions
        | Route::Subscription(_)
        | Route::Locations(_)
        | Route::Providers(_)
        | Route::Provider { .. }
        | Route::Registration { .. }
        | Route::ResourceGroups(_)
        | Route::Resources(_)
        | Route::Queues(_)
        | Route::Queue { .. }
        | Route::Deployments(_)
        | Route::Deployment { .. }
        | Route::ResourceGroup(_)
        | Route::Resource(_)
        | Route::ManagementGroups
        | Route::ManagementGroup(_)
        | Route::Descendants(_)
        | Route::GroupSubscriptions(_)
        | Route::GroupSubscription { .. }
        | Route::Assignments(_)
        | Route::Assignment(_)
        | Route::Definitions(_)
        | Route::Definition(_)
        | Route::Initiatives(_)
        | Route::Initiative(_)
        | Route::Exemptions(_)
        | Route::Exemption(_)
        | Route::Versions { .. }
        | Route::Version { .. }
        | Route::Access(_)
        | Route::Shown(_)
        | Route::InsightsOperations
        // It counts its queries itself.
        | Route::ResourceGraph
        | Route::UnknownType { .. }
        | Route::UnknownNamespace(_)
        | Route::Unknown => None,
    }
}

fn subscription_of(call: &Call) -> Option<String> {
    match call.segments.as_slice() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => Some(id.clone()),
        _ => None,
    }
}
