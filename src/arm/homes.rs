//! Whose a subscription is: of the worker's own tenant, or delegated to it through Azure Lighthouse by another. Asked only where it
//! makes a difference, and once a subscription.

use std::time::Duration;

use azure_core::http::Method;
use uuid::Uuid;

use remediation::fact::CallKind;
use remediation::id::SubscriptionId;

use crate::azure::Deadline;
use crate::kept::Kept;

use super::answer::{Answer, Oddity, one};
use super::call::{Call, QuotaScope};
use super::client::ArmClient;
use super::error::ArmError;
use super::lenient::{Item, Members};

const API_VERSION: &str = "2022-12-01";
const OLDEST: &str = "2020-01-01";
/// Most bytes of what is kept.
const MOST: usize = 1 << 20;
const OF_ONE: usize = 200;
/// A subscription may be transferred.
const KEPT_FOR: Duration = Duration::from_secs(86_400);

/// The tenant that owns a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    tenant: Option<String>,
}

impl Item for Owner {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        Some(Self { tenant: members.word("tenantId") })
    }
}

impl Answer for Owner {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

/// Reads a subscription. Source: the service's OpenAPI description, Microsoft.Resources 2022-12-01, "Subscriptions - Get".
fn subscription(id: &SubscriptionId) -> Call<Owner> {
    let quota = QuotaScope::Subscription(id.clone());
    let path = format!("/subscriptions/{id}");
    Call::new(CallKind::ReadSubscription, quota, Method::Get, &path, &[], API_VERSION).down_to(OLDEST)
}

/// Whose a subscription is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnedBy {
    /// The worker's own tenant.
    Us,
    /// This tenant.
    Tenant(String),
    /// One of the two tenants is not told.
    Nobody,
}

/// Whose the subscriptions are, as far as it was asked.
#[derive(Debug)]
pub struct Homes {
    own: Option<String>,
    owners: Kept<SubscriptionId, OwnedBy>,
}

impl Homes {
    /// With our own tenant, where its id is given. A domain's name cannot be compared; then that of the token counts.
    #[must_use]
    pub fn new(own: Option<String>) -> Self {
        Self { own: own.filter(|own| Uuid::parse_str(own).is_ok()), owners: Kept::at_most(MOST) }
    }

    /// Whether the subscription is another tenant's. Where one of the two is not told, it counts as our own.
    ///
    /// # Errors
    /// As for [`ArmClient::send`].
    pub async fn is_delegated(
        &self,
        arm: &ArmClient,
        id: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<bool, ArmError> {
        Ok(match self.owner(arm, id, deadline).await? {
            OwnedBy::Tenant(_) => true,
            OwnedBy::Us | OwnedBy::Nobody => false,
        })
    }

    /// Whose the subscription is.
    ///
    /// # Errors
    /// As for [`ArmClient::send`].
    pub(super) async fn owner(
        &self,
        arm: &ArmClient,
        id: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<OwnedBy, ArmError> {
        if let Some(known) = self.owners.get(id, KEPT_FOR) {
            return Ok(known);
        }
        let own = match &self.own {
            Some(own) => Some(own.clone()),
            None => arm.tenant().await,
        };
        let owner = arm.send(&subscription(id), deadline).await?.tenant;
        let Some((own, owner)) = own.zip(owner) else { return Ok(OwnedBy::Nobody) };
        let owner = if own.eq_ignore_ascii_case(&owner) { OwnedBy::Us } else { OwnedBy::Tenant(owner) };
        Ok(self.owners.keep(id, owner, OF_ONE))
    }
}
