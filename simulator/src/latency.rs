//! How long an exchange with each service takes, half of it before the service does its work and half after. Without any, what
//! is slow because calls wait for one another does not show.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request, middleware::Next};

use crate::Service;

/// The latencies of the services; none until one is set. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Latency {
    spans: Arc<Mutex<BTreeMap<Service, Duration>>>,
}

impl Latency {
    /// From now on, an exchange with the service takes so much longer.
    pub fn set(&self, service: Service, span: Duration) {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).insert(service, span);
    }

    /// How much longer it takes.
    pub fn of(&self, service: Service) -> Duration {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).get(&service).copied().unwrap_or_default()
    }

    /// Puts the latency around a service.
    pub(crate) fn around(&self, service: Service, router: Router) -> Router {
        let latency = self.clone();
        router.layer(axum::middleware::from_fn(move |request: Request, next: Next| {
            let half = latency.of(service) / 2;
            async move {
                pass(half).await;
                let response = next.run(request).await;
                pass(half).await;
                response
            }
        }))
    }
}

async fn pass(span: Duration) {
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}
