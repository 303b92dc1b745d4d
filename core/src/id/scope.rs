//! Where a remediation task is opened: a subscription, or a resource group when the assignment is a group's.

use serde::{Deserialize, Serialize};

use crate::id::path;

use super::path::{IdError, text_form};
use super::subscription::SubscriptionId;

/// The scope of a target and of its remediation tasks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    text: String,
    subscription: SubscriptionId,
}

impl Scope {
    /// The whole subscription.
    #[must_use]
    pub fn subscription_wide(subscription: SubscriptionId) -> Self {
        Self { text: format!("/subscriptions/{subscription}"), subscription }
    }

    /// The group of this name, which is folded.
    pub(crate) fn resource_group(subscription: SubscriptionId, name: &str) -> Self {
        Self { text: format!("/subscriptions/{subscription}/resourcegroups/{name}"), subscription }
    }

    /// The canonical ARM id of the scope.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The subscription that the scope is or lies in.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// Whether it is the subscription as a whole.
    #[must_use]
    pub fn is_whole_subscription(&self) -> bool {
        self.text.len() == "/subscriptions/".len() + self.subscription.as_str().len()
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        let segments = path::segments(text)?;
        match segments.as_slice() {
            [s, id] if s == "subscriptions" => Ok(Self::subscription_wide(SubscriptionId::parse(id)?)),
            [s, id, g, name] if s == "subscriptions" && g == "resourcegroups" => {
                Ok(Self::resource_group(SubscriptionId::parse(id)?, name))
            }
            _ => Err(IdError::shape("a subscription or a resource group", text)),
        }
    }
}

text_form!(Scope);
