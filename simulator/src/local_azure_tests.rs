//! The services together, as a client on the other side of TLS sees them.

use std::time::{Duration, Instant};

use super::*;
use crate::{
    faults::{Kind, Rule, Which},
    identity::Caller,
    service_bus::Entity,
    wire_client::{self, text},
};
use axum::{
    body::Body,
    extract::Extension,
    http::{HeaderMap, Request},
    routing::get,
};
use serde_json::Value;

async fn azure() -> LocalAzure {
    let whoami = |Extension(caller): Extension<Caller>| async move { caller.principal.object_id };
    LocalAzure::start(Router::new().route("/whoami", get(whoami)), LocalAzureOptions::default()).await.unwrap()
}

async fn send(
    azure: &LocalAzure,
    method: &str,
    url: &str,
    token: &str,
    body: &str,
) -> Option<(u16, HeaderMap, String)> {
    let request = Request::builder().method(method).uri(url).header("user-agent", "tests/1");
    let request = request.header("content-type", "application/vnd.microsoft.servicebus.json");
    let request = request.header("authorization", token).body(Body::from(body.to_owned())).unwrap();
    let response = wire_client::trusting(azure.authority()).send(request).await.ok()?;
    let headers = response.headers().clone();
    let (status, body) = text(response).await;
    Some((status, headers, body))
}

#[tokio::test]
async fn a_token_from_the_identity_endpoint_opens_each_service_and_only_that() {
    let azure = azure().await;
    let env = azure.worker_env();
    let endpoints = azure.endpoints();
    let pem = std::fs::read_to_string(&env["SSL_CERT_FILE"]).unwrap();
    assert_eq!(pem, azure.authority().certificate_pem());
    let services = [
        (format!("{}/whoami", env["RESOURCE_MANAGER_ENDPOINT"]), "GET", "https://management.core.windows.net/", 200),
        (
            format!("https://{}/wake-ups/messages", env["ServiceBus__fullyQualifiedNamespace"]),
            "POST",
            "https://servicebus.azure.net",
            201,
        ),
        (format!("{}state/nothing", env["STATE_BLOB_ENDPOINT"]), "GET", "https://storage.azure.com", 404),
    ];
    for (service, (url, method, audience, status)) in services.iter().enumerate() {
        let asked = format!("{}?api-version=2019-08-01&resource={audience}", endpoints.identity);
        let request = Request::get(asked).header("x-identity-header", &env["IDENTITY_HEADER"]).body(Body::empty());
        let (_, body) = text(wire_client::plain().send(request.unwrap()).await.unwrap()).await;
        let token = serde_json::from_str::<Value>(&body).unwrap()["access_token"].as_str().unwrap().to_owned();
        let token = format!("Bearer {token}");
        for (other, (url, method, _, _)) in services.iter().enumerate() {
            let (found, headers, body) = send(&azure, method, url, &token, r#"[{"Body":"x"}]"#).await.unwrap();
            if service == other {
                assert_eq!(found, *status, "{body}");
            } else {
                assert_eq!(found, 401, "{url} with a token for {audience}");
                assert!(headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            }
        }
        let (found, _, body) = send(&azure, method, url, "", "[]").await.unwrap();
        assert_eq!(found, 401, "{body}");
    }
    let shapes = azure.ledger().filter(|entry| entry.status == Some(401));
    assert_eq!(shapes.len(), 9);
    assert!(shapes.iter().all(|entry| entry.user_agent == "tests/1"));
}

#[tokio::test]
async fn faults_strike_on_the_wire_and_stand_in_the_ledger() {
    let azure = azure().await;
    azure.ledger().keep_bodies(true);
    let token = format!("Bearer {}", azure.token("https://servicebus.azure.net").unwrap());
    let url = format!("{}/wake-ups/messages", azure.endpoints().service_bus);
    let batch = |id: &str| format!(r#"[{{"Body":"x","BrokerProperties":{{"MessageId":"{id}"}}}}]"#);
    let entity = Entity::queue("wake-ups");
    let mut mark = azure.ledger().mark();
    let cases = [
        (Kind::Throttle { retry_after: 7 }, Some(429), 0),
        (Kind::Status(503), Some(503), 0),
        (Kind::CutBefore, None, 0),
        (Kind::CutAfter, None, 1),
        (Kind::Delay(Duration::from_millis(60)), Some(201), 2),
    ];
    for (round, (kind, status, stored)) in cases.into_iter().enumerate() {
        azure.faults().add(Rule::new("f", Service::ServiceBus, Which::First(1), kind).path_contains("wake-ups"));
        let started = Instant::now();
        let answer = send(&azure, "POST", &url, &token, &batch(&round.to_string())).await;
        assert_eq!(answer.as_ref().map(|(status, _, _)| *status), status, "{kind:?}");
        assert_eq!(azure.broker().peek(&entity).len(), stored, "{kind:?}");
        if let Kind::Delay(delay) = kind {
            assert!(started.elapsed() >= delay);
        }
        let (new, end) = azure.ledger().since(mark);
        mark = end;
        assert_eq!((new.len(), new[0].status, new[0].faults.as_slice()), (1, status, ["f".to_owned()].as_slice()));
        assert_eq!(new[0].request_body.as_deref(), Some(batch(&round.to_string()).as_bytes()));
        if let Kind::Throttle { retry_after } = kind {
            assert_eq!(new[0].retry_after, Some(retry_after));
            assert_eq!(answer.unwrap().1["retry-after"], "7");
        }
    }
    let rule = Rule::new("rm", Service::ResourceManager, Which::Always, Kind::Throttle { retry_after: 5 });
    azure.faults().add(rule);
    let (_, _, body) =
        send(&azure, "GET", &format!("{}/whoami", azure.endpoints().resource_manager), "", "").await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["error"]["code"], "ResourceRequestsThrottled");
    assert!(body["error"]["message"].as_str().unwrap().ends_with("Please try again after '5' seconds."));
}

#[tokio::test]
async fn an_outage_refuses_connections_and_ends_on_the_same_port() {
    let azure = azure().await;
    let token = format!("Bearer {}", azure.token("https://management.azure.com/").unwrap());
    let url = format!("{}/whoami", azure.endpoints().resource_manager);
    let address = url.trim_start_matches("https://localhost:").trim_end_matches("/whoami");
    azure.outage(Service::ResourceManager).await;
    let refused = tokio::net::TcpStream::connect(format!("127.0.0.1:{address}")).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    azure.restore(Service::ResourceManager).await.unwrap();
    let (status, _, body) = send(&azure, "GET", &url, &token, "").await.unwrap();
    assert_eq!(
        (status, body),
        (200, azure.identity().identities().system_assigned.as_ref().unwrap().object_id.clone())
    );
}

#[tokio::test]
async fn a_service_takes_as_long_as_it_is_told_to() {
    let azure = azure().await;
    let token = format!("Bearer {}", azure.token(Cloud::Public.resource_manager_audiences()[0]).unwrap());
    let url = format!("{}/whoami", azure.endpoints().resource_manager);
    azure.latency().set(Service::ResourceManager, Duration::from_millis(300));
    azure.latency().set(Service::Blob, Duration::from_secs(3_600));
    let begun = Instant::now();
    assert_eq!(send(&azure, "GET", &url, &token, "").await.unwrap().0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
}
