//! The words in which each service refuses: throttling, failures, and requests without a good token. One shape a
//! service, because clients branch on it. Sources: the Azure REST references of the services and captured answers.

use axum::{body::Body, http::header::HeaderName};
use hyper::{StatusCode, header};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Service, identity::TokenProblem, tls::Response};

/// 429 with `Retry-After` in whole seconds.
pub(crate) fn throttled(service: Service, retry_after: u64) -> Response {
    let (code, words) = match service {
        Service::ResourceManager => (
            "ResourceRequestsThrottled",
            format!(
                "Number of requests for Microsoft.PolicyInsights exceeded the limit of '150' for time interval \
                 '00:01:00'. Please try again after '{retry_after}' seconds."
            ),
        ),
        Service::ServiceBus => (
            "50009",
            format!(
                "The request was terminated because the entity is being throttled. Error code : 50009. Please wait \
                 {retry_after} seconds and try again."
            ),
        ),
        Service::Blob => ("ServerBusy", "The server is currently unable to receive requests. Please retry.".to_owned()),
        Service::Entra => ("temporarily_unavailable", "The service is busy.".to_owned()),
        Service::Identity | Service::Functions => ("TooManyRequests", "Too many requests.".to_owned()),
    };
    let mut response = refusal(service, 429, code, &words);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(retry_after));
    response
}

/// An answer with this status instead of the service's own.
pub(crate) fn of_status(service: Service, code: u16) -> Response {
    let status = status(code);
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let name = match (service, code) {
        (Service::Blob, 503) => "ServerBusy".to_owned(),
        (Service::Blob, 500) => "InternalError".to_owned(),
        (Service::Entra, _) => "temporarily_unavailable".to_owned(),
        (Service::Blob, 413) => "RequestBodyTooLarge".to_owned(),
        _ => reason.split_whitespace().collect(),
    };
    refusal(service, code, &name, &format!("{reason}. The service could not answer the request."))
}

