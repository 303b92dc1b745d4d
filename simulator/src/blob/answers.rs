//! The answers of the Blob service: statuses and headers. Source: Microsoft documentation, "Blob service REST API".

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};

use super::{Blob, BlobError, listing::http_date, store::Container};
use crate::{
    refusal::{self, status},
    tls::Response,
};

pub(super) fn content(blob: &Blob, range: Option<(u64, Option<u64>)>) -> Result<Response, BlobError> {
    let total = blob.content.len() as u64;
    let Some((first, last)) = range else {
        let mut response = with_properties(Response::new(Body::from(blob.content.clone())), blob);
        set(response.headers_mut(), "content-length", &total.to_string());
        return Ok(response);
    };
    if first >= total {
        return Err(BlobError::InvalidRange);
    }
    let last = last.unwrap_or(u64::MAX).min(total - 1);
    let part = blob.content.slice(first as usize..=last as usize);
    let mut response = with_properties(Response::new(Body::from(part)), blob);
    *response.status_mut() = status(206);
    // The plain header would be that of the part.
    if let Some(md5) = response.headers_mut().remove("content-md5") {
        response.headers_mut().insert("x-ms-blob-content-md5", md5);
    }
    set(response.headers_mut(), "content-range", &format!("bytes {first}-{last}/{total}"));
    Ok(response)
}

pub(super) fn properties(blob: &Blob) -> Response {
    let mut response = with_properties(Response::new(Body::empty()), blob);
    set(response.headers_mut(), "content-length", &blob.content.len().to_string());
    response
}

fn with_properties(mut response: Response, blob: &Blob) -> Response {
    let headers = response.headers_mut();
    set(headers, "content-type", &blob.content_type);
    set(headers, "etag", &blob.etag);
    set(headers, "last-modified", &http_date(blob.last_modified));
    set(headers, "x-ms-creation-time", &http_date(blob.created));
    if let Some(md5) = &blob.content_md5 {
        set(headers, "content-md5", md5);
    }
    for (name, value) in [
        ("accept-ranges", "bytes"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-lease-state", "available"),
        ("x-ms-lease-status", "unlocked"),
        ("x-ms-server-encrypted", "true"),
    ] {
        set(headers, name, value);
    }
    set_metadata(headers, &blob.metadata);
    response
}

pub(super) fn written(code: u16, blob: &Blob) -> Response {
    let mut response = plain(code);
    set(response.headers_mut(), "etag", &blob.etag);
    set(response.headers_mut(), "last-modified", &http_date(blob.last_modified));
    set(response.headers_mut(), "x-ms-request-server-encrypted", "true");
    response
}

pub(super) fn container_answer(code: u16, container: &Container) -> Response {
    let mut response = plain(code);
    let headers = response.headers_mut();
    set(headers, "etag", &container.etag);
    set(headers, "last-modified", &http_date(container.last_modified));
    for (name, value) in [
        ("x-ms-lease-state", "available"),
        ("x-ms-lease-status", "unlocked"),
        ("x-ms-has-immutability-policy", "false"),
        ("x-ms-has-legal-hold", "false"),
    ] {
        set(headers, name, value);
    }
    set_metadata(headers, &container.metadata);
    response
}

pub(super) fn plain(code: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status(code);
    response
}

pub(super) fn refused(error: &BlobError) -> Response {
    let (code, name) = error.status_and_code();
    let mut response = refusal::blob(code, name, &error.to_string(), &error.about());
    if *error == BlobError::NotModified {
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn set_metadata(headers: &mut HeaderMap, metadata: &BTreeMap<String, String>) {
    for (name, value) in metadata {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(format!("x-ms-meta-{name}")), HeaderValue::try_from(value))
        {
            headers.insert(name, value);
        }
    }
}
