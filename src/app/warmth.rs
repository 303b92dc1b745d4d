//! What a first event would wait for, done before it comes: the token for Service Bus and a connection to it. An instance that starts for
//! a burst would else begin with them.

use std::time::Duration;

use futures::join;
use tokio::time::timeout;
use url::Url;

use crate::azure::Identity;
use crate::service_bus::AUDIENCE;

/// Whoever comes later gets what is needed when it is needed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The identity and the place that events are sent with.
pub(super) struct Warmth {
    pub(super) client: reqwest::Client,
    pub(super) identity: Identity,
    pub(super) service_bus: Url,
}

impl Warmth {
    /// Gets the token and opens the connection. What fails is told where it is needed, by the call that needs it.
    pub(super) async fn up(&self) {
        let credential = self.identity.credential();
        let token = credential.get_token(&[AUDIENCE], None);
        // Whatever the answer is: it has no body, so the connection is free at once.
        let connection = self.client.head(self.service_bus.clone()).send();
        let _ = timeout(PATIENCE, async { join!(token, connection) }).await;
    }
}
