//! What an HTTP client gets of the worker's answer: the `http` output as an answer, the return value as JSON, or nothing.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
};

use super::{
    super::{
        newtonsoft::{Json, Members, read},
        outcome::Answer,
    },
    empty, in_chunks,
};
use crate::tls::Response;

/// `name` is that of the function's `http` output.
pub(super) fn answered(answer: Answer, name: Option<&str>) -> Response {
    let output = match name {
        Some("$return") => Some(&answer.return_value),
        Some(name) => answer.outputs.get_key(name),
        None => None,
    };
    match (output.unwrap_or(&Json::Null), &answer.return_value) {
        (Json::Null, Json::Null) => empty(StatusCode::NO_CONTENT),
        (Json::Null, value) => {
            let mut response = Response::new(Body::from(value.to_string()));
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        (Json::Object(members), _) => made_of(members),
        // Text is read once more; only an object is an answer.
        (Json::Text(text), _) => match read(text) {
            Ok(Json::Object(members)) => made_of(&members),
            Ok(_) | Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        },
        (Json::Bool(_) | Json::Whole(_) | Json::Float(_) | Json::Date(_) | Json::List(_), _) => {
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// `statusCode` or `status`, `headers`, `body`.
fn made_of(members: &Members) -> Response {
    let status = members.get_key("statusCode").or_else(|| members.get_key("status"));
    let status = match status.map(Json::plain) {
        None => StatusCode::OK,
        Some(code) => crate::refusal::status(code.and_then(|code| code.parse().ok()).unwrap_or(500)),
    };
    let body = match members.get_key("body") {
        None | Some(Json::Null) => String::new(),
        Some(body) => body.plain().unwrap_or_else(|| body.indented()),
    };
    let mut response = if body.is_empty() { Response::new(Body::empty()) } else { Response::new(in_chunks(body)) };
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some(Json::Object(headers)) = members.get_key("headers") {
        for (name, value) in headers.iter() {
            let Some(mut value) = value.plain() else { continue };
            if name.eq_ignore_ascii_case("content-type") && !value.contains("charset") {
                value.push_str("; charset=utf-8");
            }
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}
