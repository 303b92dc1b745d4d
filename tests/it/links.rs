//! The links to further pages are followed by whichever method the service takes there, and never in a circle.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use simulator::{LocalAzure, LocalAzureOptions};

use policy_remediator::arm::{ArmClient, ArmError, calls};
use policy_remediator::azure::{Clocks, Deadline, client_options, http_client};
use remediation::document::TaskName;
use remediation::fact::Deployment;
use remediation::id::{AssignmentId, ResourceId, Target};

use crate::fixtures::Token;

/// A page with one deployment, and the link to another.
fn page(number: usize, next: Option<String>) -> Response {
    let deployment = json!({ "remediatedResourceId": format!("/{number}"), "status": "Succeeded" });
    axum::Json(json!({ "value": [deployment], "nextLink": next })).into_response()
}

/// What the list of a task's deployments gives where `answer` tells of pages by method, number and their address.
async fn list<F>(answer: F) -> Result<Vec<Deployment>, ArmError>
where
    F: Fn(Method, usize, String) -> Response + Clone + Send + Sync + 'static,
{
    let serve = move |method: Method, uri: Uri, headers: axum::http::HeaderMap| {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        let number = uri.query().and_then(|query| query.split_once("page=")).and_then(|(_, n)| n.parse().ok());
        let response = answer(method, number.unwrap_or(0), format!("https://{host}/list?page="));
        async move { response }
    };
    let azure = LocalAzure::start(Router::new().fallback(serve), LocalAzureOptions::default()).await.unwrap();
    let places = azure.endpoints();
    let client = http_client(Some(&places.ca_file)).unwrap();
    let token = Arc::new(Token(azure.token("https://management.azure.com").unwrap()));
    let audience = "https://management.azure.com/.default".to_owned();
    let arm = ArmClient::new(
        places.resource_manager.parse().unwrap(),
        audience,
        token,
        client_options(&client),
        Clocks::default(),
    );
    let scope = "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2";
    let resource: ResourceId = format!("{scope}/resourceGroups/g/providers/a.b/c/d").parse().unwrap();
    let assignment: AssignmentId =
        format!("{scope}/providers/Microsoft.Authorization/policyAssignments/a").parse().unwrap();
    let target = Target::of(&resource, assignment, None);
    let call = calls::list_deployments(&target, &TaskName::new(&"links".parse().unwrap(), &target.hash(), 1));
    arm.send_paged(&call, Deadline::after(std::time::Duration::from_secs(10))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_method_is_refused_is_followed_by_the_other_from_then_on() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = refused.clone();
    let found = list(move |method, number, link| match (method == Method::POST, number) {
        (false, 0) => StatusCode::NOT_FOUND.into_response(),
        (true, 1..) => {
            counted.fetch_add(1, Ordering::Relaxed);
            StatusCode::METHOD_NOT_ALLOWED.into_response()
        }
        (_, number) => page(number, (number < 4).then(|| format!("{link}{}", number + 1))),
    })
    .await
    .unwrap();
    assert_eq!(found.iter().map(|one| one.resource.as_str()).collect::<Vec<_>>(), ["/0", "/1", "/2", "/3", "/4"]);
    assert_eq!(refused.load(Ordering::Relaxed), 1, "what was learned is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_no_method_opens_is_an_error() {
    let found = list(|_, number, link| match number {
        0 => page(0, Some(format!("{link}1"))),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    })
    .await;
    assert!(matches!(found, Err(ArmError::Refused { status: 405, .. })), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_in_a_circle_are_an_error() {
    let found = list(|_, number, link| page(number, Some(format!("{link}{}", 1 + number % 3)))).await;
    match found {
        Err(ArmError::Unreadable { words, .. }) => assert!(words.contains("leads back"), "{words}"),
        other => panic!("{other:?}"),
    }
}
