//! What is below a management group: its subscriptions, at any depth.
//! Source: the service's OpenAPI description, Microsoft.Management 2020-05-01.

use azure_core::http::Method;

use remediation::fact::CallKind;
use remediation::id::{ManagementGroup, SubscriptionId};

use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members};
use super::page::Page;
use super::run_queries::Row;

const API_VERSION: &str = "2020-05-01";
/// A descendant that is a subscription; all others are groups.
const SUBSCRIPTION: &str = "/subscriptions/";

/// Lists all that is below the group, groups in groups too.
#[must_use]
pub fn descendants(group: &ManagementGroup) -> Call<Page<Row<Descendant>>> {
    Call::new(CallKind::ListDescendants, QuotaScope::Groups, Method::Get, group.as_str(), &["descendants"], API_VERSION)
}

/// Something below a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Descendant {
    /// A subscription.
    Subscription(SubscriptionId),
    /// Another group; what is below it is listed, too.
    Group,
}

impl Item for Row<Descendant> {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id").unwrap_or_default();
        if id.is_empty() {
            members.miss("id");
            return Some(Self(None));
        }
        let Some((_, subscription)) = id.rsplit_once(SUBSCRIPTION) else { return Some(Self(Some(Descendant::Group))) };
        Some(Self(subscription.parse().ok().map(Descendant::Subscription)))
    }
}
