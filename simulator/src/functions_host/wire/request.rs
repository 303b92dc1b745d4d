//! A request as bytes. Header names keep their spelling, and a body that is told no length goes out in chunks of 1,024
//! characters, as the host's writer flushes them; recorded.

use std::fmt::Write;

/// A request to the worker.
#[derive(Debug, Clone)]
pub(in super::super) struct Request {
    pub(in super::super) method: String,
    /// Path and query.
    pub(in super::super) target: String,
    /// All headers but those of the body, in their order.
    pub(in super::super) headers: Vec<(String, String)>,
    pub(in super::super) body: Body,
}

#[derive(Debug, Clone)]
pub(in super::super) enum Body {
    None,
    /// JSON in chunks: what the host sends in Azure.
    Chunked(String),
    /// JSON with its length: what it sends under the Core Tools.
    Measured(String),
    /// Handed on as it came.
    Handed {
        bytes: Vec<u8>,
        content_type: Option<String>,
    },
}

/// Characters of UTF-16 in a chunk.
const CHUNK: usize = 1024;
const JSON: &str = "application/json; charset=utf-8";

impl Request {
    /// Everything that goes over the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut line = |name: &str, value: &str| {
            // A String takes whatever is written to it.
            let _ = write!(head, "{name}: {value}\r\n");
        };
        self.headers.iter().for_each(|(name, value)| line(name, value));
        let mut body = Vec::new();
        match &self.body {
            Body::None => {}
            Body::Chunked(json) => {
                line("Transfer-Encoding", "chunked");
                line("Content-Type", JSON);
                for chunk in chunks(json) {
                    body.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
                    body.extend_from_slice(chunk.as_bytes());
                    body.extend_from_slice(b"\r\n");
                }
                body.extend_from_slice(b"0\r\n\r\n");
            }
            Body::Measured(json) => {
                line("Content-Type", JSON);
                line("Content-Length", &json.len().to_string());
                body.extend_from_slice(json.as_bytes());
            }
            Body::Handed { bytes, content_type } => {
                line("Content-Length", &bytes.len().to_string());
                if let Some(content_type) = content_type {
                    line("Content-Type", content_type);
                }
                body.extend_from_slice(bytes);
            }
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.append(&mut body);
        bytes
    }
}

/// The pieces of a text between every 1,024 characters of UTF-16. Half of a pair waits for its other half.
pub(in super::super) fn chunks(text: &str) -> Vec<&str> {
    let (mut chunks, mut begun, mut place) = (Vec::new(), 0, 0);
    for (at, sign) in text.char_indices() {
        let last = place + sign.len_utf16() - 1;
        if last / CHUNK > chunks.len() {
            chunks.push(&text[begun..at]);
            begun = at;
        }
        place = last + 1;
    }
    if begun < text.len() {
        chunks.push(&text[begun..]);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_after_so_many_characters_of_utf_16() {
        let sizes = |text: &str| chunks(text).iter().map(|chunk| chunk.len()).collect::<Vec<_>>();
        assert_eq!(sizes(""), Vec::<usize>::new());
        assert_eq!(sizes(&"x".repeat(1024)), [1024]);
        assert_eq!(sizes(&"x".repeat(2049)), [1024, 1024, 1]);
        assert_eq!(sizes(&("ü☃".to_owned() + &"x".repeat(1023))), [1027, 1]);
        // The pair begins at the last place: it goes with the next chunk, of which it takes one place.
        assert_eq!(sizes(&("x".repeat(1023) + "😀" + &"x".repeat(1024))), [1023, 1027, 1]);
    }

    #[test]
    fn a_body_comes_in_chunks_or_with_its_length() {
        let request = |body| Request { method: "POST".into(), target: "/f".into(), headers: Vec::new(), body };
        let told = |body| String::from_utf8(request(body).bytes()).unwrap();
        assert_eq!(
            told(Body::Chunked("{}".into())),
            "POST /f HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json; charset=utf-8\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        );
        assert_eq!(
            told(Body::Measured("{}".into())),
            "POST /f HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"
        );
        let handed = Body::Handed { bytes: b"x".to_vec(), content_type: Some("text/plain".into()) };
        assert!(told(handed).ends_with("Content-Length: 1\r\nContent-Type: text/plain\r\n\r\nx"));
    }
}
