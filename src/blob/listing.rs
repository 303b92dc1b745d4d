//! Reads a page of a list of blobs: their names, metadata, and when they were written. The client's own types hold forty more things
//! of each blob, and a million targets are four hundred pages, so those are passed over here.

use std::borrow::Cow;
use std::collections::HashMap;

use azure_core::error::ErrorKind;
use percent_encoding::percent_decode_str;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use remediation::time::Timestamp;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A blob as a listing shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) metadata: HashMap<String, String>,
    pub(super) modified: Option<Timestamp>,
}

/// A page that is being read.
#[derive(Debug, Default)]
struct Page {
    blobs: Vec<Listed>,
    marker: Option<String>,
    /// The elements that are open, by their kind.
    open: Vec<Element>,
    /// What was read of the text of the innermost.
    text: String,
    /// Whether the name of a blob is written with percent signs, since XML cannot hold it.
    is_encoded: bool,
}

/// What an element is for, by its name and by the one that holds it: metadata may have any name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Results,
    Blobs,
    Blob,
    Name,
    Properties,
    LastModified,
    Metadata,
    /// A value of the metadata.
    Value,
    NextMarker,
    Other,
}

/// The blobs of a page, and the marker of the next page.
///
/// # Errors
/// When it is no such page, or not a whole one.
pub(super) fn page(xml: &[u8]) -> azure_core::Result<(Vec<Listed>, Option<String>)> {
    let unreadable = |error| azure_core::Error::with_error(ErrorKind::DataConversion, error, "a list of blobs");
    read(xml.strip_prefix(BYTE_ORDER_MARK).unwrap_or(xml)).map_err(unreadable)
}

