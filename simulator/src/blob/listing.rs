//! List Blobs: prefix, delimiter, marker and page size, and the XML of the answer. Pure: it reads an ordered run of
//! blobs. Source: Microsoft documentation, "List Blobs".

use std::{collections::HashMap, fmt::Write};

use base64::{Engine, engine::general_purpose::URL_SAFE};
use time::{OffsetDateTime, macros::format_description};

use super::{Blob, BlobError};
use crate::refusal::escaped;

/// The most that one page holds, and what it holds when the client does not say.
const LARGEST_PAGE: usize = 5000;

const INVALID: &str = "InvalidQueryParameterValue";

/// What a list can include; of it, blobs here have metadata only.
const INCLUDES: [&str; 11] = [
    "copy",
    "deleted",
    "deletedwithversions",
    "immutabilitypolicy",
    "legalhold",
    "metadata",
    "permissions",
    "snapshots",
    "tags",
    "uncommittedblobs",
    "versions",
];

/// What to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Query {
    prefix: String,
    delimiter: Option<String>,
    marker: Option<String>,
    from: Option<String>,
    most: Option<usize>,
    metadata: bool,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    items: Vec<Item>,
    next: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Blob(Box<Blob>),
    Prefix(String),
}

impl Query {
    pub(super) fn read(query: &HashMap<String, String>) -> Result<Self, BlobError> {
        let text = |name: &str| query.get(name).filter(|value| !value.is_empty()).cloned();
        let most = match text("maxresults") {
            None => None,
            Some(number) => match number.parse::<usize>() {
                Ok(0) => return Err(BlobError::bad_parameter("OutOfRangeQueryParameterValue", "maxresults", &number)),
                Ok(most) => Some(most.min(LARGEST_PAGE)),
                Err(_) => return Err(BlobError::bad_parameter(INVALID, "maxresults", &number)),
            },
        };
        let marker = text("marker");
        let from = match &marker {
            None => None,
            Some(marker) => {
                let name = URL_SAFE.decode(marker).ok().and_then(|name| String::from_utf8(name).ok());
                Some(name.ok_or_else(|| BlobError::bad_parameter(INVALID, "marker", marker))?)
            }
        };
        let include = text("include").unwrap_or_default();
        let parts: Vec<&str> = include.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts.iter().any(|part| !INCLUDES.contains(part)) {
            return Err(BlobError::bad_parameter(INVALID, "include", &include));
        }
        let metadata = parts.contains(&"metadata");
        let prefix = text("prefix").unwrap_or_default();
        Ok(Self { prefix, delimiter: text("delimiter"), marker, from, most, metadata })
    }

    /// The name from which to read on.
    pub(super) fn first_name(&self) -> String {
        self.from.clone().unwrap_or_default().max(self.prefix.clone())
    }

    /// The page that starts with these blobs, which come in order of name from [`Query::first_name`].
    pub(super) fn page<'a>(&self, blobs: impl Iterator<Item = &'a Blob>) -> Page {
        let most = self.most.unwrap_or(LARGEST_PAGE);
        let mut items: Vec<Item> = Vec::new();
        for blob in blobs.take_while(|blob| blob.name.starts_with(&self.prefix)) {
            let prefix = self.common_prefix(&blob.name);
            if let (Some(prefix), Some(Item::Prefix(last))) = (&prefix, items.last())
                && prefix == last
            {
                continue;
            }
            if items.len() == most {
                return Page { items, next: Some(URL_SAFE.encode(&blob.name)) };
            }
            items.push(prefix.map_or_else(|| Item::Blob(Box::new(blob.clone())), Item::Prefix));
        }
        Page { items, next: None }
    }

    fn common_prefix(&self, name: &str) -> Option<String> {
        let delimiter = self.delimiter.as_deref()?;
        let end = name[self.prefix.len()..].find(delimiter)? + self.prefix.len() + delimiter.len();
        Some(name[..end].to_owned())
    }

    /// The answer, as the service writes it. `endpoint` is the account's URL.
    pub(super) fn xml(&self, endpoint: &str, container: &str, page: &Page) -> String {
        let mut xml = format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"{}\" ContainerName=\"{}\">",
            escaped(endpoint),
            escaped(container)
        );
        optional(&mut xml, "Prefix", (!self.prefix.is_empty()).then_some(self.prefix.as_str()));
        optional(&mut xml, "Marker", self.marker.as_deref());
        optional(&mut xml, "MaxResults", self.most.map(|most| most.to_string()).as_deref());
        optional(&mut xml, "Delimiter", self.delimiter.as_deref());
        xml.push_str("<Blobs>");
        for item in &page.items {
            match item {
                Item::Prefix(name) => {
                    let _ = write!(xml, "<BlobPrefix><Name>{}</Name></BlobPrefix>", escaped(name));
                }
                Item::Blob(blob) => self.write_blob(&mut xml, blob),
            }
        }
        xml.push_str("</Blobs>");
        match &page.next {
            Some(next) => optional(&mut xml, "NextMarker", Some(next)),
            None => xml.push_str("<NextMarker />"),
        }
        xml.push_str("</EnumerationResults>");
        xml
    }

    fn write_blob(&self, xml: &mut String, blob: &Blob) {
        let _ = write!(
            xml,
            "<Blob><Name>{}</Name><Properties><Creation-Time>{}</Creation-Time><Last-Modified>{}</Last-Modified>\
             <Etag>{}</Etag><Content-Length>{}</Content-Length><Content-Type>{}</Content-Type><Content-Encoding />\
             <Content-Language /><Content-CRC64 />{}<Cache-Control /><Content-Disposition />\
             <BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>\
             <LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>\
             <ServerEncrypted>true</ServerEncrypted></Properties>",
            escaped(&blob.name),
            http_date(blob.created),
            http_date(blob.last_modified),
            // Without quotes here, unlike the header.
            blob.etag.trim_matches('"'),
            blob.content.len(),
            escaped(&blob.content_type),
            blob.content_md5
                .as_ref()
                .map_or_else(|| "<Content-MD5 />".to_owned(), |md5| format!("<Content-MD5>{md5}</Content-MD5>")),
        );
        if self.metadata {
            xml.push_str("<Metadata>");
            for (name, value) in &blob.metadata {
                let _ = write!(xml, "<{name}>{}</{name}>", escaped(value));
            }
            xml.push_str("</Metadata>");
        }
        xml.push_str("<OrMetadata /></Blob>");
    }
}

