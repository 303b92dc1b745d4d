//! The Blob service's REST protocol. Thin: it reads URL, headers and body, asks the store, and answers with the service's
//! headers. Source: Microsoft documentation, "Blob service REST API".

use std::collections::{BTreeMap, HashMap};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts},
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};
use uuid::Uuid;

use super::{
    Blob, BlobError, Blobs,
    conditions::Conditions,
    listing::{Query, http_date},
    store::{BlockRef, Container, Draft},
};
use crate::{
    refusal::{self, status},
    tls::Response,
};

/// The protocol in front of a storage account. The front has read the body and bounded it already.
pub fn router(blobs: Blobs) -> Router {
    Router::new().fallback(answer).layer(axum::extract::DefaultBodyLimit::disable()).with_state(blobs)
}

async fn answer(State(blobs): State<Blobs>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return refusal::blob(400, "InvalidInput", "The request body could not be read.");
    };
    let asked = Asked::read(&head, body, OffsetDateTime::now_utc());
    let mut response = match asked.and_then(|asked| asked.answer(&blobs)) {
        Ok(response) => response,
        Err(error) => refused(&error),
    };
    let headers = response.headers_mut();
    let version = head.headers.get("x-ms-version").cloned();
    headers.insert("x-ms-version", version.unwrap_or(HeaderValue::from_static("2026-02-06")));
    set(headers, "x-ms-request-id", &Uuid::new_v4().to_string());
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
        let path =
            path.map_err(|_| bad("InvalidUri", "The requested URI does not represent any resource on the server."))?;
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
            conditions: conditions(&head.headers)?,
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
                let metadata = metadata(self.headers)?;
                let blob = blobs.set_metadata(&self.container, blob, metadata, &self.conditions, self.now)?;
                Ok(written(200, &blob))
            }
            (Some(blob), "PUT", None, Some("block")) => {
                let id = part("blockid").filter(|id| !id.is_empty());
                let id =
                    id.ok_or_else(|| bad("MissingRequiredQueryParameter", "The query parameter blockid is missing."))?;
                blobs.stage(&self.container, blob, id, self.body)?;
                Ok(plain(201))
            }
            (Some(blob), "PUT", None, Some("blocklist")) => {
                let list = block_list(&self.body)?;
                let draft = self.draft(false)?;
                let blob = blobs.commit(&self.container, blob, &list, draft, &self.conditions, self.now)?;
                Ok(written(201, &blob))
            }
            (Some(blob), "GET", None, None | Some("metadata"))
            | (Some(blob), "HEAD", None, None | Some("metadata")) => {
                let blob = blobs.read(&self.container, blob, &self.conditions)?;
                let whole = self.method == Method::HEAD || part("comp").is_some();
                if whole { Ok(properties(&blob)) } else { content(&blob, range(self.headers)?) }
            }
            (Some(blob), "DELETE", None, None) => {
                blobs.remove(&self.container, blob, &self.conditions)?;
                Ok(plain(202))
            }
            (None, "PUT", Some("container"), None) => {
                container_name(&self.container)?;
                let container = blobs.add_container(&self.container, metadata(self.headers)?, self.now)?;
                Ok(container_answer(201, &container))
            }
            (None, "GET" | "HEAD", Some("container"), None) => {
                Ok(container_answer(200, &blobs.container(&self.container)?))
            }
            (None, "DELETE", Some("container"), None) => {
                blobs.remove_container(&self.container)?;
                Ok(plain(202))
            }
            (None, "GET", Some("container"), Some("list")) => {
                let query = Query::read(&self.query)?;
                let page = blobs.page(&self.container, &query)?;
                let mut response = Response::new(Body::from(query.xml(&self.endpoint, &self.container, &page)));
                set(response.headers_mut(), "content-type", "application/xml");
                Ok(response)
            }
            (_, "GET" | "HEAD" | "PUT" | "DELETE", _, _) => Err(bad(
                "InvalidQueryParameterValue",
                "Value for one of the query parameters specified in the request URI is invalid.",
            )),
            _ => Err(BlobError::UnsupportedHttpVerb),
        }
    }

    fn put_blob(&self, blobs: &Blobs, name: &str) -> Result<Response, BlobError> {
        match text(self.headers, "x-ms-blob-type") {
            Some(kind) if kind.eq_ignore_ascii_case("BlockBlob") => {}
            Some(_) => {
                return Err(bad("InvalidHeaderValue", "Only block blobs are served here. HeaderName: x-ms-blob-type"));
            }
            None => {
                return Err(bad(
                    "MissingRequiredHeader",
                    "An HTTP header that's mandatory for this request is not specified.",
                ));
            }
        }
        let draft = self.draft(true)?;
        let blob = blobs.write(&self.container, name, self.body.clone(), draft, &self.conditions, self.now)?;
        Ok(written(201, &blob))
    }

    /// The new blob's headers. Only a one-shot write takes its content type from the plain header too: a block list's
    /// own content is XML.
    fn draft(&self, one_shot: bool) -> Result<Draft, BlobError> {
        let plain = text(self.headers, "content-type").filter(|_| one_shot);
        let content_type = text(self.headers, "x-ms-blob-content-type").or(plain).map(str::to_owned);
        Ok(Draft { content_type, metadata: metadata(self.headers)? })
    }
}

