//! The Blob service's REST protocol: which call is meant by method, path and query. Thin: it asks the store, and answers with
//! the service's headers. Source: Microsoft documentation, "Blob service REST API".

use std::collections::HashMap;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, request::Parts},
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    BlobError, Blobs, answers, block_list,
    conditions::Conditions,
    headers::{self, text},
    listing::Query,
    store::Draft,
    versions,
};
use crate::{refusal, tls::Response};

/// The protocol in front of a storage account. The front has read the body and bounded it already.
pub fn router(blobs: Blobs) -> Router {
    Router::new().fallback(answer).layer(axum::extract::DefaultBodyLimit::disable()).with_state(blobs)
}

async fn answer(State(blobs): State<Blobs>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return refusal::blob(400, "InvalidInput", "The request body could not be read.", &[]);
    };
    let version = versions::of(&head.headers);
    let asked = version.clone().and_then(|_| Asked::read(&head, body, OffsetDateTime::now_utc()));
    let mut response = match asked.and_then(|asked| asked.answer(&blobs)) {
        Ok(response) => response,
        Err(error) => answers::refused(&error),
    };
    let headers = response.headers_mut();
    headers.insert("x-ms-version", HeaderValue::from_static(version.unwrap_or(versions::DEFAULT)));
    answers::set(headers, "x-ms-request-id", &Uuid::new_v4().to_string());
    if let Some(id) = head.headers.get("x-ms-client-request-id") {
        headers.insert("x-ms-client-request-id", id.clone());
    }
    response
}

struct Asked<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    container: String,
    blob: Option<String>,
    query: HashMap<String, String>,
    conditions: Conditions,
    body: Bytes,
    endpoint: String,
    now: OffsetDateTime,
}

impl<'a> Asked<'a> {
    fn read(head: &'a Parts, body: Bytes, now: OffsetDateTime) -> Result<Self, BlobError> {
        let path = percent_decode_str(head.uri.path().trim_start_matches('/')).decode_utf8();
        let words = "The requested URI does not represent any resource on the server.";
        let path = path.map_err(|_| BlobError::bad("InvalidUri", words))?;
        let (container, blob) = match path.split_once('/') {
            Some((container, blob)) => (container, Some(blob).filter(|blob| !blob.is_empty())),
            None => (path.as_ref(), None),
        };
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let host = text(&head.headers, "host").unwrap_or("localhost");
        Ok(Self {
            method: &head.method,
            headers: &head.headers,
            container: container.to_owned(),
            blob: blob.map(str::to_owned),
            query: query.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect(),
            conditions: headers::conditions(&head.headers)?,
            body,
            endpoint: format!("https://{host}/"),
            now,
        })
    }

    fn answer(self, blobs: &Blobs) -> Result<Response, BlobError> {
        let part = |name: &str| self.query.get(name).map(String::as_str);
        match (&self.blob, self.method.as_str(), part("restype"), part("comp")) {
            (Some(blob), "PUT", None, None) => self.put_blob(blobs, blob),
            (Some(blob), "PUT", None, Some("metadata")) => {
                let metadata = headers::metadata(self.headers)?;
                let blob = blobs.set_metadata(&self.container, blob, metadata, &self.conditions, self.now)?;
                Ok(answers::written(200, &blob))
            }
            (Some(blob), "PUT", None, Some("block")) => {
                let words = "A query parameter that's mandatory for this request is not specified.";
                let id = part("blockid").filter(|id| !id.is_empty());
                let id = id.ok_or_else(|| BlobError::bad("MissingRequiredQueryParameter", words))?;
                let md5 = headers::md5(self.headers, &self.body)?;
                blobs.stage(&self.container, blob, id, self.body)?;
                let mut response = answers::plain(201);
                answers::set(response.headers_mut(), "content-md5", &md5);
                Ok(response)
            }
            (Some(blob), "PUT", None, Some("blocklist")) => {
                headers::md5(self.headers, &self.body)?;
                let list = block_list::read(&self.body)?;
                // The content type and the MD5 of a block list are its own, not those of the blob.
                let own = |name: &str| text(self.headers, name).map(str::to_owned);
                let draft = Draft {
                    content_type: own("x-ms-blob-content-type"),
                    content_md5: own("x-ms-blob-content-md5"),
                    metadata: headers::metadata(self.headers)?,
                };
                let blob = blobs.commit(&self.container, blob, &list, draft, &self.conditions, self.now)?;
                Ok(answers::written(201, &blob))
            }
            (Some(blob), "GET" | "HEAD", None, None | Some("metadata")) => {
                let blob = blobs.read(&self.container, blob, &self.conditions)?;
                let whole = self.method == Method::HEAD || part("comp").is_some();
                if whole {
                    Ok(answers::properties(&blob))
                } else {
                    answers::content(&blob, headers::range(self.headers)?)
                }
            }
            (Some(blob), "DELETE", None, None) => {
                blobs.remove(&self.container, blob, &self.conditions)?;
                Ok(answers::plain(202))
            }
            (None, "PUT", Some("container"), None) => {
                container_name(&self.container)?;
                let container = blobs.add_container(&self.container, headers::metadata(self.headers)?, self.now)?;
                Ok(answers::container_answer(201, &container))
            }
            (None, "GET" | "HEAD", Some("container"), None) => {
                Ok(answers::container_answer(200, &blobs.container(&self.container)?))
            }
            (None, "DELETE", Some("container"), None) => {
                blobs.remove_container(&self.container)?;
                Ok(answers::plain(202))
            }
            (None, "GET", Some("container"), Some("list")) => {
                let query = Query::read(&self.query)?;
                let page = blobs.page(&self.container, &query)?;
                let mut response = Response::new(Body::from(query.xml(&self.endpoint, &self.container, &page)));
                answers::set(response.headers_mut(), "content-type", "application/xml");
                Ok(response)
            }
            (_, "GET" | "HEAD" | "PUT" | "DELETE", kind, comp) => {
                let name = if comp.is_some() { "comp" } else { "restype" };
                let value = comp.or(kind).unwrap_or_default();
                Err(BlobError::bad_parameter("InvalidQueryParameterValue", name, value))
            }
            _ => Err(BlobError::UnsupportedHttpVerb),
        }
    }

    fn put_blob(&self, blobs: &Blobs, name: &str) -> Result<Response, BlobError> {
        match text(self.headers, "x-ms-blob-type") {
            Some(kind) if kind.eq_ignore_ascii_case("BlockBlob") => {}
            // Only block blobs are served here.
            Some(kind) => return Err(BlobError::bad_header("x-ms-blob-type", kind)),
            None => {
                let words = "An HTTP header that's mandatory for this request is not specified.";
                return Err(BlobError::bad("MissingRequiredHeader", words));
            }
        }
        let own = |name: &str| text(self.headers, name).map(str::to_owned);
        let md5 = headers::md5(self.headers, &self.body)?;
        let draft = Draft {
            content_type: own("x-ms-blob-content-type").or_else(|| own("content-type")),
            content_md5: own("x-ms-blob-content-md5").or(Some(md5.clone())),
            metadata: headers::metadata(self.headers)?,
        };
        let blob = blobs.write(&self.container, name, self.body.clone(), draft, &self.conditions, self.now)?;
        let mut response = answers::written(201, &blob);
        answers::set(response.headers_mut(), "content-md5", &md5);
        Ok(response)
    }
}

fn container_name(name: &str) -> Result<(), BlobError> {
    let good = (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    let words = "The specified resource name contains invalid characters.";
    if good { Ok(()) } else { Err(BlobError::bad("InvalidResourceName", words)) }
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
