//! What calls on queues and blobs need (Microsoft documentation: "Azure permissions for Integration" and "Permissions for
//! calling data operations" of Azure Storage), and how those services refuse.

use super::{Plane, container, places::queue};
use crate::{Service, estate::ArmId, refusal, tls::Response};

/// What a call needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataNeed {
    pub(crate) plane: Plane,
    pub(crate) action: String,
    pub(crate) scope: ArmId,
}

/// What a request to a service needs; `None` when this service asks for no right.
pub(crate) fn need(service: Service, method: &str, path: &str, query: &str) -> Option<DataNeed> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match service {
        Service::ServiceBus => {
            let (name, rest) = segments.split_first()?;
            let sends = method == "POST" && matches!(rest, ["messages"]);
            let verb = if sends { "send" } else { "receive" };
            let action = format!("Microsoft.ServiceBus/namespaces/messages/{verb}/action");
            Some(DataNeed { plane: Plane::Data, action, scope: queue(&name.to_lowercase()) })
        }
        Service::Blob => {
            let name = segments.first().copied().unwrap_or_default();
            let lists = query.split('&').any(|pair| pair == "comp=list");
            let verb = match method {
                "GET" | "HEAD" => "read",
                "DELETE" => "delete",
                _ => "write",
            };
            let (plane, kind) = match segments.len() {
                0 => (Plane::Control, "containers"),
                1 if !lists => (Plane::Control, "containers"),
                _ => (Plane::Data, "containers/blobs"),
            };
            let action = format!("Microsoft.Storage/storageAccounts/blobServices/{kind}/{verb}");
            Some(DataNeed { plane, action, scope: container(name) })
        }
        Service::ResourceManager | Service::Identity | Service::Entra | Service::Functions => None,
    }
}

/// The service's own no.
pub(crate) fn refused(service: Service, need: &DataNeed, host: &str) -> Response {
    match service {
        Service::Blob => refusal::blob(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
            &[],
        ),
        Service::ServiceBus => {
            let claim = if need.action.ends_with("/send/action") { "Send" } else { "Listen" };
            let words = format!(
                "Unauthorized access. '{claim}' claim(s) are required to perform this operation. Resource: \
                 'sb://{host}/{}'.",
                need.scope.name()
            );
            refusal::service_bus(401, &words)
        }
        Service::ResourceManager | Service::Identity | Service::Entra | Service::Functions => {
            refusal::of_status(service, 403)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_needs_its_action_at_its_place() {
        let queue = queue("wake-ups");
        for (service, method, path, query, action, scope) in [
            (Service::ServiceBus, "POST", "/Wake-Ups/messages", "", "namespaces/messages/send/action", queue.clone()),
            (Service::ServiceBus, "POST", "/wake-ups/messages/head", "", "messages/receive/action", queue.clone()),
            (Service::ServiceBus, "DELETE", "/wake-ups/messages/1/2", "", "messages/receive/action", queue.clone()),
            (
                Service::ServiceBus,
                "POST",
                "/wake-ups/$deadletterqueue/messages/head",
                "",
                "messages/receive/action",
                queue,
            ),
            (Service::Blob, "GET", "/state/a/b", "", "containers/blobs/read", container("state")),
            (Service::Blob, "PUT", "/state/a", "comp=block&blockid=x", "containers/blobs/write", container("state")),
            (Service::Blob, "DELETE", "/state/a", "", "containers/blobs/delete", container("state")),
            (Service::Blob, "GET", "/state", "restype=container&comp=list", "blobs/read", container("state")),
            (Service::Blob, "GET", "/state", "restype=container", "blobServices/containers/read", container("state")),
            (Service::Blob, "PUT", "/new", "restype=container", "blobServices/containers/write", container("new")),
            (Service::Blob, "GET", "/", "comp=list", "blobServices/containers/read", container("")),
        ] {
            let need = need(service, method, path, query).expect("a need");
            assert!(need.action.ends_with(action), "{method} {path}: {}", need.action);
            assert_eq!(need.scope, scope, "{method} {path}");
        }
        assert_eq!(need(Service::Identity, "GET", "/msi/token", ""), None);
    }
}
