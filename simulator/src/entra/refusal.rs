//! How Entra ID refuses: an OAuth error with an `AADSTS` number (Microsoft documentation, "Microsoft Entra authentication and
//! authorization error codes"). Sentences are those of public logs.

use axum::{Json, http::StatusCode, response::IntoResponse};
use serde_json::json;
use time::{OffsetDateTime, macros::format_description};
use uuid::Uuid;

use crate::tls::Response;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The OAuth error.
    pub(super) error: &'static str,
    /// The number behind `AADSTS`.
    pub(super) number: u32,
    pub(super) words: String,
}

impl Refusal {
    fn new(status: u16, error: &'static str, number: u32, words: impl Into<String>) -> Self {
        Self { status, error, number, words: words.into() }
    }

    pub(super) fn unknown_tenant(tenant: &str) -> Self {
        let words = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
             cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the \
             tenant."
        );
        Self::new(400, "invalid_request", 90002, words)
    }

    pub(super) fn only_by_post() -> Self {
        let words = "The endpoint only accepts POST requests. Received a GET request.";
        Self::new(400, "invalid_request", 900_561, words)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let words = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new(400, "invalid_request", 900_144, words)
    }

    pub(super) fn unsupported_grant(grant: &str) -> Self {
        let words = format!("The app requested an unsupported grant type '{grant}'.");
        Self::new(400, "unsupported_grant_type", 70_003, words)
    }

    pub(super) fn unknown_application(client: &str, tenant: &str) -> Self {
        let words = format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the tenant. \
             You may have sent your authentication request to the wrong tenant."
        );
        Self::new(400, "unauthorized_client", 700_016, words)
    }

    pub(super) fn no_credential() -> Self {
        let words =
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        Self::new(401, "invalid_client", 7_000_216, words)
    }

    pub(super) fn wrong_secret(client: &str) -> Self {
        let words = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the \
             client secret ID, for a secret added to app '{client}'."
        );
        Self::new(401, "invalid_client", 7_000_215, words)
    }

    pub(super) fn wrong_assertion_type() -> Self {
        let words = "The client_assertion_type is not supported, expected \
                     'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.";
        // Unverified: the number.
        Self::new(400, "invalid_request", 50_027, words)
    }

    pub(super) fn malformed_assertion() -> Self {
        Self::new(400, "invalid_request", 50_027, "JWT token is invalid or malformed.")
    }

    pub(super) fn unknown_key(thumbprint: &str, client: &str) -> Self {
        let words = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - \
             The key was not found., Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal or Graph \
             Explorer to see configured keys for application Id '{client}'.]"
        );
        Self::new(401, "invalid_client", 700_027, words)
    }

    pub(super) fn wrong_signature() -> Self {
        let words = "Client assertion failed signature validation.";
        Self::new(401, "invalid_client", 700_027, words)
    }

    pub(super) fn not_in_time() -> Self {
        let words = "Client assertion is not within its valid time range.";
        Self::new(401, "invalid_client", 700_024, words)
    }

    pub(super) fn wrong_audience() -> Self {
        Self::new(401, "invalid_client", 700_023, "Client assertion audience claim does not match Realm issuer.")
    }

    pub(super) fn wrong_issuer() -> Self {
        let words = "Client assertion application identifier doesn't match 'client_id' parameter.";
        Self::new(401, "invalid_client", 700_021, words)
    }

    pub(super) fn wrong_scope(scope: &str) -> Self {
        let words = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        Self::new(400, "invalid_scope", 1_002_012, words)
    }

    pub(super) fn unknown_resource(resource: &str, tenant: &str) -> Self {
        let words = format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the tenant. \
             You might have sent your authentication request to the wrong tenant."
        );
        Self::new(400, "invalid_resource", 500_011, words)
    }

    pub(super) fn unknown_instance() -> Self {
        Self::new(400, "invalid_instance", 50_049, "Unknown or invalid instance.")
    }

    /// Nothing is here. Unverified: the real service answers with a page for people.
    pub(super) fn nothing_here() -> Self {
        Self::new(404, "invalid_request", 900_144, "There is nothing at this address.")
    }

    /// The answer.
    pub(super) fn respond(&self, now: OffsetDateTime) -> Response {
        let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
        let stamp = now.format(&format).unwrap_or_default();
        let Self { number, words, .. } = self;
        let body = json!({
            "error": self.error,
            "error_description":
                format!("AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"),
            "error_codes": [number],
            "timestamp": stamp,
            "trace_id": trace.to_string(),
            "correlation_id": correlation.to_string(),
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}")
        });
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(body)).into_response()
    }
}
