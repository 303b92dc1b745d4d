//! What the headers of a request say, parsed once: conditions, ranges, metadata, checksums. Source: Microsoft documentation, "Blob
//! service REST API".

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::{BlobError, conditions::Conditions};

/// All names and values of a blob's metadata together, in bytes ("Setting and retrieving properties and metadata for Blob
/// resources").
const LARGEST_METADATA: usize = 8 * 1024;

const MD5_BYTES: usize = 16;

pub(super) fn conditions(headers: &HeaderMap) -> Result<Conditions, BlobError> {
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
        Err(_) => Err(BlobError::bad_header(name, value)),
    }
}

/// `bytes=first-last` or `bytes=first-`; `x-ms-range` goes before `Range`. Other forms of `Range` are ignored, as the
/// service does.
pub(super) fn range(headers: &HeaderMap) -> Result<Option<(u64, Option<u64>)>, BlobError> {
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

pub(super) fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>, BlobError> {
    let mut metadata = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("x-ms-meta-") else { continue };
        let is_identifier = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.chars().next().is_some_and(|c| !c.is_ascii_digit());
        let words = "The metadata specified is invalid. It has characters that are not permitted.";
        let value = value.to_str().map_err(|_| BlobError::bad("InvalidMetadata", words))?;
        match name {
            "" => {
                let words = "The key for one of the metadata key-value pairs is empty.";
                return Err(BlobError::bad("EmptyMetadataKey", words));
            }
            _ if !is_identifier => return Err(BlobError::bad("InvalidMetadata", words)),
            name => metadata.insert(name.to_owned(), value.to_owned()),
        };
    }
    if metadata.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LARGEST_METADATA {
        let words = "The size of the specified metadata exceeds the maximum size permitted.";
        return Err(BlobError::bad("MetadataTooLarge", words));
    }
    Ok(metadata)
}

/// The MD5 of a body in base 64, unless the request says that it should be another one: then it was damaged on its way.
pub(super) fn md5(headers: &HeaderMap, body: &[u8]) -> Result<String, BlobError> {
    let calculated = STANDARD.encode(Md5::digest(body));
    let Some(specified) = text(headers, "content-md5") else { return Ok(calculated) };
    if STANDARD.decode(specified).ok().is_none_or(|bytes| bytes.len() != MD5_BYTES) {
        let words =
            "The MD5 value specified in the request is invalid. The MD5 value must be 128 bits and Base64-encoded.";
        return Err(BlobError::bad("InvalidMd5", words));
    }
    if specified == calculated {
        return Ok(calculated);
    }
    Err(BlobError::BadRequest {
        code: "Md5Mismatch",
        words: "The MD5 value specified in the request did not match with the MD5 value calculated by the server."
            .to_owned(),
        about: vec![("UserSpecifiedMd5", specified.to_owned()), ("ServerCalculatedMd5", calculated)],
    })
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
