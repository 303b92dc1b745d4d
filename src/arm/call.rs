//! A call to Resource Manager as a value: what is asked of whom, whether it may be repeated, and what the answer is.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use azure_core::http::Method;
use serde_json::Value;
use url::Url;

use remediation::fact::CallKind;
use remediation::id::SubscriptionId;

use super::punctual::LeavesBefore;

/// Whose allowance a call is counted against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QuotaScope {
    /// A subscription's.
    Subscription(SubscriptionId),
    /// The tenant's: definitions that are built in or of a management group.
    Tenant,
    /// That of queries over whole management groups.
    Groups,
    /// The caller's in Resource Graph.
    Graph,
}

impl fmt::Display for QuotaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(id) => write!(f, "{id}"),
            Self::Tenant => f.write_str("tenant"),
            Self::Groups => f.write_str("managementGroups"),
            Self::Graph => f.write_str("resourceGraph"),
        }
    }
}

/// The api-version of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ApiVersion {
    /// The one that it is written for.
    pub(super) own: &'static str,
    /// The oldest that means the same by it.
    pub(super) oldest: &'static str,
}

impl ApiVersion {
    /// Whether the call means the same under this version. A preview of the oldest may lack what the oldest has.
    pub(super) fn lives_with(self, listed: &str) -> bool {
        let date = listed.get(..self.own.len()).unwrap_or(listed);
        let is_preview = date.len() < listed.len();
        date <= self.own && if is_preview { date > self.oldest } else { date >= self.oldest }
    }
}

/// A call whose answer is read as `T`.
#[derive(Debug, Clone)]
pub struct Call<T> {
    pub(super) kind: CallKind,
    pub(super) quota: QuotaScope,
    pub(super) method: Method,
    path: Vec<String>,
    pub(super) version: ApiVersion,
    query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    pub(super) leaves_before: Option<LeavesBefore>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    /// A call on the resource with this id, followed by `tail`. The id comes from one of the id types, so its segments are safe.
    pub(super) fn new(
        kind: CallKind,
        quota: QuotaScope,
        method: Method,
        id: &str,
        tail: &[&str],
        api_version: &'static str,
    ) -> Self {
        let path = id.split('/').filter(|s| !s.is_empty()).chain(tail.iter().copied()).map(str::to_owned).collect();
        Self {
            kind,
            quota,
            method,
            path,
            version: ApiVersion { own: api_version, oldest: api_version },
            query: Vec::new(),
            body: None,
            leaves_before: None,
            answer: PhantomData,
        }
    }

    /// Lets the call be made in a cloud that has no newer api-version than this, too: all that it needs is there already.
    pub(super) fn down_to(mut self, oldest: &'static str) -> Self {
        self.version.oldest = oldest;
        self
    }

    pub(super) fn with_query(mut self, name: &'static str, value: String) -> Self {
        self.query.push((name, value));
        self
    }

    /// The same call for so many items at most, where an answer with all of them is too large.
    #[must_use]
    pub(super) fn at_most(&self, items: usize) -> Self {
        let query = self.query.iter().cloned().chain([("$top", items.to_string())]).collect();
        let (quota, method, path) = (self.quota.clone(), self.method, self.path.clone());
        let (version, leaves_before) = (self.version, self.leaves_before);
        Self {
            kind: self.kind,
            quota,
            method,
            path,
            version,
            query,
            body: self.body.clone(),
            leaves_before,
            answer: PhantomData,
        }
    }

    pub(super) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Lets the call be sent only until the process has been running for so long.
    #[must_use]
    pub fn leaving_before(mut self, running: Duration) -> Self {
        self.leaves_before = Some(LeavesBefore(running));
        self
    }

    /// The same, where there is such a time.
    #[must_use]
    pub fn leaving_in_time(self, running: Option<Duration>) -> Self {
        match running {
            Some(running) => self.leaving_before(running),
            None => self,
        }
    }

    /// The body as it is sent, for a plan to show. Empty when there is none.
    #[must_use]
    pub fn body_text(&self) -> String {
        self.body.as_ref().map(Value::to_string).unwrap_or_default()
    }

    /// The address of the call under an api-version. Every segment and value is escaped.
    pub(super) fn url(&self, endpoint: &Url, version: &str) -> Url {
        let mut url = endpoint.clone();
        url.path_segments_mut().expect("an https address has a path").pop_if_empty().extend(&self.path);
        url.query_pairs_mut().append_pair("api-version", version).extend_pairs(&self.query);
        url
    }
}
