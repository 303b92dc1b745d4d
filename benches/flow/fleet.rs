//! Very many subscriptions of one assignment that are due at once in several instances, all of which book and report in one document.

use crate::stage::Shared;

/// As many subscriptions, each with one resource of the policy, in so many instances.
pub(crate) async fn measure(subscriptions: usize, instances: usize) -> String {
    let shared = Shared { subscriptions, instances };
    shared.run().await.line(shared)
}