/// 401 with `WWW-Authenticate`.
///
/// Resource Manager names the audiences of its cloud.
pub(crate) fn unauthenticated(
    service: Service,
    problem: &TokenProblem,
    tenant: &str,
    login: &str,
    audiences: &[String],
) -> Response {
    let (code, words) = match service {
        Service::ResourceManager => match problem {
            TokenProblem::Missing => {
                ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.".to_owned())
            }
            TokenProblem::Malformed | TokenProblem::Signature => {
                ("InvalidAuthenticationToken", "The access token is invalid.".to_owned())
            }
            TokenProblem::Expired => {
                ("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.".to_owned())
            }
            TokenProblem::Audience { found } => (
                "InvalidAuthenticationTokenAudience",
                format!(
                    "The access token has been obtained for wrong audience or resource '{found}'. It should exactly \
                     match with one of the allowed audiences {}.",
                    audiences.iter().map(|one| format!("'{one}/','{one}'")).collect::<Vec<_>>().join(",")
                ),
            ),
        },
        Service::ServiceBus => match problem {
            TokenProblem::Missing => ("401", "MissingToken: The authorization header was not found.".to_owned()),
            TokenProblem::Malformed => ("401", "MalformedToken: Failed to parse the authorization header.".to_owned()),
            TokenProblem::Signature => ("401", "InvalidSignature: The token has an invalid signature.".to_owned()),
            TokenProblem::Expired => ("401", "ExpiredToken: The token is expired.".to_owned()),
            TokenProblem::Audience { .. } => {
                ("401", "InvalidAudience: Invalid authorization token audience.".to_owned())
            }
        },
        Service::Blob | Service::Identity | Service::Entra | Service::Functions => match problem {
            TokenProblem::Missing => (
                "NoAuthenticationInformation",
                "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
                    .to_owned(),
            ),
            TokenProblem::Malformed | TokenProblem::Signature | TokenProblem::Expired | TokenProblem::Audience { .. } => (
                "InvalidAuthenticationInfo",
                "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
                    .to_owned(),
            ),
        },
    };
    let challenge = match service {
        Service::ResourceManager => format!(
            "Bearer authorization_uri=\"{login}/{tenant}\", error=\"invalid_token\", \
             error_description=\"The authentication failed because of a missing or invalid token.\""
        ),
        Service::Blob => format!(
            "Bearer authorization_uri={login}/{tenant}/oauth2/authorize \
             resource_id=https://storage.azure.com"
        ),
        Service::ServiceBus | Service::Identity | Service::Entra | Service::Functions => "Bearer".to_owned(),
    };
    let mut response = refusal(service, 401, code, &words);
    if let Ok(challenge) = header::HeaderValue::try_from(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// An error of Service Bus: an XML body with the status, the words and where to look in its logs.
pub(crate) fn service_bus(code: u16, words: &str) -> Response {
    refusal(Service::ServiceBus, code, &code.to_string(), words)
}

/// An error of Blob Storage: its code in the header and the XML body, which also names what it is about.
pub(crate) fn blob(code: u16, name: &str, words: &str, about: &[(&str, &str)]) -> Response {
    let about = about.iter().map(|(element, text)| format!("<{element}>{}</{element}>", escaped(text)));
    refusal_about(Service::Blob, code, name, words, &about.collect::<String>())
}

/// An error of Resource Manager.
pub(crate) fn resource_manager(code: u16, name: &str, words: &str) -> Response {
    refusal(Service::ResourceManager, code, name, words)
}

/// An error of the App Service identity endpoint.
pub(crate) fn identity(code: u16, words: &str) -> Response {
    refusal(Service::Identity, code, "", words)
}

fn refusal(service: Service, code: u16, name: &str, words: &str) -> Response {
    refusal_about(service, code, name, words, "")
}

/// `about` is XML that Blob Storage puts behind its words.
fn refusal_about(service: Service, code: u16, name: &str, words: &str, about: &str) -> Response {
    let id = Uuid::new_v4();
    let (content_type, body) = match service {
        Service::ResourceManager => {
            ("application/json; charset=utf-8", json!({ "error": { "code": name, "message": words } }).to_string())
        }
        Service::ServiceBus => (
            "application/xml; charset=utf-8",
            format!(
                "<Error><Code>{code}</Code><Detail>{} TrackingId:{id}_G1, SystemTracker:NoSystemTracker, \
                 Timestamp:{}</Detail></Error>",
                escaped(words),
                stamp(OffsetDateTime::now_utc())
            ),
        ),
        Service::Blob => (
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{name}</Code><Message>{}\nRequestId:{id}\nTime:{}Z\
                 </Message>{about}</Error>",
                escaped(words),
                stamp(OffsetDateTime::now_utc())
            ),
        ),
        Service::Identity => (
            "application/json; charset=utf-8",
            json!({ "statusCode": code, "message": words, "correlationId": id.to_string() }).to_string(),
        ),
        Service::Entra => (
            "application/json; charset=utf-8",
            json!({ "error": name, "error_description": words, "correlation_id": id.to_string() }).to_string(),
        ),
        Service::Functions => ("text/plain; charset=utf-8", words.to_owned()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    if let Ok(id) = header::HeaderValue::try_from(id.to_string()) {
        headers.insert(HeaderName::from_static("x-ms-request-id"), id.clone());
        if service == Service::ResourceManager {
            headers.insert(HeaderName::from_static("x-ms-correlation-request-id"), id);
        }
    }
    if service == Service::Blob
        && let Ok(name) = header::HeaderValue::try_from(name)
    {
        headers.insert(HeaderName::from_static("x-ms-error-code"), name);
        headers.insert(HeaderName::from_static("x-ms-version"), header::HeaderValue::from_static("2026-02-06"));
    }
    response
}

/// Text as XML wants it.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
        escaped
    })
}

/// A UTC time as the .NET services print it in errors: seven fractional digits, no zone.
fn stamp(time: OffsetDateTime) -> String {
    let format =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]");
    time.format(&format).unwrap_or_default()
}

/// Whether an HTTP status is one that a service can answer with; others in a rule become 500.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
