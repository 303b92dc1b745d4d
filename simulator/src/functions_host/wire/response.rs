//! An answer of the worker, read from the wire to its end.

use std::io::{self, ErrorKind};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// An answer.
#[derive(Debug, Clone)]
pub(in super::super) struct Response {
    pub(in super::super) status: u16,
    pub(in super::super) reason: String,
    /// In their order and spelling.
    pub(in super::super) headers: Vec<(String, String)>,
    pub(in super::super) body: Bytes,
    /// Whether the connection can be used again.
    pub(super) keeps_connection: bool,
}

/// What the length of a body follows from.
enum Length {
    Known(usize),
    Chunked,
    UntilTheEnd,
}

const MOST_HEADERS: usize = 100;
const LONGEST_HEAD: usize = 64 * 1024;

impl Response {
    /// The value of a header, its name in whatever case.
    pub(in super::super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Reads one answer to a request with this method; those of 1xx before it are skipped.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), method: &str) -> io::Result<Self> {
        let mut buffer = BytesMut::with_capacity(4096);
        loop {
            let (mut response, is_http_11) = head(stream, &mut buffer).await?;
            if (100..200).contains(&response.status) {
                continue;
            }
            let length = length(&response, method)?;
            let is_closed = response.header("connection").is_some_and(|word| word.eq_ignore_ascii_case("close"));
            response.keeps_connection = is_http_11 && !is_closed && !matches!(length, Length::UntilTheEnd);
            response.body = body(stream, &mut buffer, length).await?;
            return Ok(response);
        }
    }
}

async fn head(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> io::Result<(Response, bool)> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        let status = parsed.parse(buffer).map_err(|error| broken(&error.to_string()))?;
        if let httparse::Status::Complete(end) = status {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let response = Response {
                status: parsed.code.unwrap_or_default(),
                reason: parsed.reason.unwrap_or_default().to_owned(),
                headers: parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
                body: Bytes::new(),
                keeps_connection: false,
            };
            let is_http_11 = parsed.version == Some(1);
            buffer.advance(end);
            return Ok((response, is_http_11));
        }
        if buffer.len() > LONGEST_HEAD {
            return Err(broken("its headers are too long"));
        }
        more(stream, buffer).await?;
    }
}

fn length(response: &Response, method: &str) -> io::Result<Length> {
    if method == "HEAD" || matches!(response.status, 204 | 304) {
        return Ok(Length::Known(0));
    }
    if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Ok(Length::Chunked);
    }
    match response.header("content-length") {
        None => Ok(Length::UntilTheEnd),
        Some(length) => length.trim().parse().map(Length::Known).map_err(|_| broken("its Content-Length is no number")),
    }
}

async fn body(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut, length: Length) -> io::Result<Bytes> {
    match length {
        Length::Known(length) => take(stream, buffer, length).await,
        Length::UntilTheEnd => {
            while stream.read_buf(buffer).await? > 0 {}
            Ok(buffer.split().freeze())
        }
        Length::Chunked => {
            let mut whole = BytesMut::new();
            loop {
                let size = line(stream, buffer).await?;
                let size = size.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16).map_err(|_| broken("a chunk's size is no number"))?;
                if size == 0 {
                    // Trailers, up to the empty line.
                    while !line(stream, buffer).await?.is_empty() {}
                    return Ok(whole.freeze());
                }
                whole.extend_from_slice(&take(stream, buffer, size).await?);
                if !line(stream, buffer).await?.is_empty() {
                    return Err(broken("a chunk is longer than it says"));
                }
            }
        }
    }
}

async fn take(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut, length: usize) -> io::Result<Bytes> {
    while buffer.len() < length {
        more(stream, buffer).await?;
    }
    Ok(buffer.split_to(length).freeze())
}

async fn line(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> io::Result<String> {
    loop {
        if let Some(end) = buffer.windows(2).position(|two| two == b"\r\n") {
            let line = buffer.split_to(end + 2);
            return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        if buffer.len() > LONGEST_HEAD {
            return Err(broken("a line of its body is too long"));
        }
        more(stream, buffer).await?;
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "The response ended prematurely.")),
        _ => Ok(()),
    }
}

fn broken(words: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("Received an invalid response: {words}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str) -> io::Result<Response> {
        Response::read(&mut text.as_bytes(), "POST").await
    }

    #[tokio::test]
    async fn a_body_ends_by_its_length_its_last_chunk_or_with_the_connection() {
        let cases = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", "{}", true),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nT: u\r\n\r\n",
                "{}",
                true,
            ),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "", true),
            ("HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", false),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "", false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", false),
        ];
        for (text, body, keeps) in cases {
            let response = read(text).await.unwrap();
            assert_eq!((response.body.as_ref(), response.keeps_connection), (body.as_bytes(), keeps), "{text}");
        }
        let response = read("HTTP/1.1 418 I'm a teapot\r\nX-B: c\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        assert_eq!(
            (response.status, response.reason.as_str(), response.header("x-b")),
            (418, "I'm a teapot", Some("c"))
        );
        assert_eq!(response.headers[0].0, "X-B", "names keep their spelling");
    }

    #[tokio::test]
    async fn half_an_answer_is_an_error() {
        for text in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", "nonsense\r\n\r\n"] {
            assert!(read(text).await.is_err(), "{text}");
        }
    }
}
