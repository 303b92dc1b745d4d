//! Rights on queues and blobs: by queue and container, refused in the words of those services.

use super::*;
use crate::{
    blob::Blobs,
    rights::{Access, RoleAssignment, container, queue},
};

const SENDER: &str = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39";
const RECEIVER: &str = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0";
const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const BLOB_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";

#[tokio::test]
async fn a_queue_takes_from_senders_and_gives_to_receivers() {
    let access = Access::enforced()
        .with_grant(RoleAssignment::new(queue("wake-ups"), SENDER, WORKER))
        .with_grant(RoleAssignment::new(queue("batch-runs"), RECEIVER, WORKER));
    let local = Guarded::start(land().with_access(access)).await;
    let bus = local.azure.endpoints().service_bus;
    for (method, path, status) in [
        ("POST", "/wake-ups/messages", 201),
        ("POST", "/noncompliant-resources/messages", 401),
        ("POST", "/batch-runs/messages", 401),
        ("POST", "/wake-ups/messages/head?timeout=0", 401),
        ("POST", "/batch-runs/messages/head?timeout=0", 204),
    ] {
        let url = format!("{bus}{path}");
        let (found, _, body) = local.send(&worker(), "https://servicebus.azure.net", method, &url, "x".into()).await;
        let body = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(found, status, "{path}: {body}");
        if status == 401 {
            let claim = if path.ends_with("/messages") { "Send" } else { "Listen" };
            assert!(body.contains(&format!("Unauthorized access. '{claim}' claim(s) are required")), "{body}");
        }
    }
}

#[tokio::test]
async fn a_container_gives_to_readers_and_takes_from_owners() {
    let access = Access::enforced()
        .with_grant(RoleAssignment::new(container("state"), BLOB_OWNER, WORKER))
        .with_grant(RoleAssignment::new(container("rejected"), BLOB_READER, WORKER));
    let local = Guarded::start(land().with_access(access)).await;
    let blobs: &Blobs = local.azure.blobs();
    assert!(blobs.list("state", "").is_empty());
    let endpoint = local.azure.endpoints().blob;
    for (method, path, status) in [
        ("GET", "state/none", 404),
        ("DELETE", "state/none", 404),
        ("GET", "rejected/none", 404),
        ("GET", "rejected?restype=container&comp=list", 200),
        ("DELETE", "rejected/none", 403),
        ("GET", "other/none", 403),
    ] {
        let url = format!("{endpoint}{path}");
        let (found, headers, _) = local.send(&worker(), "https://storage.azure.com", method, &url, String::new()).await;
        assert_eq!(found, status, "{method} {path}");
        if status == 403 {
            assert_eq!(headers["x-ms-error-code"], "AuthorizationPermissionMismatch");
        }
    }
    assert_eq!(local.manager.refused_calls().len(), 2);
}