fn content(blob: &Blob, range: Option<(u64, Option<u64>)>) -> Result<Response, BlobError> {
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
    set(response.headers_mut(), "content-range", &format!("bytes {first}-{last}/{total}"));
    Ok(response)
}

fn properties(blob: &Blob) -> Response {
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

fn written(code: u16, blob: &Blob) -> Response {
    let mut response = plain(code);
    set(response.headers_mut(), "etag", &blob.etag);
    set(response.headers_mut(), "last-modified", &http_date(blob.last_modified));
    set(response.headers_mut(), "x-ms-request-server-encrypted", "true");
    response
}

fn container_answer(code: u16, container: &Container) -> Response {
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

fn plain(code: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status(code);
    response
}

fn refused(error: &BlobError) -> Response {
    let (code, name) = error.status_and_code();
    let mut response = refusal::blob(code, name, &error.to_string());
    if *error == BlobError::NotModified {
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

fn conditions(headers: &HeaderMap) -> Result<Conditions, BlobError> {
    let own = |name: &str| text(headers, name).map(str::to_owned);
    Ok(Conditions {
        if_match: own("if-match"),
        if_none_match: own("if-none-match"),
        if_modified_since: date(headers, "if-modified-since")?,
        if_unmodified_since: date(headers, "if-unmodified-since")?,
    })
}

fn date(headers: &HeaderMap, name: &str) -> Result<Option<OffsetDateTime>, BlobError> {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let Some(value) = text(headers, name) else { return Ok(None) };
    match PrimitiveDateTime::parse(value, &format) {
        Ok(time) => Ok(Some(time.assume_utc())),
        Err(_) => Err(bad(
            "InvalidHeaderValue",
            &format!("The value for one of the HTTP headers is not in the correct format. HeaderName: {name}"),
        )),
    }
}

/// `bytes=first-last` or `bytes=first-`; `x-ms-range` goes before `Range`. Other forms of `Range` are ignored, as the
/// service does.
fn range(headers: &HeaderMap) -> Result<Option<(u64, Option<u64>)>, BlobError> {
    let Some(value) = text(headers, "x-ms-range").or_else(|| text(headers, "range")) else { return Ok(None) };
    let Some((first, last)) = value.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let Ok(first) = first.parse::<u64>() else { return Ok(None) };
    match last {
        "" => Ok(Some((first, None))),
        last => match last.parse::<u64>() {
            Ok(last) if last >= first => Ok(Some((first, Some(last)))),
            Ok(_) | Err(_) => Err(BlobError::InvalidRange),
        },
    }
}

fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>, BlobError> {
    let mut metadata = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("x-ms-meta-") else { continue };
        let is_identifier = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.chars().next().is_some_and(|c| !c.is_ascii_digit());
        let words = "The metadata specified is invalid. It has characters that are not permitted.";
        let value = value.to_str().map_err(|_| bad("InvalidMetadata", words))?;
        match name {
            "" => return Err(bad("EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty.")),
            _ if !is_identifier => return Err(bad("InvalidMetadata", words)),
            name => metadata.insert(name.to_owned(), value.to_owned()),
        };
    }
    Ok(metadata)
}

/// Reads `<BlockList>` with `<Latest>`, `<Committed>` and `<Uncommitted>`: flat elements with base64 text, so a scan for
/// tags is all the XML there is to it.
fn block_list(body: &[u8]) -> Result<Vec<BlockRef>, BlobError> {
    let invalid = || bad("InvalidXmlDocument", "XML specified is not syntactically valid.");
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let (_, mut rest) = text.split_once("<BlockList>").ok_or_else(invalid)?;
    let mut list = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.starts_with("</BlockList>") {
            return Ok(list);
        }
        let (tag, after) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or_else(invalid)?;
        let (id, after) = after.split_once(&format!("</{tag}>")).ok_or_else(invalid)?;
        let id = id.trim().to_owned();
        list.push(match tag {
            "Latest" => BlockRef::Latest(id),
            "Committed" => BlockRef::Committed(id),
            "Uncommitted" => BlockRef::Uncommitted(id),
            _ => return Err(invalid()),
        });
        rest = after;
    }
}

fn container_name(name: &str) -> Result<(), BlobError> {
    let good = (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    good.then_some(())
        .ok_or_else(|| bad("InvalidResourceName", "The specified resource name contains invalid characters."))
}

fn bad(code: &'static str, words: &str) -> BlobError {
    BlobError::BadRequest { code, words: words.to_owned() }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
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

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
