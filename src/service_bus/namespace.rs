//! One Service Bus namespace over REST (ADR 0001): its address, and the pipeline that adds the app's tokens.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Method, Pipeline, Request};
use url::Url;

/// Whom a token for Service Bus is for.
pub const AUDIENCE: &str = "https://servicebus.azure.net/.default";
/// Turns off the gateway's own retry: this worker's is the only one.
const RETRY_POLICY: HeaderName = HeaderName::from_static("x-ms-retrypolicy");

/// A namespace. Clones share its connections.
#[derive(Clone)]
pub struct Namespace {
    address: Url,
    pub(super) pipeline: Pipeline,
}

impl Namespace {
    /// The namespace at this address.
    #[must_use]
    pub fn new(address: Url, credential: Arc<dyn TokenCredential>, options: ClientOptions) -> Self {
        let bearer: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(credential, [AUDIENCE]));
        let name = Some(env!("CARGO_PKG_NAME"));
        let pipeline = Pipeline::new(name, Some(env!("CARGO_PKG_VERSION")), options, Vec::new(), vec![bearer], None);
        Self { address, pipeline }
    }

    /// The address of something in the namespace.
    pub(super) fn at(&self, path: &[&str]) -> Url {
        let mut url = self.address.clone();
        url.path_segments_mut().expect("an https address has a path").pop_if_empty().extend(path);
        url
    }

    /// An address that the service gave, if it is in the namespace: a token must not travel anywhere else.
    pub(super) fn own(&self, given: &str) -> Option<Url> {
        within(&self.address, given)
    }

    /// A request that is tried once only.
    pub(super) fn request(url: Url, method: Method) -> Request {
        let mut request = Request::new(url, method);
        request.insert_header(RETRY_POLICY, "NoRetry");
        request
    }
}

fn within(address: &Url, given: &str) -> Option<Url> {
    address.join(given).ok().filter(|url| url.origin() == address.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_namespace_itself_gets_a_token() {
        let own = |given: &str| within(&"https://ns.servicebus.windows.net".parse().unwrap(), given);
        let lock = "https://ns.servicebus.windows.net/q/$deadletterqueue/messages/7/0a";
        assert_eq!(own(lock).unwrap().as_str(), lock, "unchanged");
        assert_eq!(own("https://NS.servicebus.windows.net:443/q").unwrap().path(), "/q");
        assert_eq!(own("/q/messages/7/0a").unwrap().host_str(), Some("ns.servicebus.windows.net"));
        for foreign in [
            "https://other.servicebus.windows.net/q",
            "https://ns.servicebus.windows.net.example/q",
            "http://ns.servicebus.windows.net/q",
            "https://ns.servicebus.windows.net:8443/q",
            "https://ns.servicebus.windows.net@example.org/q",
            "//example.org/q",
            "data:,q",
            "https://",
        ] {
            assert_eq!(own(foreign), None, "{foreign}");
        }
    }
}
