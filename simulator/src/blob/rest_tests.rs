//! The Blob protocol through a real socket.

use super::*;
use crate::{
    Faults, Front, Ledger, Service,
    tls::Endpoint,
    wire_client::{self, text as read},
};
use axum::http::Request;

struct Account {
    endpoint: Endpoint,
    blobs: Blobs,
}

impl Account {
    async fn open() -> Self {
        let blobs = Blobs::new();
        blobs.create_container("state");
        let front = Front::new(Service::Blob, router(blobs.clone()), Ledger::new(), Faults::new());
        Self { endpoint: Endpoint::open(None, front.exchange()).await.unwrap(), blobs }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, HeaderMap, String) {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.endpoint.address()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = wire_client::plain().send(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let headers = response.headers().clone();
        let (status, body) = read(response).await;
        (status, headers, body)
    }
}

const BLOCK: (&str, &str) = ("x-ms-blob-type", "BlockBlob");

#[tokio::test]
async fn a_document_is_created_once_changed_by_etag_and_deleted() {
    let account = Account::open().await;
    let path = "/state/targets/s%20ub/a.json";
    let create = [BLOCK, ("if-none-match", "*"), ("content-type", "application/json"), ("x-ms-meta-wakeAt", "1")];
    let (status, headers, _) = account.send("PUT", path, &create, "{}").await;
    assert_eq!(status, 201);
    let etag = headers["etag"].to_str().unwrap().to_owned();
    assert!(headers.contains_key("x-ms-request-id") && headers.contains_key("last-modified"));

    let (status, headers, body) = account.send("PUT", path, &create, "{}").await;
    assert_eq!((status, headers["x-ms-error-code"].to_str().unwrap()), (409, "BlobAlreadyExists"));
    assert!(body.contains("<Code>BlobAlreadyExists</Code>"), "{body}");

    let swap = [BLOCK, ("if-match", etag.as_str())];
    assert_eq!(account.send("PUT", path, &swap, "[1]").await.0, 201);
    let (status, headers, _) = account.send("PUT", path, &swap, "[2]").await;
    assert_eq!((status, headers["x-ms-error-code"].to_str().unwrap()), (412, "ConditionNotMet"));

    let (status, headers, body) = account.send("GET", path, &[], "").await;
    assert_eq!((status, body.as_str()), (200, "[1]"));
    assert!(!headers.contains_key("x-ms-meta-wakeat"), "a write replaces the metadata too");
    let now = headers["etag"].to_str().unwrap().to_owned();
    let (status, _, body) = account.send("GET", path, &[("if-none-match", &now)], "").await;
    assert_eq!((status, body.as_str()), (304, ""));

    let (status, headers, _) = account.send("PUT", &format!("{path}?comp=metadata"), &[("x-ms-meta-a", "b")], "").await;
    assert_eq!(status, 200);
    assert_ne!(headers["etag"].to_str().unwrap(), now);
    let (status, headers, body) = account.send("HEAD", path, &[], "").await;
    assert_eq!((status, headers["content-length"].to_str().unwrap(), body.as_str()), (200, "3", ""));
    assert_eq!(headers["x-ms-meta-a"], "b");

    assert_eq!(account.send("DELETE", path, &[("if-match", &now)], "").await.0, 412);
    assert_eq!(account.send("DELETE", path, &[], "").await.0, 202);
    let (status, headers, _) = account.send("DELETE", path, &[], "").await;
    assert_eq!((status, headers["x-ms-error-code"].to_str().unwrap()), (404, "BlobNotFound"));
    assert!(account.blobs.list("state", "").is_empty());
}

#[tokio::test]
async fn ranges_are_served_as_a_partitioned_download_asks_for_them() {
    let account = Account::open().await;
    account.blobs.put("state", "b", "0123456789").unwrap();
    account.blobs.put("state", "empty", "").unwrap();
    for (name, range, status, body, told) in [
        ("b", "bytes=0-3", 206, "0123", "bytes 0-3/10"),
        ("b", "bytes=8-4194303", 206, "89", "bytes 8-9/10"),
        ("b", "bytes=4-", 206, "456789", "bytes 4-9/10"),
        ("b", "rows=4", 200, "0123456789", ""),
        ("b", "bytes=10-12", 416, "InvalidRange", ""),
        ("empty", "bytes=0-4194303", 416, "InvalidRange", ""),
    ] {
        let (found, headers, text) = account.send("GET", &format!("/state/{name}"), &[("range", range)], "").await;
        assert_eq!(found, status, "{name} {range}");
        assert!(text.contains(body), "{text}");
        assert_eq!(headers.get("content-range").map_or("", |value| value.to_str().unwrap()), told);
    }
}

#[tokio::test]
async fn blocks_are_joined_in_the_order_of_the_list() {
    let account = Account::open().await;
    for (id, content) in [("QQ%3D%3D", "one"), ("Qg%3D%3D", "two")] {
        assert_eq!(account.send("PUT", &format!("/state/big?comp=block&blockid={id}"), &[], content).await.0, 201);
    }
    let commit = "/state/big?comp=blocklist";
    let list = "<?xml version=\"1.0\"?><BlockList><Latest>Qg==</Latest> <Uncommitted>QQ==</Uncommitted></BlockList>";
    let wrong = "<BlockList><Latest>WA==</Latest></BlockList>";
    assert_eq!(account.send("PUT", commit, &[], wrong).await.0, 400);
    assert_eq!(account.send("PUT", commit, &[], "<BlockList><Latest>").await.0, 400);
    let headers = [("content-type", "application/xml"), ("x-ms-blob-content-type", "text/plain")];
    assert_eq!(account.send("PUT", commit, &headers, list).await.0, 201);
    let blob = account.blobs.get("state", "big").unwrap();
    assert_eq!((blob.content.as_ref(), blob.content_type.as_str()), (b"twoone".as_slice(), "text/plain"));
    let again = "<BlockList><Committed>QQ==</Committed></BlockList>";
    assert_eq!(account.send("PUT", commit, &[], again).await.0, 201);
    assert_eq!(account.blobs.get("state", "big").unwrap().content, "one");
}

#[tokio::test]
async fn what_is_not_there_or_not_understood_is_refused_by_its_code() {
    let account = Account::open().await;
    for (method, path, headers, status, code) in [
        ("GET", "/nowhere/b", vec![], 404, "ContainerNotFound"),
        ("GET", "/state/b", vec![], 404, "BlobNotFound"),
        ("GET", "/nowhere?restype=container&comp=list", vec![], 404, "ContainerNotFound"),
        ("PUT", "/state?restype=container", vec![], 409, "ContainerAlreadyExists"),
        ("PUT", "/Sta_te?restype=container", vec![], 400, "InvalidResourceName"),
        ("PUT", "/state/b", vec![], 400, "MissingRequiredHeader"),
        ("PUT", "/state/b", vec![("x-ms-blob-type", "PageBlob")], 400, "InvalidHeaderValue"),
        ("PUT", "/state/b", vec![BLOCK, ("x-ms-meta-a-b", "c")], 400, "InvalidMetadata"),
        ("PUT", "/state/b?comp=block", vec![], 400, "MissingRequiredQueryParameter"),
        ("GET", "/state/b?comp=tags", vec![], 400, "InvalidQueryParameterValue"),
        ("GET", "/state/%ff", vec![], 400, "InvalidUri"),
        ("GET", "/state/b", vec![("if-modified-since", "yesterday")], 400, "InvalidHeaderValue"),
        ("POST", "/state/b", vec![], 405, "UnsupportedHttpVerb"),
    ] {
        let (found, answer, _) = account.send(method, path, &headers, "").await;
        assert_eq!((found, answer["x-ms-error-code"].to_str().unwrap()), (status, code), "{method} {path}");
    }
    assert_eq!(account.send("PUT", "/fresh?restype=container", &[], "").await.0, 201);
    assert_eq!(account.send("GET", "/fresh?restype=container", &[], "").await.0, 200);
}

#[tokio::test]
async fn a_version_that_never_was_and_a_part_of_a_list_that_there_is_not_are_refused_by_name() {
    let account = Account::open().await;
    let list = "/state?restype=container&comp=list";
    for (version, status) in [("2026-04-06", 200), ("2019-12-12", 200), ("2026-04-07", 400), ("latest", 400)] {
        let (found, headers, body) = account.send("GET", list, &[("x-ms-version", version)], "").await;
        assert_eq!(found, status, "{version}");
        if status == 200 {
            assert_eq!(headers["x-ms-version"], version);
        } else {
            assert_eq!(
                (&headers["x-ms-error-code"], &headers["x-ms-version"]),
                (&HeaderValue::from_static("InvalidHeaderValue"), &HeaderValue::from_static(versions::DEFAULT))
            );
            let named = format!("<HeaderName>x-ms-version</HeaderName><HeaderValue>{version}</HeaderValue></Error>");
            assert!(body.ends_with(&named), "{body}");
        }
    }
    let (status, headers, body) = account.send("GET", &format!("{list}&include=metadata,moon"), &[], "").await;
    assert_eq!((status, headers["x-ms-error-code"].to_str().unwrap()), (400, "InvalidQueryParameterValue"));
    assert!(body.contains("<QueryParameterName>include</QueryParameterName>"), "{body}");
    assert_eq!(account.send("GET", &format!("{list}&include=metadata,snapshots"), &[], "").await.0, 200);
}

#[tokio::test]
async fn metadata_has_room_for_8_kilobytes_and_no_more() {
    let account = Account::open().await;
    let of = |bytes: usize| "v".repeat(bytes - "name".len());
    let put = async |value: &str| account.send("PUT", "/state/b", &[BLOCK, ("x-ms-meta-name", value)], "").await;
    assert_eq!(put(&of(8_192)).await.0, 201);
    let (status, headers, _) = put(&of(8_193)).await;
    assert_eq!((status, headers["x-ms-error-code"].to_str().unwrap()), (400, "MetadataTooLarge"));
    let (status, ..) = account.send("PUT", "/state/b?comp=metadata", &[("x-ms-meta-name", &of(8_193))], "").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn content_that_was_damaged_on_its_way_is_refused_and_what_arrived_is_told() {
    let account = Account::open().await;
    let (right, other) = ("kAFQmDzST7DWlj99KOF/cg==", "AAAAAAAAAAAAAAAAAAAAAA==");
    for path in ["/state/b", "/state/c?comp=block&blockid=QQ%3D%3D"] {
        for (md5, status, code) in [(other, 400, "Md5Mismatch"), ("AAAA", 400, "InvalidMd5"), ("?", 400, "InvalidMd5")]
        {
            let (found, headers, body) = account.send("PUT", path, &[BLOCK, ("content-md5", md5)], "abc").await;
            assert_eq!((found, headers["x-ms-error-code"].to_str().unwrap()), (status, code), "{path} {md5}");
            assert_eq!(body.contains(&format!("<ServerCalculatedMd5>{right}</ServerCalculatedMd5>")), md5 == other);
        }
        let (status, headers, _) = account.send("PUT", path, &[BLOCK, ("content-md5", right)], "abc").await;
        assert_eq!((status, headers["content-md5"].to_str().unwrap()), (201, right), "{path}");
    }
    let (_, headers, _) = account.send("GET", "/state/b", &[], "").await;
    assert_eq!(headers["content-md5"], right);
    let (_, headers, _) = account.send("GET", "/state/b", &[("range", "bytes=0-1")], "").await;
    assert_eq!(
        (headers.get("content-md5"), &headers["x-ms-blob-content-md5"]),
        (None, &HeaderValue::from_static(right))
    );
}
