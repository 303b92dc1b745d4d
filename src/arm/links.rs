//! How the links to further pages are followed: by the method of the list, or by the other where the service refuses that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use azure_core::http::Method;

use remediation::fact::CallKind;

/// The methods that links were last followed by, where not by that of their list.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<HashMap<CallKind, Method>>);

impl Links {
    /// The method for the links of a list that was asked for by `own`.
    pub(super) fn method(&self, kind: CallKind, own: Method) -> Method {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).copied().unwrap_or(own)
    }

    /// Remembers what was not refused.
    pub(super) fn remember(&self, kind: CallKind, method: Method) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, method);
    }

    /// The other method that reads.
    pub(super) fn other(method: Method) -> Method {
        if method == Method::Post { Method::Get } else { Method::Post }
    }
}