fn optional(xml: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(xml, "<{name}>{}</{name}>", escaped(value));
    }
}

/// A date as HTTP headers and listings carry it.
pub(super) fn http_date(time: OffsetDateTime) -> String {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    time.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn blob(name: &str) -> Blob {
        Blob {
            name: name.into(),
            content: "abc".into(),
            content_type: "application/json".into(),
            content_md5: Some("kAFQmDzST7DWlj99KOF/cg==".into()),
            metadata: [("wakeat".to_owned(), "2026 <now>".to_owned())].into(),
            etag: "\"0x1\"".into(),
            created: datetime!(2026-11-21 07:00 UTC),
            last_modified: datetime!(2026-11-21 07:00:01.9 UTC),
        }
    }

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query::read(&pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()).unwrap()
    }

    fn names(page: &Page) -> Vec<&str> {
        page.items
            .iter()
            .map(|item| match item {
                Item::Blob(blob) => blob.name.as_str(),
                Item::Prefix(name) => name,
            })
            .collect()
    }

    #[test]
    fn pages_follow_each_other_by_marker_until_all_is_told() {
        let blobs: Vec<Blob> = ["a/1", "a/2", "b/1", "b/2", "b/x/3", "c"].map(blob).into();
        for (prefix, delimiter, all) in [
            ("", "", vec!["a/1", "a/2", "b/1", "b/2", "b/x/3", "c"]),
            ("b/", "", vec!["b/1", "b/2", "b/x/3"]),
            ("", "/", vec!["a/", "b/", "c"]),
            ("b/", "/", vec!["b/1", "b/2", "b/x/"]),
            ("z", "/", vec![]),
        ] {
            for size in ["1", "2", "9"] {
                let (mut told, mut marker) = (Vec::new(), String::new());
                loop {
                    let query = query(&[
                        ("prefix", prefix),
                        ("delimiter", delimiter),
                        ("marker", &marker),
                        ("maxresults", size),
                    ]);
                    let first = query.first_name();
                    let page = query.page(blobs.iter().filter(|blob| blob.name >= first));
                    assert!(page.items.len() <= size.parse().unwrap());
                    told.extend(names(&page).into_iter().map(str::to_owned));
                    match page.next {
                        Some(next) => marker = next,
                        None => break,
                    }
                }
                assert_eq!(told, all, "{prefix} {delimiter} {size}");
            }
        }
    }

    #[test]
    fn the_answer_holds_what_clients_read() {
        let query = query(&[("include", "snapshots,metadata"), ("prefix", "a<")]);
        let blobs = [blob("a<&b")];
        let xml = query.xml("https://x/", "state", &query.page(blobs.iter()));
        for part in [
            "<Name>a&lt;&amp;b</Name>",
            "<Last-Modified>Sat, 21 Nov 2026 07:00:01 GMT</Last-Modified>",
            "<Etag>0x1</Etag>",
            "<Content-MD5>kAFQmDzST7DWlj99KOF/cg==</Content-MD5>",
            "<Metadata><wakeat>2026 &lt;now&gt;</wakeat></Metadata>",
            "<Prefix>a&lt;</Prefix>",
            "<NextMarker />",
        ] {
            assert!(xml.contains(part), "{part} in {xml}");
        }
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for (name, value) in [
            ("maxresults", "0"),
            ("maxresults", "x"),
            ("marker", "?"),
            ("include", "everything"),
            ("include", "metadata,Snapshots"),
        ] {
            let wrong = Query::read(&[(name.to_owned(), value.to_owned())].into());
            assert!(matches!(wrong, Err(BlobError::BadRequest { .. })), "{name}={value}");
        }
    }
}
