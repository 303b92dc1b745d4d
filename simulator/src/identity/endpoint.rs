//! The App Service identity endpoint: plain HTTP on loopback, as in Azure, guarded by a secret in `X-IDENTITY-HEADER`.
//! Source: Microsoft documentation, "How to use managed identities for App Service", REST endpoint reference.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::HeaderMap,
    response::IntoResponse,
    routing::get,
};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Principal, Tokens};
use crate::{refusal, tls::Response};

/// The identities of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedIdentities {
    /// Asked for without a `client_id`.
    pub system_assigned: Option<Principal>,
    /// Asked for by `client_id`, `principal_id` or `object_id`.
    pub user_assigned: Vec<Principal>,
}

/// The identity endpoint. Clones share it.
#[derive(Clone)]
pub struct Identity {
    tokens: Tokens,
    identities: Arc<ManagedIdentities>,
    secret: Arc<str>,
}

impl Identity {
    /// An endpoint that issues tokens to these identities, with a random secret.
    pub fn new(tokens: Tokens, identities: ManagedIdentities) -> Self {
        let secret = Uuid::new_v4().simple().to_string().to_uppercase();
        Self { tokens, identities: Arc::new(identities), secret: secret.into() }
    }

    /// The value of `IDENTITY_HEADER`.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Its tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The identities of the app.
    pub fn identities(&self) -> &ManagedIdentities {
        &self.identities
    }

    /// The path of `IDENTITY_ENDPOINT`, as in Azure.
    pub const PATH: &str = "/msi/token";

    /// The protocol.
    pub fn router(&self) -> Router {
        Router::new().route(Self::PATH, get(token)).with_state(self.clone())
    }

    fn answer(&self, secret: Option<&str>, query: &HashMap<String, String>, now: OffsetDateTime) -> Response {
        if secret != Some(&self.secret) {
            return refusal::identity(401, "The X-IDENTITY-HEADER header is missing or does not match.");
        }
        match query.get("api-version").map(String::as_str) {
            Some("2019-08-01") => {}
            Some(other) => return refusal::identity(400, &format!("The api-version '{other}' is not supported.")),
            None => return refusal::identity(400, "The query parameter 'api-version' is required."),
        }
        let Some(resource) = query.get("resource").filter(|resource| !resource.is_empty()) else {
            return refusal::identity(400, "The query parameter 'resource' is required.");
        };
        let Some(principal) = self.identities.find(query) else {
            return refusal::identity(
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
            );
        };
        let (token, expires) = self.tokens.issue(&principal, resource, now);
        Json(json!({
            "access_token": token,
            "client_id": principal.client_id,
            "expires_on": expires.unix_timestamp().to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }))
        .into_response()
    }
}

impl ManagedIdentities {
    fn find(&self, query: &HashMap<String, String>) -> Option<Principal> {
        let named = |name: &str| query.get(name).filter(|value| !value.is_empty());
        if let Some(client) = named("client_id") {
            return self.user_assigned.iter().find(|known| known.client_id.eq_ignore_ascii_case(client)).cloned();
        }
        if let Some(object) = named("principal_id").or_else(|| named("object_id")) {
            return self.user_assigned.iter().find(|known| known.object_id.eq_ignore_ascii_case(object)).cloned();
        }
        if named("mi_res_id").or_else(|| named("msi_res_id")).is_some() {
            return None;
        }
        self.system_assigned.clone()
    }
}

async fn token(
    State(identity): State<Identity>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let secret = headers.get("x-identity-header").and_then(|value| value.to_str().ok());
    identity.answer(secret, &query, OffsetDateTime::now_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use time::macros::datetime;

    #[tokio::test]
    async fn the_endpoint_answers_as_app_service_does() {
        let system = Principal::random();
        let user = Principal::random();
        let identities = ManagedIdentities { system_assigned: Some(system.clone()), user_assigned: vec![user.clone()] };
        let identity = Identity::new(Tokens::new("t").unwrap(), identities);
        let good = [("api-version", "2019-08-01"), ("resource", "https://servicebus.azure.net")];
        let with = |name, value| [good.as_slice(), &[(name, value)]].concat();
        let by_client = with("client_id", user.client_id.as_str());
        let by_object = with("object_id", user.object_id.as_str());
        let unknown = with("client_id", "nobody");
        type Case<'a> = (Option<&'a str>, &'a [(&'a str, &'a str)], u16, Option<&'a Principal>);
        let cases: [Case; 8] = [
            (Some(identity.secret()), &good, 200, Some(&system)),
            (Some(identity.secret()), &by_client, 200, Some(&user)),
            (Some(identity.secret()), &by_object, 200, Some(&user)),
            (Some(identity.secret()), &unknown, 400, None),
            (Some(identity.secret()), &good[..1], 400, None),
            (Some(identity.secret()), &good[1..], 400, None),
            (Some("wrong"), &good, 401, None),
            (None, &good, 401, None),
        ];
        for (secret, query, status, principal) in cases {
            let query = query.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let response = identity.answer(secret, &query, datetime!(2026-11-21 07:00 UTC));
            assert_eq!(response.status().as_u16(), status, "{query:?}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            match principal {
                Some(principal) => {
                    assert_eq!(body["client_id"], principal.client_id.as_str());
                    assert_eq!(body["expires_on"], "1795330800", "a string, as App Service sends it");
                }
                None => assert_eq!(body["statusCode"], status),
            }
        }
    }
}