fn read(xml: &[u8]) -> Result<(Vec<Listed>, Option<String>), quick_xml::Error> {
    let (mut reader, mut page, mut is_whole) = (Reader::from_reader(xml), Page::default(), false);
    loop {
        match reader.read_event()? {
            Event::Start(start) => page.begin(&start)?,
            Event::Empty(start) => {
                page.begin(&start)?;
                page.end(start.name().as_ref())?;
            }
            Event::Text(text) => page.text.push_str(&text.decode()?),
            Event::CData(text) => page.text.push_str(&text.decode()?),
            Event::GeneralRef(reference) => page.text.push_str(&character(&reference)?),
            Event::End(end) => {
                page.end(end.name().as_ref())?;
                is_whole = page.open.is_empty();
            }
            Event::Eof if is_whole => return Ok((page.blobs, page.marker)),
            Event::Eof => return Err(quick_xml::errors::SyntaxError::UnclosedTag.into()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

impl Page {
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), quick_xml::Error> {
        let element = match (self.open.last(), start.name().as_ref()) {
            (None, b"EnumerationResults") => Element::Results,
            (Some(Element::Results), b"Blobs") => Element::Blobs,
            (Some(Element::Results), b"NextMarker") => Element::NextMarker,
            (Some(Element::Blobs), b"Blob") => {
                self.blobs.push(Listed::default());
                Element::Blob
            }
            (Some(Element::Blob), b"Name") => {
                let encoded = start.try_get_attribute("Encoded")?;
                self.is_encoded = encoded.is_some_and(|encoded| encoded.value.eq_ignore_ascii_case(b"true"));
                Element::Name
            }
            (Some(Element::Blob), b"Properties") => Element::Properties,
            (Some(Element::Properties), b"Last-Modified") => Element::LastModified,
            (Some(Element::Blob), b"Metadata") => Element::Metadata,
            (Some(Element::Metadata), _) => Element::Value,
            (Some(_), _) => Element::Other,
            // What is no list must not be taken for one that is empty.
            (None, other) => {
                let found = String::from_utf8_lossy(other).into_owned();
                return Err(quick_xml::errors::IllFormedError::UnmatchedEndTag(found).into());
            }
        };
        self.open.push(element);
        self.text.clear();
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), quick_xml::Error> {
        let text = std::mem::take(&mut self.text);
        match (self.open.pop(), self.blobs.last_mut()) {
            (Some(Element::NextMarker), _) => self.marker = Some(text).filter(|marker| !marker.is_empty()),
            (Some(Element::Name), Some(blob)) if self.is_encoded => {
                blob.name = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            }
            (Some(Element::Name), Some(blob)) => blob.name = text,
            (Some(Element::LastModified), Some(blob)) => blob.modified = azure_core::time::parse_rfc7231(&text).ok(),
            (Some(Element::Value), Some(blob)) => {
                let name = std::str::from_utf8(name).map_err(quick_xml::encoding::EncodingError::Utf8)?;
                blob.metadata.insert(name.to_owned(), text);
            }
            // The buffer is used again.
            _ => self.text = text,
        }
        Ok(())
    }
}

/// What a reference in a text stands for.
fn character<'a>(reference: &BytesRef<'_>) -> Result<Cow<'a, str>, quick_xml::Error> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string().into());
    }
    let name = reference.decode()?;
    let known = resolve_predefined_entity(&name).map(Cow::Borrowed);
    known.ok_or_else(|| quick_xml::escape::EscapeError::UnrecognizedEntity(0..0, name.into_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_storage_blob::models::ListBlobsResponse;
    use proptest::prelude::*;

    /// What the client's own types say.
    fn by_the_client(xml: &str) -> (Vec<Listed>, Option<String>) {
        let page: ListBlobsResponse = azure_core::xml::from_xml(xml).unwrap();
        let listed = page.blob_items.into_iter().map(|blob| Listed {
            name: blob.name.unwrap(),
            metadata: blob.metadata.and_then(|metadata| metadata.values).unwrap_or_default(),
            modified: blob.properties.and_then(|properties| properties.last_modified),
        });
        (listed.collect(), page.next_marker.filter(|marker| !marker.is_empty()))
    }

    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;")
    }

    fn blob(name: &str, metadata: &[(String, String)]) -> String {
        let values: String =
            metadata.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
        format!(
            "<Blob><Name>{}</Name><Properties><Creation-Time>Fri, 27 Nov 2026 01:02:03 GMT</Creation-Time>\
             <Last-Modified>Fri, 27 Nov 2026 11:12:13 GMT</Last-Modified><Etag>0x8D</Etag><Content-Length>2</Content-Length>\
             <Content-Encoding /><BlobType>BlockBlob</BlobType></Properties><Metadata>{values}</Metadata><OrMetadata /></Blob>",
            escaped(name)
        )
    }

    fn results(blobs: &str, marker: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"https://a\" ContainerName=\"state\">\
             <Prefix>targets/</Prefix><MaxResults>2</MaxResults><Blobs>{blobs}</Blobs>{marker}</EnumerationResults>"
        )
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_clients_own_types_say(
            names in prop::collection::vec("[a-zA-Z0-9/&<'.é-]{1,20}", 0..4),
            metadata in prop::collection::vec(("[a-z][a-z0-9_]{0,8}|Name|Blob|Metadata", "[ -~]{0,3}[!-~]{1,20}"), 0..4),
            marker in prop::option::of("[a-zA-Z0-9!=&]{1,20}"),
        ) {
            let metadata: std::collections::BTreeMap<_, _> =
                metadata.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect();
            let metadata: Vec<_> = metadata.into_iter().collect();
            let blobs: String = names.iter().map(|name| blob(name, &metadata)).collect();
            let marker = marker.map_or("<NextMarker />".to_owned(), |text| format!("<NextMarker>{}</NextMarker>", escaped(&text)));
            let xml = results(&blobs, &marker);
            prop_assert_eq!(page(xml.as_bytes()).unwrap(), by_the_client(&xml));
        }

        #[test]
        fn of_a_page_that_is_cut_off_nothing_is_believed(cut in 0..1_000_usize) {
            let xml = results(&blob("targets/a", &[("wakeat".to_owned(), "2026".to_owned())]), "<NextMarker>m</NextMarker>");
            prop_assume!(cut < xml.len());
            prop_assert!(page(&xml.as_bytes()[..cut]).is_err());
        }
    }

    #[test]
    fn a_name_that_xml_cannot_hold_is_read_and_a_byte_order_mark_is_passed_over() {
        let encoded = "\u{feff}<EnumerationResults><Blobs><Blob><Name Encoded=\"true\">a%EF%BF%BEb</Name></Blob></Blobs>\
                       <NextMarker/></EnumerationResults>";
        let (blobs, marker) = page(encoded.as_bytes()).unwrap();
        assert_eq!((blobs[0].name.as_str(), blobs[0].modified, marker), ("a\u{fffe}b", None, None));
        assert!(page(b"<Error><Code>ServerBusy</Code></Error>").is_err(), "it is no list, so it is none that is empty");
    }
}
