//! What is wrong with a whole subscription, by the code or the words of a refusal or a failure.

use crate::document::ParkReason;

/// What is wrong with the subscription, so that nothing of the kind works in it until a person has seen to it. Code and words in any case.
///
/// ```
/// # use remediation::{document::ParkReason, fact::subscription_cause};
/// let words = "The subscription is not registered to use namespace 'Microsoft.Insights'.";
/// assert_eq!(subscription_cause("Conflict", words), Some(ParkReason::ProviderNotRegistered));
/// ```
#[must_use]
pub fn subscription_cause(code: &str, words: &str) -> Option<ParkReason> {
    let (code, words) = (code.to_ascii_lowercase(), words.to_ascii_lowercase());
    let is_of = |parts: &[&str]| code.contains("subscription") && parts.iter().any(|part| code.contains(part));
    let says = |parts: &[&str]| parts.iter().all(|part| words.contains(part));
    if is_of(&["disabled", "readonly", "suspended", "notactive"]) || says(&["subscription", "marked as read only"]) {
        return Some(ParkReason::SubscriptionDisabled);
    }
    // A feature of a provider is another matter: the provider is there.
    let is_feature = code.ends_with("forfeature");
    let is_unregistered =
        !is_feature && (is_of(&["notregistered", "registration"]) || code.ends_with("providernotregistered"));
    (is_unregistered || says(&["not registered to use namespace"])).then_some(ParkReason::ProviderNotRegistered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_of_the_subscription_is_known_by_code_or_by_words() {
        let (disabled, unregistered) =
            (Some(ParkReason::SubscriptionDisabled), Some(ParkReason::ProviderNotRegistered));
        for (code, words, expected) in [
            ("ReadOnlyDisabledSubscription", "", disabled),
            ("SubscriptionDisabled", "", disabled),
            ("DisabledSubscription", "", disabled),
            ("SubscriptionSuspended", "", disabled),
            ("Conflict", "The subscription 's' is disabled and therefore marked as read only.", disabled),
            ("MissingSubscriptionRegistration", "", unregistered),
            ("SubscriptionNotRegistered", "", unregistered),
            ("ResourceProviderNotRegistered", "", unregistered),
            ("Conflict", "The subscription is not registered to use namespace 'Microsoft.Insights'.", unregistered),
            ("SubscriptionNotRegisteredForFeature", "", None),
            ("SubscriptionNotFound", "The subscription 's' could not be found.", None),
            ("SubscriptionRequestsThrottled", "Too many.", None),
            ("Conflict", "The disk is marked as read only.", None),
            ("Conflict", "The domain is not registered.", None),
        ] {
            assert_eq!(subscription_cause(code, words), expected, "{code} {words}");
        }
    }
}
