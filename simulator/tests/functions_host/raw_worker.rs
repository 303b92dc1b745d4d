//! A worker that writes down every byte that it is sent, and answers with the bytes that it is given: in the event, or in a file.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::unchunked;

const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

pub(crate) async fn serve(port: u16, file: Option<String>) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(converse(stream, file.clone()));
    }
}

async fn converse(mut stream: TcpStream, file: Option<String>) {
    let mut bytes = Vec::new();
    while let Some((head, body)) = request(&mut stream, &mut bytes).await {
        let text = String::from_utf8_lossy(&body).into_owned();
        let is_chunked = head.contains("\r\nTransfer-Encoding: chunked\r\n");
        let (text, chunks) = if is_chunked { unchunked(&text) } else { (text, Vec::new()) };
        println!("raw {}", json!({ "head": head, "body": text, "chunks": chunks }));
        let told = serde_json::from_str::<Value>(&text).unwrap_or_default();
        let told = told["Data"]["event"]["data"]["answer"].as_str().map(str::to_owned);
        let answer = match (told, &file) {
            _ if head.starts_with("GET / ") => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
            // Where a redirect leads to.
            _ if head.starts_with("GET /hello ") => DONE.to_owned(),
            (Some(told), _) => told,
            (None, Some(file)) => std::fs::read_to_string(file).unwrap(),
            (None, None) => DONE.to_owned(),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request: its head, and its body as it is on the wire.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = match head.split("Content-Length: ").nth(1) {
                Some(length) => Some(length.split("\r\n").next().unwrap().parse::<usize>().unwrap()),
                None if head.contains("Transfer-Encoding: chunked") => {
                    bytes[end..].windows(7).position(|last| last == b"\r\n0\r\n\r\n").map(|at| at + 7)
                }
                None => Some(0),
            };
            if let Some(length) = length.filter(|length| bytes.len() >= end + length) {
                let body = bytes[end..end + length].to_vec();
                bytes.drain(..end + length);
                return Some((head, body));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}
